/// The part of JSON (RFC 8259) that a safetensors header is made of: objects, strings, lists of whole
/// numbers.
struct JSONScanner {
  private let text: [UInt8]
  private(set) var offset = 0

  init(_ text: [UInt8]) {
    self.text = text
  }

  func begins(with character: Unicode.Scalar) -> Bool {
    text.first == UInt8(ascii: character)
  }

  /// Reads an object; `member` is called after each key and its colon, and reads the value.
  mutating func object(
    member: (inout JSONScanner, String) throws(SafetensorsError) -> Void
  ) throws(SafetensorsError) {
    try expect("{")
    if accept("}") { return }
    repeat {
      let key = try string()
      try expect(":")
      try member(&self, key)
    } while accept(",")
    try expect("}")
  }

  /// Reads a list of whole numbers, 0 or more; nil where it has more than `limit`.
  mutating func integers(atMost limit: Int) throws(SafetensorsError) -> [Int]? {
    try expect("[")
    if accept("]") { return [] }
    var values: [Int] = []
    repeat {
      guard values.count < limit else { return nil }
      values.append(try integer())
    } while accept(",")
    try expect("]")
    return values
  }

  mutating func integer() throws(SafetensorsError) -> Int {
    skipSpace()
    let start = offset
    var value = 0
    while offset < text.count, case let digit = text[offset], 0x30...0x39 ~= digit {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflowed) = product.addingReportingOverflow(Int(digit - 0x30))
      guard !overflow, !overflowed else { throw fault("a whole number up to \(Int.max)", at: start) }
      value = sum
      offset += 1
    }
    let digits = offset - start
    guard digits > 0, digits == 1 || text[start] != UInt8(ascii: "0") else {
      throw fault("a whole number, 0 or more", at: start)
    }
    if offset < text.count, [UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E")].contains(text[offset]) {
      throw fault("a whole number, 0 or more", at: start)
    }
    return value
  }

  mutating func string() throws(SafetensorsError) -> String {
    try expect("\"")
    let start = offset
    var bytes: [UInt8] = []
    while offset < text.count {
      let byte = text[offset]
      offset += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: bytes, as: UTF8.self) else {
          throw fault("valid UTF-8", at: start)
        }
        return string
      case UInt8(ascii: "\\"): bytes += try escaped()
      case 0..<0x20: throw fault("an escape in place of a control character", at: offset - 1)
      default: bytes.append(byte)
      }
    }
    throw fault("a closing quote", at: offset)
  }

  /// Nothing but white space may be left.
  mutating func end() throws(SafetensorsError) {
    skipSpace()
    guard offset == text.count else { throw fault("the end of the header", at: offset) }
  }

  private mutating func escaped() throws(SafetensorsError) -> [UInt8] {
    guard offset < text.count else { throw fault("an escaped character", at: offset) }
    let kind = text[offset]
    offset += 1
    switch kind {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [kind]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0c]
    case UInt8(ascii: "n"): return [0x0a]
    case UInt8(ascii: "r"): return [0x0d]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"):
      let start = offset
      var scalar = try hexadecimal()
      if 0xd800..<0xdc00 ~= scalar {
        // A high surrogate is one half of a character; the other must follow.
        guard text[offset...].starts(with: "\\u".utf8) else { throw fault("a low surrogate", at: offset) }
        offset += 2
        let low = try hexadecimal()
        guard 0xdc00..<0xe000 ~= low else { throw fault("a low surrogate", at: offset - 4) }
        scalar = 0x10000 + (scalar - 0xd800) << 10 + (low - 0xdc00)
      }
      guard let scalar = Unicode.Scalar(scalar) else { throw fault("a high surrogate first", at: start) }
      return Array(UTF8.encode(scalar).map(Array.init) ?? [])
    default: throw fault("one of the escapes of JSON", at: offset - 1)
    }
  }

  private mutating func hexadecimal() throws(SafetensorsError) -> UInt32 {
    guard text.count - offset >= 4 else { throw fault("four hexadecimal digits", at: offset) }
    var value: UInt32 = 0
    for digit in text[offset..<offset + 4] {
      switch digit {
      case 0x30...0x39: value = value << 4 | UInt32(digit - 0x30)
      case 0x41...0x46: value = value << 4 | UInt32(digit - 0x37)
      case 0x61...0x66: value = value << 4 | UInt32(digit - 0x57)
      default: throw fault("four hexadecimal digits", at: offset)
      }
    }
    offset += 4
    return value
  }

  private mutating func accept(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard offset < text.count, text[offset] == UInt8(ascii: character) else { return false }
    offset += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(SafetensorsError) {
    guard accept(character) else { throw fault("'\(character)'", at: offset) }
  }

  private mutating func skipSpace() {
    while offset < text.count, [0x20, 0x09, 0x0a, 0x0d].contains(text[offset]) { offset += 1 }
  }

  private func fault(_ expected: String, at offset: Int) -> SafetensorsError {
    .malformedHeader(offset: offset, expected: expected)
  }
}
