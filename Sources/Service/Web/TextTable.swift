import JSON
import Jobs

/// JSON for a person at a terminal: aligned columns for lists of objects, and a line for each member of an
/// object.
package enum TextTable {
  /// A table with a header line. Numbers are aligned to the right.
  package static func rows(_ head: [String], _ rows: [[JSONValue]]) -> String {
    let cells = rows.map { $0.map(cell) }
    var widths = head.map(\.count)
    for row in cells {
      for (column, text) in row.enumerated() { widths[column] = max(widths[column], text.count) }
    }
    let isNumber = head.indices.map { column in
      !rows.isEmpty && rows.allSatisfy { $0[column].isNull || $0[column].doubleValue != nil }
    }
    func line(_ texts: [String]) -> String {
      var line = ""
      for (column, text) in texts.enumerated() {
        let space = String(repeating: " ", count: widths[column] - text.count)
        line += (column == 0 ? "" : "  ") + (isNumber[column] ? space + text : text + space)
      }
      while line.last == " " { line.removeLast() }
      return line + "\n"
    }
    return line(head) + cells.map(line).joined()
  }

  /// An object as `name  value` lines. Lists of objects follow as tables, or as a block for each element that
  /// has tables of its own. Objects inside are indented blocks.
  ///
  /// Links are for programs and are left out.
  package static func object(_ object: JSONObject, indent: Int = 0) -> String {
    let object = object.without("links")
    let margin = String(repeating: " ", count: indent)
    let width = object.members.map(\.name.count).max() ?? 0
    var text = ""
    var blocks = ""
    for member in object.members {
      switch member.value {
      case .object(let inner) where !inner.isEmpty:
        blocks += "\(margin)\(member.name)\n" + Self.object(inner, indent: indent + 2)
      case .array(let elements) where elements.contains(where: hasTables):
        for (place, element) in elements.enumerated() {
          blocks += "\(margin)\(member.name) \(place + 1)\n"
          blocks += Self.object(element.objectValue ?? ["value": element], indent: indent + 2)
        }
      case .array(let elements) where elements.contains { $0.objectValue != nil }:
        blocks += "\(margin)\(member.name)\n" + indented(list(elements), indent + 2)
      case .array(let elements) where elements.contains { $0.arrayValue != nil }:
        blocks += "\(margin)\(member.name)\n" + indented(matrix(elements), indent + 2)
      default:
        let space = String(repeating: " ", count: width - member.name.count + 2)
        text += margin + member.name + space + cell(member.value) + "\n"
      }
    }
    return text + blocks
  }

  /// Whether an element of a list has a list of objects.
  private static func hasTables(_ element: JSONValue) -> Bool {
    element.objectValue?.members.contains { member in
      member.value.arrayValue?.contains { $0.objectValue != nil } ?? false
    } ?? false
  }

  /// Lists of objects with the same members as one table. Nested members are `a.b` columns. A mean and its
  /// deviation share a column.
  static func list(_ elements: [JSONValue]) -> String {
    let flat = elements.map { flattened($0.objectValue ?? ["value": $0]) }
    var head: [String] = []
    for row in flat { for name in row.names where !head.contains(name) { head.append(name) } }
    return rows(head, flat.map { row in head.map { row[$0] ?? .null } })
  }

  private static func matrix(_ rows: [JSONValue]) -> String {
    let cells = rows.map { ($0.arrayValue ?? [$0]).map(cell) }
    let width = cells.flatMap { $0 }.map(\.count).max() ?? 0
    return cells.map { row in
      row.map { String(repeating: " ", count: width - $0.count) + $0 }.joined(separator: " ") + "\n"
    }.joined()
  }

  private static func flattened(_ object: JSONObject, prefix: String = "") -> JSONObject {
    var flat: JSONObject = [:]
    for member in object.without("links").members {
      if case .object(let inner) = member.value, let spread = spread(inner) {
        flat[prefix + member.name] = spread
      } else if case .object(let inner) = member.value {
        for nested in flattened(inner, prefix: prefix + member.name + ".").members {
          flat[nested.name] = nested.value
        }
      } else {
        flat[prefix + member.name] = member.value
      }
    }
    return flat
  }

  /// `{"mean", "deviation"}` as one value; the mean alone if nothing was repeated.
  private static func spread(_ object: JSONObject) -> JSONValue? {
    guard object.names == ["mean", "deviation"], let mean = object["mean"],
      let deviation = object["deviation"]
    else { return nil }
    return deviation.isNull ? mean : .string("\(cell(mean)) ± \(cell(deviation))")
  }

  private static func indented(_ text: String, _ indent: Int) -> String {
    let margin = String(repeating: " ", count: indent)
    return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
      .map { margin + $0 + "\n" }.joined()
  }

  /// One value on one line: floating-point numbers to six digits, long lists shortened.
  static func cell(_ value: JSONValue) -> String {
    switch value {
    case .null: return "-"
    case .string(let text):
      return text.contains { $0.isNewline || $0 == "\t" } ? JSONWriter.text(value) : text
    case .number(let number): return short(number)
    case .array(let elements):
      let shown = elements.prefix(12).map(cell).joined(separator: " ")
      return elements.count > 12 ? "\(shown) … (\(elements.count))" : elements.isEmpty ? "-" : shown
    case .object(let object): return object.isEmpty ? "-" : JSONWriter.text(value)
    default: return JSONWriter.text(value)
    }
  }

  /// At most six significant digits, without trailing zeros; with a power of ten if the number is very large
  /// or small.
  package static func short(_ number: Double) -> String {
    if let whole = Int(exactly: number), abs(whole) < 1_000_000_000 { return String(whole) }
    let magnitude = abs(number)
    guard magnitude >= 1e-4, magnitude < 1e9 else {
      // The shortest representation that agrees to six digits.
      var scaled = number
      var exponent = 0
      while abs(scaled) >= 10 {
        scaled /= 10
        exponent += 1
      }
      while abs(scaled) < 1, scaled != 0 {
        scaled *= 10
        exponent -= 1
      }
      return "\((scaled * 1000).rounded() / 1000)e\(exponent)"
    }
    var digits = 6
    var bound = 1.0
    while magnitude >= bound, digits > 0 {
      bound *= 10
      digits -= 1
    }
    var power = 1.0
    for _ in 0..<max(digits, 0) { power *= 10 }
    let rounded = (number * power).rounded() / power
    return Int(exactly: rounded).map(String.init) ?? rounded.description
  }
}

extension JSONObject {
  fileprivate func without(_ name: String) -> JSONObject {
    var object = self
    object[name] = nil
    return object
  }
}
