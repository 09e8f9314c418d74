/// The checksum of a zlib stream (RFC 1950, section 8.2).
public struct Adler32: Sendable {
  private var sum: UInt32 = 1
  private var sumOfSums: UInt32 = 0

  public init() {}

  public mutating func update(_ bytes: [UInt8]) {
    for byte in bytes {
      sum = (sum + UInt32(byte)) % 65521
      sumOfSums = (sumOfSums + sum) % 65521
    }
  }

  public var value: UInt32 { sumOfSums << 16 | sum }
}
