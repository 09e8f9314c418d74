/// Writes JSON text. The same value always gives the same bytes, and a double gives its shortest decimal that
/// reads back equal. A number that JSON lacks (NaN, an infinity) becomes `null`.
public struct JSONWriter {
  private var output: [UInt8] = []
  private let indented: Bool

  /// - Parameter indented: two spaces a level, one member a line; otherwise no white space at all.
  public static func bytes(_ value: JSONValue, indented: Bool = false) -> [UInt8] {
    var writer = JSONWriter(indented: indented)
    writer.write(value, level: 0)
    if indented { writer.output.append(UInt8(ascii: "\n")) }
    return writer.output
  }

  public static func text(_ value: JSONValue, indented: Bool = false) -> String {
    String(decoding: bytes(value, indented: indented), as: UTF8.self)
  }

  private init(indented: Bool) { self.indented = indented }

  private mutating func write(_ value: JSONValue, level: Int) {
    switch value {
    case .null: append("null")
    case .bool(let flag): append(flag ? "true" : "false")
    case .integer(let number): append(String(number))
    case .number(let number): append(number.isFinite ? number.description : "null")
    case .string(let text): write(text)
    case .array(let elements):
      // Lists of plain values stay on one line, even if objects are spread over several lines.
      let spread = indented && elements.contains { $0.arrayValue != nil || $0.objectValue != nil }
      output.append(UInt8(ascii: "["))
      for (place, element) in elements.enumerated() {
        if place > 0 { append(indented && !spread ? ", " : ",") }
        if spread { startLine(level + 1) }
        write(element, level: level + 1)
      }
      if spread { startLine(level) }
      output.append(UInt8(ascii: "]"))
    case .object(let object):
      output.append(UInt8(ascii: "{"))
      for (place, member) in object.members.enumerated() {
        if place > 0 { output.append(UInt8(ascii: ",")) }
        if indented { startLine(level + 1) }
        write(member.name)
        append(indented ? ": " : ":")
        write(member.value, level: level + 1)
      }
      if indented && !object.isEmpty { startLine(level) }
      output.append(UInt8(ascii: "}"))
    }
  }

  private mutating func write(_ text: String) {
    output.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): append("\\\"")
      case UInt8(ascii: "\\"): append("\\\\")
      case 0x0A: append("\\n")
      case 0x0D: append("\\r")
      case 0x09: append("\\t")
      case 0..<0x20, 0x7F:
        let digits = Array("0123456789abcdef".utf8)
        append("\\u00")
        output.append(digits[Int(byte >> 4)])
        output.append(digits[Int(byte & 15)])
      default: output.append(byte)
      }
    }
    output.append(UInt8(ascii: "\""))
  }

  private mutating func startLine(_ level: Int) {
    output.append(0x0A)
    output.append(contentsOf: repeatElement(0x20, count: 2 * level))
  }

  private mutating func append(_ text: String) { output.append(contentsOf: text.utf8) }
}
