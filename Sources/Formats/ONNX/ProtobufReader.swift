/// Reads the fields of one protobuf message, one after the other.
///
/// Source: "Encoding" of the Protocol Buffers documentation. A field is a key (number and wire type) and a value.
/// A message inside of another is a field of bytes, which a reader of its own reads. The caller decides which
/// messages it enters, so the depth is that of the caller's schema, whatever the bytes say.
struct ProtobufReader {
  /// A value as the wire has it.
  enum Value {
    case varint(UInt64)
    /// The places of 8 or 4 bytes.
    case fixed64(Range<Int>)
    case fixed32(Range<Int>)
    /// The bytes of a text, a message or a packed list.
    case bytes(Range<Int>)

    var words: String {
      switch self {
      case .varint: "a varint"
      case .fixed64: "8 bytes"
      case .fixed32: "4 bytes"
      case .bytes: "bytes with a length"
      }
    }
  }

  struct Field {
    let number: Int
    let value: Value
    /// The place of the key.
    let offset: Int
    /// The place of the length of `bytes`, else of the value.
    let valueOffset: Int
  }

  let bytes: [UInt8]
  /// The place of the next key.
  private(set) var position: Int
  let end: Int

  init(_ bytes: [UInt8], _ range: Range<Int>) {
    self.bytes = bytes
    position = range.lowerBound
    end = range.upperBound
  }

  /// The next field; nil at the end of the message.
  mutating func next() throws(ONNXError) -> Field? {
    guard position < end else { return nil }
    let offset = position
    let key = try varint()
    guard key >> 3 > 0, key >> 3 < 1 << 29 else { throw .fieldNumber(offset: offset, found: key >> 3) }
    let number = Int(key >> 3)
    let valueOffset = position
    let value: Value
    switch key & 7 {
    case 0: value = .varint(try varint())
    case 1: value = .fixed64(try take(8, offset))
    case 2:
      let length = try varint()
      guard length <= UInt64(end - position) else {
        throw .truncated(offset: valueOffset, needed: length, found: end - position)
      }
      value = .bytes(try take(Int(length), offset))
    case 5: value = .fixed32(try take(4, offset))
    default: throw .wireType(offset: offset, found: Int(key & 7))
    }
    return Field(number: number, value: value, offset: offset, valueOffset: valueOffset)
  }

  private mutating func take(_ count: Int, _ offset: Int) throws(ONNXError) -> Range<Int> {
    guard count <= end - position else {
      throw .truncated(offset: offset, needed: UInt64(count), found: end - position)
    }
    defer { position += count }
    return position..<position + count
  }

  /// A number in groups of seven bits, the lowest first: at most ten bytes.
  mutating func varint() throws(ONNXError) -> UInt64 {
    let start = position
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while position < end {
      let byte = bytes[position]
      position += 1
      // The tenth byte has room for one bit.
      guard shift < 63 || byte <= 1 else { throw .varint(offset: start) }
      value |= UInt64(byte & 0x7f) << shift
      if byte & 0x80 == 0 { return value }
      shift += 7
    }
    throw .truncated(offset: start, needed: UInt64(position - start + 1), found: end - start)
  }
}

extension ProtobufReader.Field {
  private func wrong(_ what: String, _ expected: String) -> ONNXError {
    .wrongValue(offset: offset, what: what, expected: expected, found: value.words)
  }

  /// The bytes of a message, text or packed list.
  func range(_ what: String) throws(ONNXError) -> Range<Int> {
    guard case .bytes(let range) = value else { throw wrong(what, "bytes with a length") }
    return range
  }

  /// A number of 64 bits with a sign, in two's complement.
  func integer(_ what: String) throws(ONNXError) -> Int64 {
    guard case .varint(let number) = value else { throw wrong(what, "a varint") }
    return Int64(bitPattern: number)
  }

  func text(_ what: String, _ bytes: [UInt8]) throws(ONNXError) -> String {
    let range = try range(what)
    guard range.count <= ONNXLimits.textByteCount else {
      throw .tooMany(offset: offset, what: "bytes of \(what)", limit: ONNXLimits.textByteCount)
    }
    guard let text = String(validating: bytes[range], as: UTF8.self) else {
      throw .wrongValue(offset: offset, what: what, expected: "text in UTF-8", found: "other bytes")
    }
    return text
  }

  /// The places of numbers of some bytes each: one, or a packed list of them.
  func numbers(_ size: Int, _ what: String) throws(ONNXError) -> Range<Int> {
    switch value {
    case .fixed32(let range) where size == 4: return range
    case .fixed64(let range) where size == 8: return range
    case .bytes(let range):
      guard range.count % size == 0 else {
        throw .wrongValue(
          offset: offset, what: what, expected: "a multiple of \(size) bytes", found: "\(range.count)")
      }
      return range
    default: throw wrong(what, "numbers of \(size) bytes")
    }
  }

  /// The place of varints: one, or a packed list of them, which must end with its last number.
  func varints(_ what: String, _ bytes: [UInt8]) throws(ONNXError) -> Range<Int> {
    switch value {
    case .varint:
      var reader = ProtobufReader(bytes, valueOffset..<bytes.count)
      _ = try reader.varint()
      return valueOffset..<reader.position
    case .bytes(let range):
      var reader = ProtobufReader(bytes, range)
      while reader.position < range.upperBound { _ = try reader.varint() }
      return range
    default: throw wrong(what, "varints")
    }
  }
}
