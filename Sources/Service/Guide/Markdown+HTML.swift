extension Markdown {
  /// The blocks as HTML. Characters with a meaning in HTML are escaped.
  ///
  /// A link to `page.md` leads to `page`, which is served as HTML. Headings have ids, so `page.md#some-part`
  /// leads to the heading "Some part".
  package var html: String { blocks.map(\.html).joined() }

  /// The text, escaped for an attribute or between tags.
  static func escaped(_ text: String) -> String {
    var escaped = ""
    for character in text.unicodeScalars {
      switch character {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "'": escaped += "&#39;"
      default: escaped.unicodeScalars.append(character)
      }
    }
    return escaped
  }

  /// The id of a heading: its letters and digits in lower case, with `-` for spaces.
  static func anchor(_ text: [Span]) -> String {
    let words = text.map(\.plain).joined().lowercased().split(separator: " ")
    return words.map { String($0.filter { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }) }
      .joined(separator: "-")
  }
}

extension Markdown.Block {
  fileprivate var html: String {
    switch self {
    case .heading(let level, let text):
      let id = Markdown.escaped(Markdown.anchor(text))
      return "<h\(level) id=\"\(id)\">\(text.html)</h\(level)>\n"
    case .paragraph(let text): return "<p>\(text.html)</p>\n"
    case .list(let isOrdered, let items):
      let tag = isOrdered ? "ol" : "ul"
      return "<\(tag)>\n" + items.map { "<li>\($0.html)</li>\n" }.joined() + "</\(tag)>\n"
    case .table(let header, let rows):
      func row(_ cells: [[Markdown.Span]], _ tag: String) -> String {
        "<tr>" + cells.map { "<\(tag)>\($0.html)</\(tag)>" }.joined() + "</tr>\n"
      }
      return "<div class=\"table\"><table>\n<thead>\(row(header, "th"))</thead>\n<tbody>\n"
        + rows.map { row($0, "td") }.joined() + "</tbody>\n</table></div>\n"
    case .code(_, let text): return "<pre><code>\(Markdown.escaped(text))</code></pre>\n"
    }
  }
}

extension [Markdown.Span] {
  fileprivate var html: String { map(\.html).joined() }
}

extension Markdown.Span {
  fileprivate var html: String {
    switch self {
    case .text(let text): return Markdown.escaped(text)
    case .code(let code): return "<code>\(Markdown.escaped(code))</code>"
    case .emphasis(let spans): return "<em>\(spans.html)</em>"
    case .strong(let spans): return "<strong>\(spans.html)</strong>"
    case .link(let spans, let destination):
      var target = destination
      if !destination.hasPrefix("https:"), let end = target.firstRange(of: ".md") {
        target.removeSubrange(end)
      }
      return "<a href=\"\(Markdown.escaped(target))\">\(spans.html)</a>"
    }
  }
}
