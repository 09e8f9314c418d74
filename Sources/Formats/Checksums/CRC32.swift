/// The cyclic redundancy check of PNG, gzip and zip (ISO 3309; PNG specification, annex D).
public struct CRC32: Sendable {
  private var register: UInt32 = 0xffff_ffff

  public init() {}

  public mutating func update(_ bytes: [UInt8]) {
    for byte in bytes {
      register = Self.table[Int(UInt8(truncatingIfNeeded: register) ^ byte)] ^ (register >> 8)
    }
  }

  /// The check value of all bytes fed so far.
  public var value: UInt32 { ~register }

  /// Remainders of the 256 byte values by the reflected polynomial.
  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { remainder, _ in
      remainder & 1 == 1 ? 0xedb8_8320 ^ (remainder >> 1) : remainder >> 1
    }
  }
}
