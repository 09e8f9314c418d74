extension NPYHeader {
  /// Reads the header at the start of `bytes`.
  ///
  /// - Returns: the header and the offset of the data. Nil if `bytes` end before the header does: call again
  ///   with more.
  /// - Throws: `NPYError` as soon as the bytes cannot begin a file that is read.
  public static func parse(prefix bytes: UnsafeRawBufferPointer) throws(NPYError) -> (
    header: NPYHeader, dataOffset: Int
  )? {
    let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
    guard bytes.prefix(6).elementsEqual(magic.prefix(bytes.count)) else {
      guard let kind = FileKind(prefix: bytes) else { throw .notNPY }
      throw .foreign(kind)
    }
    guard let textStart = try textStart(bytes) else { return nil }
    let length = textStart.length
    guard length <= maximumByteCount else { throw .headerTooLong(found: length, limit: maximumByteCount) }
    let end = textStart.offset + length
    guard bytes.count >= end else { return nil }
    let text = UnsafeRawBufferPointer(rebasing: bytes[textStart.offset..<end])
    var scanner = NPYHeaderScanner(Array(text))
    return (try scanner.header(), end)
  }

  /// The same for an array of bytes.
  public static func parse(prefix bytes: [UInt8]) throws(NPYError) -> (header: NPYHeader, dataOffset: Int)? {
    do {
      return try bytes.withUnsafeBytes { try parse(prefix: $0) }
    } catch let error as NPYError {
      throw error
    } catch {
      throw .malformedHeader("\(error)")
    }
  }

  /// Reads the header of a complete file.
  ///
  /// - Throws: `NPYError`; also if the header is cut off, or the data have not the announced length.
  public static func parse(file bytes: UnsafeRawBufferPointer) throws(NPYError) -> (
    header: NPYHeader, dataOffset: Int
  ) {
    guard let (header, offset) = try parse(prefix: bytes) else {
      let expected = try textStart(bytes).map { $0.offset + $0.length } ?? 12
      throw .truncatedHeader(found: bytes.count, expected: expected)
    }
    try header.checkData(byteCount: bytes.count - offset)
    return (header, offset)
  }

  /// The offset and length of the text of the header; nil if these bytes are not there yet.
  private static func textStart(_ bytes: UnsafeRawBufferPointer) throws(NPYError) -> (
    offset: Int, length: Int
  )? {
    guard bytes.count >= 8 else { return nil }
    switch (bytes[6], bytes[7]) {
    case (1, 0):
      guard bytes.count >= 10 else { return nil }
      return (10, Int(bytes[8]) | Int(bytes[9]) << 8)
    case (2, 0), (3, 0):
      guard bytes.count >= 12 else { return nil }
      return (12, (0..<4).reduce(0) { $0 | Int(bytes[8 + $1]) << (8 * $1) })
    case (let major, let minor):
      throw .unsupportedVersion(major: major, minor: minor)
    }
  }
}
