import Tensor

/// An approximation P of an operator whose inverse is cheap; symmetric and positive definite.
public protocol Preconditioner<Element>: Sendable {
  associatedtype Element: Scalar
  /// P⁻¹ r.
  func apply(_ r: [Element]) throws -> [Element]
}

/// The diagonal of H + δI.
public struct JacobiPreconditioner<Element: Scalar>: Preconditioner {
  /// 1/(Hᵢᵢ + δ).
  let inverse: [Element]

  /// - Parameter diagonal: the diagonal of H. If an entry + δ is not above a small floor, the floor is used.
  public init(diagonal: [Element], damping: Double = 0) {
    let damped = diagonal.map { Double($0) + damping }
    let mean = damped.reduce(0) { $0 + abs($1) } / Double(max(1, damped.count))
    // An estimate can be near zero or below. A tiny entry would fill the solve with the noise of its
    // estimate.
    let floor = mean > 0 ? mean * 1e-3 : 1
    inverse = damped.map { Element(1 / max($0, floor)) }
  }

  /// Estimates the diagonal as Σ v∘Hv / Σ v∘v over random sign vectors v (Bekas, Kokiopoulou and Saad 2007,
  /// §2). The estimate of a diagonal H is exact; otherwise its error falls as 1/√probes.
  public init<H: SymmetricOperator>(
    estimating h: H, probes: Int, damping: Double = 0, seed: UInt64
  ) throws where H.Element == Element {
    if probes < 1 {
      throw SolveError.option(name: "probes", value: "\(probes)", expected: "at least 1")
    }
    var stream = RandomStream(seed: seed, purpose: "jacobi probes")
    var sum = [Double](repeating: 0, count: h.dimension)
    for _ in 0..<probes {
      let signs = [Element].randomSigns(h.dimension, &stream)
      let product = try h.apply(signs)
      for index in sum.indices { sum[index] += Double(signs[index] * product[index]) }
    }
    self.init(diagonal: sum.map { Element($0 / Double(probes)) }, damping: damping)
  }

  public func apply(_ r: [Element]) throws -> [Element] {
    try requireLength(r.count, inverse.count, "the vector to precondition")
    var z = r
    for index in z.indices { z[index] *= inverse[index] }
    return z
  }
}

extension Array where Element: Scalar {
  /// A vector of independent signs ±1.
  static func randomSigns(_ count: Int, _ stream: inout RandomStream) -> [Element] {
    var signs = [Element].zeros(count)
    var bits: UInt64 = 0
    for index in 0..<count {
      if index & 63 == 0 { bits = stream.next() }
      signs[index] = bits & 1 == 0 ? 1 : -1
      bits >>= 1
    }
    return signs
  }

  /// A vector of independent standard normal numbers.
  static func randomNormal(_ count: Int, _ stream: inout RandomStream) -> [Element] {
    (0..<count).map { _ in Element(stream.normal()) }
  }
}
