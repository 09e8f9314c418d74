/// Reads the spans of a paragraph, a heading, an item or a cell.
struct MarkdownSpans {
  private let characters: [Character]
  private var place = 0

  /// A fault without its line, which the caller knows.
  struct Fault: Error { var reason: String }

  static func read(_ text: String) throws(Fault) -> [Markdown.Span] {
    var reader = MarkdownSpans(text)
    return try reader.spans(until: nil)
  }

  private init(_ text: String) { characters = Array(text) }

  /// Reads up to the end, or up to and with the mark `end`.
  private mutating func spans(until end: String?) throws(Fault) -> [Markdown.Span] {
    var spans: [Markdown.Span] = []
    var text = ""
    func finished() -> [Markdown.Span] { text.isEmpty ? spans : spans + [.text(text)] }
    while place < characters.count {
      if let end, has(end) {
        place += end.count
        guard !finished().isEmpty else { throw Fault(reason: "there is nothing between two \(end)") }
        return finished()
      }
      if let span = try span() {
        spans = finished() + [span]
        text = ""
      } else {
        if characters[place] == "\\" { try escape() }
        text.append(characters[place])
        place += 1
      }
    }
    if let end { throw Fault(reason: "\(end) is missing; write \\* for an asterisk and \\[ for a bracket") }
    return finished()
  }

  private func has(_ mark: String) -> Bool { characters[place...].starts(with: mark) }

  /// The span that begins here; nil for plain text.
  private mutating func span() throws(Fault) -> Markdown.Span? {
    switch characters[place] {
    case "`": return .code(try code())
    case "*":
      let mark = has("**") ? "**" : "*"
      place += mark.count
      let inner = try spans(until: mark)
      return mark == "*" ? .emphasis(inner) : .strong(inner)
    case "[":
      place += 1
      let inner = try spans(until: "](")
      guard let close = characters[place...].firstIndex(of: ")") else {
        throw Fault(reason: "a link has no )")
      }
      let destination = String(characters[place..<close])
      guard Self.isAllowed(destination) else {
        throw Fault(
          reason: "a link leads to page.md, page.md#part, #part, /path or https://…, not \(destination)")
      }
      place = close + 1
      return .link(inner, destination: destination)
    default: return nil
    }
  }

  /// Moves to the escaped character, which is plain text.
  private mutating func escape() throws(Fault) {
    place += 1
    guard place < characters.count, "\\`*[]|<>#-_".contains(characters[place]) else {
      throw Fault(reason: "a \\ comes before punctuation; write \\\\ for itself")
    }
  }

  /// Code between single backquotes, or between double ones if the code has one. A space beside it is not
  /// part of the code.
  private mutating func code() throws(Fault) -> String {
    let mark = has("``") ? "``" : "`"
    place += mark.count
    var code = ""
    while place < characters.count, !has(mark) {
      code.append(characters[place] == "\n" ? " " : characters[place])
      place += 1
    }
    guard place < characters.count, !code.isEmpty else { throw Fault(reason: "code is not closed") }
    place += mark.count
    guard mark == "``", code.hasPrefix(" "), code.hasSuffix(" "), code.count > 2 else { return code }
    return String(code.dropFirst().dropLast())
  }

  /// Forbids links that could run a script or leave the pages unnoticed.
  private static func isAllowed(_ destination: String) -> Bool {
    let isPlain = destination.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }
    guard isPlain, !destination.hasPrefix("//") else { return false }
    if destination.hasPrefix("https://") || destination.hasPrefix("/") || destination.hasPrefix("#") {
      return true
    }
    let path = destination.prefix { $0 != "#" }
    return path.hasSuffix(".md") && !path.contains(":")
  }
}
