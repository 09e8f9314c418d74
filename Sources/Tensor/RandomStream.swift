#if canImport(Glibc)
  import Glibc
#endif

/// A reproducible stream of random numbers: xoshiro256** (Blackman and Vigna 2018). SplitMix64 fills its
/// state from a seed and a purpose. Every choice has a stream of its own, so a new choice does not shift the
/// numbers of another.
public struct RandomStream: RandomNumberGenerator, Sendable {
  private var s0, s1, s2, s3: UInt64
  private var spare: Double?

  /// - Parameter purpose: the purpose of the numbers, such as "shuffle epoch 3".
  public init(seed: UInt64, purpose: String) {
    // FNV-1a over the purpose.
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in purpose.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    var mix = SplitMix64(state: seed ^ hash.rotated(left: 32))
    _ = mix.next()
    mix.state ^= hash
    s0 = mix.next()
    s1 = mix.next()
    s2 = mix.next()
    s3 = mix.next()
  }

  public mutating func next() -> UInt64 {
    let result = (s1 &* 5).rotated(left: 7) &* 9
    let t = s1 << 17
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= t
    s3 = s3.rotated(left: 45)
    return result
  }

  /// A number in [0, 1), a multiple of 2⁻⁵³.
  public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A number in [low, high).
  public mutating func uniform(in range: Range<Double>) -> Double {
    range.lowerBound + (range.upperBound - range.lowerBound) * uniform()
  }

  /// A standard normal number (Box and Muller 1958).
  public mutating func normal() -> Double {
    if let value = spare {
      spare = nil
      return value
    }
    let radius = (-2 * log(1 - uniform())).squareRoot()
    let angle = 2 * Double.pi * uniform()
    spare = radius * sin(angle)
    return radius * cos(angle)
  }

  /// An index in 0 ..< bound, every one equally likely (Lemire 2019).
  public mutating func index(below bound: Int) -> Int {
    precondition(bound > 0, "A random index needs at least one value to choose from.")
    let bound = UInt64(bound)
    var product = next().multipliedFullWidth(by: bound)
    if product.low < bound {
      let threshold = (0 &- bound) % bound
      while product.low < threshold { product = next().multipliedFullWidth(by: bound) }
    }
    return Int(product.high)
  }

  /// 0 ..< n in random order (Fisher and Yates).
  public mutating func permutation(_ n: Int) -> [Int] {
    var order = Array(0..<n)
    for last in stride(from: n - 1, to: 0, by: -1) { order.swapAt(last, index(below: last + 1)) }
    return order
  }

  /// `count` distinct indices of 0 ..< n, ascending.
  public mutating func sample(_ count: Int, of n: Int) -> [Int] {
    precondition(count <= n, "Cannot draw \(count) distinct indices out of \(n).")
    return permutation(n).prefix(count).sorted()
  }
}

/// The generator of Steele, Lea and Flood (2014). Its first number is also a good hash of a 64-bit seed.
public struct SplitMix64: Sendable {
  public var state: UInt64

  public init(state: UInt64) { self.state = state }

  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

extension UInt64 {
  fileprivate func rotated(left count: UInt64) -> UInt64 { (self << count) | (self >> (64 - count)) }
}
