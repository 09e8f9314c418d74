/// The IDX format of MNIST, big-endian: a magic number (two zero bytes, the element type, the number of
/// dimensions), the dimensions as 32-bit integers, then the elements, last dimension fastest. Only unsigned
/// bytes with three dimensions (pictures) or one (labels) are read.
public enum IDX {
  /// Grey pictures: `count` × `height` × `width` bytes.
  public struct Pictures: Equatable, Sendable {
    public let count: Int
    public let height: Int
    public let width: Int
    public let pixels: [UInt8]
  }

  static let pictureMagic: UInt32 = 0x0803
  static let labelMagic: UInt32 = 0x0801

  /// Reads a file of pictures. The sizes in its header are compared with its length first.
  ///
  /// - Throws: `DatasetError.file`.
  public static func pictures(_ bytes: [UInt8], file: String) throws(DatasetError) -> Pictures {
    let dimensions = try header(
      bytes, magic: pictureMagic, names: ["pictures", "rows", "columns"], file: file)
    return Pictures(
      count: dimensions[0], height: dimensions[1], width: dimensions[2], pixels: Array(bytes[16...]))
  }

  /// Reads a file of labels, one byte each.
  ///
  /// - Throws: `DatasetError.file`.
  public static func labels(_ bytes: [UInt8], file: String) throws(DatasetError) -> [Int32] {
    _ = try header(bytes, magic: labelMagic, names: ["labels"], file: file)
    return bytes[8...].map { Int32($0) }
  }

  private static func header(
    _ bytes: [UInt8], magic: UInt32, names: [String], file: String
  ) throws(DatasetError) -> [Int] {
    if let how = compression(of: bytes) { throw .file(file, .compressed(how)) }
    let length = 4 + 4 * names.count
    guard bytes.count >= length else {
      throw .file(file, .truncatedHeader(bytes: bytes.count, needs: length))
    }
    let found = bigEndian(bytes, at: 0)
    guard found == magic else { throw .file(file, .magic(found: found, expected: magic)) }
    let dimensions = (1...names.count).map { Int(bigEndian(bytes, at: 4 * $0)) }
    for (name, dimension) in zip(names, dimensions) where dimension == 0 {
      throw .file(file, .emptyDimension(name: name))
    }
    var expected = length
    var elements = 1
    for dimension in dimensions {
      let (product, overflow) = elements.multipliedReportingOverflow(by: dimension)
      guard !overflow, product <= Int.max - length else {
        throw .file(file, .sizeOverflow(dimensions: dimensions))
      }
      elements = product
    }
    expected += elements
    guard bytes.count == expected else {
      let said = zip(dimensions, names).map { "\($0) \($1)" }.joined(separator: ", ")
      throw .file(file, .size(bytes: bytes.count, expected: expected, because: "its header says \(said)"))
    }
    return dimensions
  }

  private static func bigEndian(_ bytes: [UInt8], at offset: Int) -> UInt32 {
    bytes[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
  }
}
