extension SHA256 {
  /// The 32 bytes of a SHA-256.
  public struct Digest: Hashable, Sendable, CustomStringConvertible {
    private let words: SIMD8<UInt32>

    init(words: SIMD8<UInt32>) {
      self.words = words
    }

    /// Nil unless there are 32 bytes.
    public init?(bytes: [UInt8]) {
      guard bytes.count == SHA256.digestByteCount else { return nil }
      var words = SIMD8<UInt32>()
      for (index, byte) in bytes.enumerated() { words[index / 4] = words[index / 4] &<< 8 | UInt32(byte) }
      self.words = words
    }

    /// Nil unless there are 64 hexadecimal digits.
    public init?(hexadecimal: some StringProtocol) {
      let digits = Array(hexadecimal.utf8)
      guard digits.count == 2 * SHA256.digestByteCount else { return nil }
      var bytes: [UInt8] = []
      bytes.reserveCapacity(SHA256.digestByteCount)
      for index in stride(from: 0, to: digits.count, by: 2) {
        guard let high = Self.value(ofDigit: digits[index]), let low = Self.value(ofDigit: digits[index + 1])
        else { return nil }
        bytes.append(high << 4 | low)
      }
      self.init(bytes: bytes)
    }

    public var bytes: [UInt8] {
      (0..<8).flatMap { index in
        let word = words[index]
        return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word &>> UInt32($0)) }
      }
    }

    /// 64 lower-case hexadecimal digits.
    public var hexadecimal: String {
      let digits = Array("0123456789abcdef".utf8)
      return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    public var description: String { hexadecimal }

    private static func value(ofDigit digit: UInt8) -> UInt8? {
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
      default: nil
      }
    }
  }
}
