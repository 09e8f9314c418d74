import CResources
import Datasets
import Formats
import Foundation
import Jobs

/// A page of the guide: the bytes embedded in the program, and their HTML.
package struct GuidePage: Sendable {
  /// The name in the address; empty for the list of pages.
  package let name: String
  /// The file.
  package let source: String
  /// The Markdown text: the file, and the tables of the options that the file marks.
  package let text: String
  package let title: String
  package let lead: String
  /// The whole document.
  let html: String

  /// The names of the option tables that the file is marked with.
  package var marks: [String] { source.split(separator: "\n").flatMap { OptionTables.names(in: $0) } }

  /// - Throws: `Markdown.Fault` if the text is not in the subset, or has no heading.
  package init(name: String, text: String) throws(Markdown.Fault) {
    source = text
    let text = OptionTables.completed(text)
    let markdown = try Markdown(text)
    guard let title = markdown.title else { throw Markdown.Fault(line: 1, reason: "a page has a heading") }
    self.name = name
    self.text = text
    self.title = title
    lead = markdown.lead ?? ""
    html = GuideDocument.html(title: title, body: markdown.html, isIndex: name.isEmpty)
  }
}

/// Every page, and the list of them.
package struct Guide: Sendable {
  package let index: GuidePage
  /// In reading order.
  package let pages: [GuidePage]

  /// The program's own guide, read once.
  package static let standard = Result { () throws(Markdown.Fault) in try Guide(files) }

  package init(_ files: [(name: String, text: String)]) throws(Markdown.Fault) {
    var pages: [GuidePage] = []
    for file in files { pages.append(try GuidePage(name: file.name, text: file.text)) }
    self.pages = pages
    let rows = pages.map { "| [\($0.title)](guide/\($0.name).md) | \($0.lead) |\n" }.joined()
    let text = """
      # The guide

      One page a subject. The same addresses give this text to `curl` and a page to a browser.

      | page | what it is about |
      |---|---|
      \(rows)
      Each job has its request, its options and its result on one page:

      | job | what it does |
      |---|---|
      \(Self.kinds(in: pages))\(Self.marks(missingIn: pages))
      The whole contract, with every field, is at [/openapi.json](/openapi.json).

      """
    index = try GuidePage(name: "", text: text)
  }

  /// A row for each kind of job.
  private static func kinds(in pages: [GuidePage]) -> String {
    StandardJobs.kinds.map { kind in
      let page = pages.first { $0.marks.contains(kind.name) }
      let name = page.map { "[`\(kind.name)`](guide/\($0.name).md)" } ?? "`\(kind.name)`"
      return "| \(name) | \(kind.summary) |\n"
    }.joined()
  }

  /// The start page itself has the fields of the kinds and sources that no page is marked with.
  private static func marks(missingIn pages: [GuidePage]) -> String {
    let marked = Set(pages.flatMap(\.marks))
    let kinds = StandardJobs.kinds.map(\.name).filter { !marked.contains($0) }
    let sources = DatasetSource.formats.filter { !marked.contains($0.title) && !marked.contains($0.format) }
    return (kinds + sources.map(\.title)).map { "\n<!-- options: \($0) -->\n" }.joined()
  }

  package subscript(name: String) -> GuidePage? { pages.first { $0.name == name } }

  /// The files in the order of `cr_guide_page`.
  private static var files: [(name: String, text: String)] {
    var files: [(name: String, text: String)] = []
    while let page = cr_guide_page(files.count)?.pointee {
      let bytes = UnsafeBufferPointer(start: page.start, count: page.count)
      files.append((String(cString: page.name), String(decoding: bytes, as: UTF8.self)))
    }
    return files
  }
}
