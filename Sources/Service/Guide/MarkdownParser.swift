/// Reads the blocks of a text, a line at a time.
struct MarkdownParser {
  private let lines: [Substring]
  private var place = 0

  init(_ text: String) {
    lines = text.split(separator: "\n", omittingEmptySubsequences: false)
  }

  mutating func blocks() throws(Markdown.Fault) -> [Markdown.Block] {
    var blocks: [Markdown.Block] = []
    while place < lines.count {
      let line = lines[place]
      if line.isEmpty {
        place += 1
      } else if line.hasPrefix("```") {
        blocks.append(try code())
      } else if line.hasPrefix("<!--") {
        guard line.hasSuffix("-->") else { throw fault("a comment must end on its line") }
        place += 1
      } else if line.hasPrefix("#") {
        blocks.append(try heading())
      } else if line.hasPrefix("|") {
        blocks.append(try table())
      } else if let marker = Self.marker(line) {
        blocks.append(try list(isOrdered: marker.isOrdered))
      } else {
        blocks.append(try paragraph())
      }
    }
    return blocks
  }

  private func fault(_ reason: String, at line: Int? = nil) -> Markdown.Fault {
    Markdown.Fault(line: (line ?? place) + 1, reason: reason)
  }

  private func spans(_ text: String, at line: Int) throws(Markdown.Fault) -> [Markdown.Span] {
    do {
      return try MarkdownSpans.read(text)
    } catch {
      throw fault(error.reason, at: line)
    }
  }

  private mutating func heading() throws(Markdown.Fault) -> Markdown.Block {
    let line = lines[place]
    let level = line.prefix { $0 == "#" }.count
    let text = line.dropFirst(level)
    guard level <= 4, text.first == " ", text.dropFirst().first != " ", text.count > 1 else {
      throw fault("a heading is one to four #, a space and its text")
    }
    let heading = try spans(String(text.dropFirst()), at: place)
    place += 1
    return .heading(level: level, text: heading)
  }

  private mutating func code() throws(Markdown.Fault) -> Markdown.Block {
    let start = place
    let info = lines[place].dropFirst(3)
    guard !info.contains("`") else { throw fault("a fence is three `") }
    var text = ""
    place += 1
    while place < lines.count, lines[place] != "```" {
      text += lines[place] + "\n"
      place += 1
    }
    guard place < lines.count else { throw fault("the fence is not closed", at: start) }
    place += 1
    return .code(info: String(info), text: text)
  }

  private mutating func paragraph() throws(Markdown.Fault) -> Markdown.Block {
    let start = place
    var text: [Substring] = []
    while place < lines.count, !lines[place].isEmpty, !opensBlock(lines[place]) {
      guard lines[place].first != " " else { throw fault("a paragraph is not indented") }
      text.append(lines[place])
      place += 1
    }
    return .paragraph(try spans(text.joined(separator: "\n"), at: start))
  }

  private func opensBlock(_ line: Substring) -> Bool {
    line.hasPrefix("```") || line.hasPrefix("<!--") || line.hasPrefix("#") || line.hasPrefix("|")
      || Self.marker(line) != nil
  }

  // MARK: Lists

  /// The mark of a list's item: `- ` or `1. `.
  private static func marker(_ line: Substring) -> (isOrdered: Bool, width: Int)? {
    if line.hasPrefix("- ") { return (false, 2) }
    let digits = line.prefix { $0.isASCII && $0.isNumber }
    guard !digits.isEmpty, line.dropFirst(digits.count).hasPrefix(". ") else { return nil }
    return (true, digits.count + 2)
  }

  private mutating func list(isOrdered: Bool) throws(Markdown.Fault) -> Markdown.Block {
    var items: [[Markdown.Span]] = []
    while place < lines.count, let marker = Self.marker(lines[place]), marker.isOrdered == isOrdered {
      let start = place
      var text = [lines[place].dropFirst(marker.width)]
      let indent = String(repeating: " ", count: marker.width)
      place += 1
      while place < lines.count, lines[place].hasPrefix(" ") {
        let line = lines[place].dropFirst(marker.width)
        guard lines[place].hasPrefix(indent), line.first != " ", Self.marker(line) == nil else {
          throw fault("an item goes on with \(marker.width) spaces; lists have one level")
        }
        text.append(line)
        place += 1
      }
      items.append(try spans(text.joined(separator: "\n"), at: start))
    }
    return .list(isOrdered: isOrdered, items: items)
  }

  // MARK: Tables

  private mutating func table() throws(Markdown.Fault) -> Markdown.Block {
    let header = try cells()
    guard place < lines.count, lines[place].hasPrefix("|"),
      lines[place].allSatisfy({ "|-: ".contains($0) }), Self.split(lines[place])?.count == header.count
    else { throw fault("the second line of a table is |---| for each of its \(header.count) columns") }
    place += 1
    var rows: [[[Markdown.Span]]] = []
    while place < lines.count, lines[place].hasPrefix("|") {
      let row = try cells()
      guard row.count == header.count else {
        throw fault("a row has \(row.count) cells, the header \(header.count)", at: place - 1)
      }
      rows.append(row)
    }
    return .table(header: header, rows: rows)
  }

  private mutating func cells() throws(Markdown.Fault) -> [[Markdown.Span]] {
    guard let texts = Self.split(lines[place]) else { throw fault("a row of a table ends with |") }
    var cells: [[Markdown.Span]] = []
    for text in texts { cells.append(try spans(text, at: place)) }
    place += 1
    return cells
  }

  /// The cells between bars. `\|` is a bar within a cell, also in code.
  private static func split(_ line: Substring) -> [String]? {
    guard line.count > 1, line.hasPrefix("|"), line.hasSuffix("|"), !line.hasSuffix("\\|") else { return nil }
    var cells = [""]
    var isEscaped = false
    for character in line.dropFirst().dropLast() {
      if character == "|", !isEscaped {
        cells.append("")
      } else {
        if character == "|", isEscaped { cells[cells.count - 1].removeLast() }
        cells[cells.count - 1].append(character)
      }
      isEscaped = character == "\\" && !isEscaped
    }
    return cells.map { cell in
      let text = cell.drop { $0 == " " }
      return String(text.dropLast(text.reversed().prefix { $0 == " " }.count))
    }
  }
}
