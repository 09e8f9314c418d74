/// The rows of a CSV text (RFC 4180). The delimiter may differ, a line may end in LF, CRLF or CR, and a byte
/// order mark and blank lines are skipped.
package struct CSVRows {
  /// A field: a range of the bytes of the text, without its quotes.
  package struct Field {
    var range: Range<Int>
    /// Whether it holds doubled quotes, which stand for one quote.
    var hasEscapes = false
  }

  let bytes: [UInt8]
  let delimiter: UInt8
  let file: String
  /// The number of the last row of `next`, from 1 as a spreadsheet counts: header and blank lines count.
  private(set) var row = 0
  private var position: Int

  package init(_ bytes: [UInt8], delimiter: UInt8, file: String) {
    self.bytes = bytes
    self.delimiter = delimiter
    self.file = file
    position = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
  }

  /// Fills `fields` with the next row that is not blank. False at the end.
  ///
  /// - Throws: `DatasetError.file(_, .row)` for misplaced or missing quotes.
  package mutating func next(_ fields: inout [Field]) throws(DatasetError) -> Bool {
    while position < bytes.count {
      fields.removeAll(keepingCapacity: true)
      row += 1
      var more = true
      while more {
        let field = try readField()
        fields.append(field)
        more = position < bytes.count && bytes[position] == delimiter
        if more { position += 1 }
      }
      skipLineEnd()
      if fields.count > 1 || !fields[0].range.isEmpty { return true }
    }
    return false
  }

  /// The text of a field, without spaces around it.
  package func text(_ field: Field) -> String {
    var content = Array(bytes[trimmed(field.range)])
    if field.hasEscapes {
      var plain: [UInt8] = []
      var index = 0
      while index < content.count {
        plain.append(content[index])
        index += content[index] == UInt8(ascii: "\"") ? 2 : 1
      }
      content = plain
    }
    return String(decoding: content, as: UTF8.self)
  }

  /// The number of a field, correctly rounded; nil if it is not a finite decimal number.
  package func number(_ field: Field) -> Double? {
    let range = trimmed(field.range)
    guard !range.isEmpty else { return nil }
    var index = range.lowerBound
    let negative = bytes[index] == UInt8(ascii: "-")
    if negative || bytes[index] == UInt8(ascii: "+") { index += 1 }
    var mantissa: UInt64 = 0
    var digits = 0
    var fraction: Int?
    while index < range.upperBound {
      let byte = bytes[index]
      if byte >= 0x30 && byte <= 0x39 {
        mantissa = mantissa &* 10 &+ UInt64(byte - 0x30)
        digits += 1
        if fraction != nil { fraction! += 1 }
      } else if byte == UInt8(ascii: "."), fraction == nil {
        fraction = 0
      } else {
        return slowNumber(range)
      }
      index += 1
    }
    // Up to 15 digits and a power of ten up to 10²² are exact, so one division rounds correctly.
    guard digits > 0, digits <= 15 else { return slowNumber(range) }
    let value = Double(mantissa) / Self.powersOfTen[fraction ?? 0]
    return negative ? -value : value
  }

  /// The value of a cell of an input column: its number, or 1 and 0 for "True" and "False" in any case,
  /// because pandas writes indicator columns so. Nil for any other text.
  func input(_ field: Field) -> Double? {
    if let number = number(field) { return number }
    let range = trimmed(field.range)
    guard range.count == 4 || range.count == 5 else { return nil }
    let letters = bytes[range].map { $0 | 0x20 }
    return letters == Array("true".utf8) ? 1 : letters == Array("false".utf8) ? 0 : nil
  }

  private static let powersOfTen: [Double] = (0...15).map { exponent in
    (0..<exponent).reduce(1.0) { value, _ in value * 10 }
  }

  private func slowNumber(_ range: Range<Int>) -> Double? {
    // Only the characters of decimal numbers: `Double` would take "0x1p3", "inf" and "nan" too.
    guard bytes[range].allSatisfy({ ($0 >= 0x30 && $0 <= 0x39) || "+-.eE".utf8.contains($0) }),
      let value = Double(String(decoding: bytes[range], as: UTF8.self)), value.isFinite
    else { return nil }
    return value
  }

  private mutating func readField() throws(DatasetError) -> Field {
    guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
      let start = position
      while position < bytes.count, bytes[position] != delimiter, !isLineEnd(bytes[position]) {
        if bytes[position] == UInt8(ascii: "\"") {
          throw .file(file, .row(row, "a quote inside a field; expected the whole field in quotes"))
        }
        position += 1
      }
      return Field(range: start..<position)
    }
    position += 1
    var field = Field(range: position..<position)
    while position < bytes.count {
      if bytes[position] == UInt8(ascii: "\"") {
        guard position + 1 < bytes.count, bytes[position + 1] == UInt8(ascii: "\"") else {
          field.range = field.range.lowerBound..<position
          position += 1
          guard position == bytes.count || bytes[position] == delimiter || isLineEnd(bytes[position]) else {
            throw .file(
              file, .row(row, "text behind a closing quote; expected the delimiter or the line's end"))
          }
          return field
        }
        field.hasEscapes = true
        position += 1
      }
      position += 1
    }
    throw .file(file, .row(row, "a quote that is never closed"))
  }

  private func isLineEnd(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }

  private mutating func skipLineEnd() {
    guard position < bytes.count else { return }
    let carriageReturn = bytes[position] == 0x0D
    position += 1
    if carriageReturn, position < bytes.count, bytes[position] == 0x0A { position += 1 }
  }

  private func trimmed(_ range: Range<Int>) -> Range<Int> {
    var low = range.lowerBound
    var high = range.upperBound
    while low < high, bytes[low] == 0x20 || bytes[low] == 0x09 { low += 1 }
    while low < high, bytes[high - 1] == 0x20 || bytes[high - 1] == 0x09 { high -= 1 }
    return low..<high
  }
}
