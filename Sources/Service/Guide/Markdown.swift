/// A text in the subset of Markdown that the guide uses, read strictly.
///
/// - Blocks: headings (`#` to `####`), paragraphs, lists of one level, tables, fenced code, and comments on a
///   line of their own, which are dropped.
/// - Spans: `code`, *emphasis*, **strong**, [links](page.md). A `\` makes the next punctuation plain.
///
/// Other markup is a fault, so no page shows raw marks to a reader.
package struct Markdown: Equatable, Sendable {
  package enum Block: Equatable, Sendable {
    case heading(level: Int, text: [Span])
    case paragraph([Span])
    case list(isOrdered: Bool, items: [[Span]])
    /// Every row has as many cells as the header.
    case table(header: [[Span]], rows: [[[Span]]])
    /// `info` is the rest of the line that opens the fence, such as `sh`.
    case code(info: String, text: String)
  }

  package indirect enum Span: Equatable, Sendable {
    case text(String)
    case code(String)
    case emphasis([Span])
    case strong([Span])
    case link([Span], destination: String)

    /// The words without their marks.
    var plain: String {
      switch self {
      case .text(let text), .code(let text): text
      case .emphasis(let spans), .strong(let spans), .link(let spans, _): spans.map(\.plain).joined()
      }
    }
  }

  /// A line that is not in the subset.
  package struct Fault: Error, Equatable, CustomStringConvertible {
    /// Counted from 1.
    package var line: Int
    package var reason: String

    package var description: String { "line \(line): \(reason)" }
  }

  package var blocks: [Block]

  /// - Throws: `Fault` at the first line that is not in the subset.
  package init(_ text: String) throws(Fault) {
    var parser = MarkdownParser(text)
    blocks = try parser.blocks()
  }

  /// The first heading, without marks.
  package var title: String? {
    for case .heading(_, let text) in blocks { return text.map(\.plain).joined() }
    return nil
  }

  /// The first paragraph, without marks.
  package var lead: String? {
    for case .paragraph(let text) in blocks {
      return text.map(\.plain).joined().replacing("\n", with: " ")
    }
    return nil
  }

  /// The ids of the headings, in order.
  package var anchors: [String] {
    blocks.compactMap { if case .heading(_, let text) = $0 { Self.anchor(text) } else { nil } }
  }
}
