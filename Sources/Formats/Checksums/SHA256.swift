/// SHA-256, fed in pieces (FIPS 180-4, sections 5.1.1, 5.3.3 and 6.2).
public struct SHA256: Sendable {
  /// Bytes of a digest.
  public static let digestByteCount = 32

  private var state = State()
  private var block = SIMD64<UInt8>()
  private var blockFill = 0
  private var byteCount: UInt64 = 0

  public init() {}

  /// The digest of `bytes`.
  public static func digest(of bytes: [UInt8]) -> Digest {
    bytes.withUnsafeBytes { digest(of: $0) }
  }

  /// The digest of `bytes`.
  public static func digest(of bytes: UnsafeRawBufferPointer) -> Digest {
    var hash = SHA256()
    hash.update(bytes)
    return hash.digest()
  }

  public mutating func update(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { update($0) }
  }

  public mutating func update(_ bytes: ArraySlice<UInt8>) {
    bytes.withUnsafeBytes { update($0) }
  }

  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    guard var source = bytes.baseAddress, bytes.count > 0 else { return }
    var remaining = bytes.count
    byteCount &+= UInt64(remaining)
    if blockFill > 0 {
      let taken = min(64 - blockFill, remaining)
      let offset = blockFill
      withUnsafeMutableBytes(of: &block) { block in
        block.baseAddress!.advanced(by: offset).copyMemory(from: source, byteCount: taken)
      }
      blockFill += taken
      source += taken
      remaining -= taken
      guard blockFill == 64 else { return }
      compressPendingBlock()
    }
    let blocks = remaining / 64
    if blocks > 0 {
      state.compress(source, blocks: blocks)
      source += blocks * 64
      remaining -= blocks * 64
    }
    if remaining > 0 {
      withUnsafeMutableBytes(of: &block) { $0.baseAddress!.copyMemory(from: source, byteCount: remaining) }
      blockFill = remaining
    }
  }

  /// The digest of all bytes fed so far. More may be fed afterwards.
  public func digest() -> Digest {
    var padded = self
    return padded.finish()
  }

  private mutating func compressPendingBlock() {
    var pending = block
    withUnsafeBytes(of: &pending) { state.compress($0.baseAddress!, blocks: 1) }
    blockFill = 0
  }

  /// Section 5.1.1: a one bit, zeros, and the length in bits as a big-endian 64-bit number.
  private mutating func finish() -> Digest {
    block[blockFill] = 0x80
    blockFill += 1
    if blockFill > 56 {
      while blockFill < 64 {
        block[blockFill] = 0
        blockFill += 1
      }
      compressPendingBlock()
    }
    while blockFill < 56 {
      block[blockFill] = 0
      blockFill += 1
    }
    let bitCount = byteCount &<< 3
    for index in 0..<8 { block[56 + index] = UInt8(truncatingIfNeeded: bitCount &>> UInt64(56 - 8 * index)) }
    compressPendingBlock()
    return Digest(words: state.words)
  }
}
