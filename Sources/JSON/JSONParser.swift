/// Why bytes are not acceptable JSON, and the place of the fault.
public struct JSONSyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Bytes before the fault.
  public var offset: Int
  /// From 1; columns count bytes.
  public var line: Int
  public var column: Int
  public var message: String

  public var description: String { "\(message) at line \(line), column \(column)" }
}

/// A strict reader of JSON text (RFC 8259).
///
/// It never allocates more than a small multiple of the text. Beyond the grammar it refuses text that it
/// cannot keep exactly, and deep nesting:
///
/// - a repeated name in an object,
/// - a lone surrogate, or text that is not UTF-8,
/// - a number beyond the range of `Double`,
/// - nesting deeper than `maximumDepth`.
public struct JSONParser {
  public static let maximumDepth = 64

  private let bytes: UnsafeBufferPointer<UInt8>
  private var place = 0

  /// Throws `JSONSyntaxError`.
  public static func parse(_ bytes: [UInt8]) throws(JSONSyntaxError) -> JSONValue {
    let outcome: Result<JSONValue, JSONSyntaxError> = bytes.withUnsafeBufferPointer { buffer in
      var parser = JSONParser(bytes: buffer)
      do throws(JSONSyntaxError) {
        return .success(try parser.document())
      } catch {
        guard case .otherEncoding(let name)? = TextFault(of: bytes) else { return .failure(error) }
        return .failure(
          JSONSyntaxError(
            offset: 0, line: 1, column: 1, message: "the text is in \(name), and JSON is UTF-8;"))
      }
    }
    return try outcome.get()
  }

  /// Throws `JSONSyntaxError`.
  public static func parse(_ text: String) throws(JSONSyntaxError) -> JSONValue {
    try parse(Array(text.utf8))
  }

  private init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  private mutating func document() throws(JSONSyntaxError) -> JSONValue {
    skipSpace()
    guard place < bytes.count else { throw fault("expected a JSON value, found nothing") }
    let value = try value(depth: 0)
    skipSpace()
    guard place == bytes.count else { throw fault("expected the end after the JSON value") }
    return value
  }

  private mutating func value(depth: Int) throws(JSONSyntaxError) -> JSONValue {
    guard let byte = peek else { throw fault("expected a value, found the end") }
    switch byte {
    case UInt8(ascii: "{"): return .object(try object(depth: depth + 1))
    case UInt8(ascii: "["): return .array(try array(depth: depth + 1))
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: throw fault("expected a value")
    }
  }

  private mutating func object(depth: Int) throws(JSONSyntaxError) -> JSONObject {
    try enter(depth)
    var object = JSONObject()
    skipSpace()
    if take(UInt8(ascii: "}")) { return object }
    while true {
      skipSpace()
      guard peek == UInt8(ascii: "\"") else { throw fault("expected a name in double quotes") }
      let start = place
      let name = try string()
      guard object[name] == nil else {
        throw fault("the name \(JSONWriter.text(.string(name))) is there twice in one object", at: start)
      }
      skipSpace()
      guard take(UInt8(ascii: ":")) else { throw fault("expected ':' after a name") }
      skipSpace()
      object[name] = try value(depth: depth)
      skipSpace()
      if take(UInt8(ascii: ",")) { continue }
      if take(UInt8(ascii: "}")) { return object }
      throw fault("expected ',' or '}' in an object")
    }
  }

  private mutating func array(depth: Int) throws(JSONSyntaxError) -> [JSONValue] {
    try enter(depth)
    var elements: [JSONValue] = []
    skipSpace()
    if take(UInt8(ascii: "]")) { return elements }
    while true {
      skipSpace()
      elements.append(try value(depth: depth))
      skipSpace()
      if take(UInt8(ascii: ",")) { continue }
      if take(UInt8(ascii: "]")) { return elements }
      throw fault("expected ',' or ']' in a list")
    }
  }

  private mutating func enter(_ depth: Int) throws(JSONSyntaxError) {
    guard depth <= Self.maximumDepth else {
      throw fault("nested deeper than \(Self.maximumDepth) levels")
    }
    place += 1
  }

  private mutating func word(_ word: StaticString, _ value: JSONValue) throws(JSONSyntaxError) -> JSONValue {
    let length = word.utf8CodeUnitCount
    guard place + length <= bytes.count,
      (0..<length).allSatisfy({ bytes[place + $0] == word.utf8Start[$0] })
    else { throw fault("expected \(word)") }
    place += length
    return value
  }
}

// MARK: - Numbers

extension JSONParser {
  private mutating func number() throws(JSONSyntaxError) -> JSONValue {
    let start = place
    _ = take(UInt8(ascii: "-"))
    if take(UInt8(ascii: "0")) {
      if isDigit(peek) { throw fault("a number must not begin with 0", at: start) }
    } else {
      try digits("expected a digit")
    }
    var isWhole = true
    if take(UInt8(ascii: ".")) {
      isWhole = false
      try digits("expected a digit after the decimal point")
    }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      isWhole = false
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      try digits("expected a digit in the exponent")
    }
    let text = String(decoding: bytes[start..<place], as: UTF8.self)
    if isWhole, let exact = Int64(text), !(exact == 0 && bytes[start] == UInt8(ascii: "-")) {
      return .integer(exact)
    }
    guard let value = Double(text), value.isFinite else {
      throw fault("the number is beyond the range of a double", at: start)
    }
    return .number(value)
  }

  private mutating func digits(_ message: String) throws(JSONSyntaxError) {
    guard isDigit(peek) else { throw fault(message) }
    while isDigit(peek) { place += 1 }
  }

  private func isDigit(_ byte: UInt8?) -> Bool {
    guard let byte else { return false }
    return byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }
}

// MARK: - Strings

extension JSONParser {
  private mutating func string() throws(JSONSyntaxError) -> String {
    let start = place
    place += 1
    var pieces: [UInt8] = []
    var plain = place
    while let byte = peek {
      switch byte {
      case UInt8(ascii: "\""):
        pieces.append(contentsOf: bytes[plain..<place])
        place += 1
        guard let text = String(validating: pieces, as: UTF8.self) else {
          throw fault("the string is not UTF-8", at: start)
        }
        return text
      case UInt8(ascii: "\\"):
        pieces.append(contentsOf: bytes[plain..<place])
        place += 1
        pieces.append(contentsOf: String(Character(try escape())).utf8)
        plain = place
      case 0..<0x20:
        throw fault("a control character must be escaped in a string")
      default:
        place += 1
      }
    }
    throw fault("a string without its closing quote", at: start)
  }

  private mutating func escape() throws(JSONSyntaxError) -> Unicode.Scalar {
    guard let byte = peek else { throw fault("expected an escape, found the end") }
    place += 1
    switch byte {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): return try escapedScalar()
    default: throw fault("an unknown escape", at: place - 1)
    }
  }

  /// Four hexadecimal digits, or a surrogate pair of two escapes (RFC 8259, section 7).
  private mutating func escapedScalar() throws(JSONSyntaxError) -> Unicode.Scalar {
    let start = place - 2
    let high = try hexadecimal()
    if let scalar = Unicode.Scalar(high) { return scalar }
    guard high < 0xDC00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
      throw fault("a surrogate without its other half", at: start)
    }
    let low = try hexadecimal()
    guard (0xDC00..<0xE000).contains(low),
      let scalar = Unicode.Scalar(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
    else { throw fault("a surrogate without its other half", at: start) }
    return scalar
  }

  private mutating func hexadecimal() throws(JSONSyntaxError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
        throw fault("expected four hexadecimal digits")
      }
      value = value << 4 | UInt32(digit)
      place += 1
    }
    return value
  }
}

// MARK: - Bytes

extension JSONParser {
  private var peek: UInt8? { place < bytes.count ? bytes[place] : nil }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard peek == byte else { return false }
    place += 1
    return true
  }

  private mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { place += 1 }
  }

  private func fault(_ message: String, at offset: Int? = nil) -> JSONSyntaxError {
    let offset = min(offset ?? place, bytes.count)
    var line = 1
    var lineStart = 0
    for index in 0..<offset where bytes[index] == 0x0A {
      line += 1
      lineStart = index + 1
    }
    return JSONSyntaxError(offset: offset, line: line, column: offset - lineStart + 1, message: message)
  }
}
