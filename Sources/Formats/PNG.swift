/// Writes 8-bit pictures as PNG (W3C Portable Network Graphics, third edition).
public enum PNG {
  public enum ColorType: UInt8, Sendable {
    case grayscale = 0
    case rgb = 2

    public var channels: Int { self == .grayscale ? 1 : 3 }
  }

  /// The reason why a picture cannot be written.
  public enum Failure: Error, Equatable, CustomStringConvertible {
    /// The format holds 1 to 2³¹ − 1 columns and rows.
    case size(width: Int, height: Int)
    case pixelCount(found: Int, expected: Int)

    public var description: String {
      switch self {
      case .size(let width, let height):
        "a PNG must have 1 to 2147483647 columns and rows, and fit in memory, got \(width)×\(height)"
      case .pixelCount(let found, let expected):
        "a picture of this size and colour needs \(expected) bytes, got \(found)"
      }
    }
  }

  /// A complete PNG file.
  ///
  /// - Parameter pixels: rows from the top, channels last, height × width × channels bytes.
  /// - Throws: `Failure` if the sizes do not agree.
  public static func encode(_ pixels: [UInt8], width: Int, height: Int, color: ColorType) throws(Failure)
    -> [UInt8]
  {
    let largest = Int(Int32.max)
    let (rowBytes, rowOverflow) = width.multipliedReportingOverflow(by: color.channels)
    let (total, overflow) = rowBytes.multipliedReportingOverflow(by: height)
    guard 1...largest ~= width, 1...largest ~= height, !rowOverflow, !overflow else {
      throw .size(width: width, height: height)
    }
    guard pixels.count == total else { throw .pixelCount(found: pixels.count, expected: total) }

    // Every row starts with its filter type. 0 leaves the samples as they are.
    var rows: [UInt8] = []
    rows.reserveCapacity(total + height)
    for row in 0..<height {
      rows.append(0)
      rows.append(contentsOf: pixels[row * rowBytes..<(row + 1) * rowBytes])
    }

    var file: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
    let header = bigEndian(UInt32(width)) + bigEndian(UInt32(height)) + [8, color.rawValue, 0, 0, 0]
    appendChunk("IHDR", header, to: &file)
    appendChunk("IDAT", zlibStored(rows), to: &file)
    appendChunk("IEND", [], to: &file)
    return file
  }

  private static func appendChunk(_ type: StaticString, _ data: [UInt8], to file: inout [UInt8]) {
    let typed = Array("\(type)".utf8) + data
    var check = CRC32()
    check.update(typed)
    file += bigEndian(UInt32(truncatingIfNeeded: data.count))
    file += typed
    file += bigEndian(check.value)
  }

  /// A zlib stream (RFC 1950) of stored blocks (RFC 1951, section 3.2.4). Samples are small; a client that
  /// wants fewer bytes asks for a compressed transfer.
  private static func zlibStored(_ bytes: [UInt8]) -> [UInt8] {
    var stream: [UInt8] = [0x78, 0x01]
    var start = 0
    repeat {
      let end = min(start + 65535, bytes.count)
      let length = UInt16(end - start)
      stream.append(end == bytes.count ? 1 : 0)
      for word in [length, ~length] {
        stream.append(UInt8(truncatingIfNeeded: word))
        stream.append(UInt8(word >> 8))
      }
      stream += bytes[start..<end]
      start = end
    } while start < bytes.count
    var check = Adler32()
    check.update(bytes)
    return stream + bigEndian(check.value)
  }

  private static func bigEndian(_ value: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> UInt32($0)) }
  }
}
