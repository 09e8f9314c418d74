import Datasets
import Foundation
import JSON
import Jobs
import Service
import Testing

/// The guide as it is in the repository, in the program and on the wire.
@Suite(.serialized) struct GuideTests {
  static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  static let folder = repository.appendingPathComponent("Sources/CResources/guide")

  @Test func everyFileIsAPage() throws {
    let guide = try Guide.standard.get()
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
    #expect(Set(files) == Set(guide.pages.map { $0.name + ".md" }))
    for page in guide.pages {
      let file = try String(
        contentsOf: Self.folder.appendingPathComponent(page.name + ".md"), encoding: .utf8)
      #expect(page.source == file, "\(page.name)")
    }
  }

  /// Each page begins with its title and its subject, and no line is too long to read.
  @Test func pagesHaveTheirForm() throws {
    for page in try Guide.standard.get().pages {
      #expect(page.text.hasPrefix("# \(page.title)\n"), "\(page.name)")
      #expect(!page.lead.isEmpty && page.lead.hasSuffix("."), "\(page.name)")
      #expect(page.text.contains("\n## What can go wrong\n"), "\(page.name)")
      for line in page.source.split(separator: "\n") where line.count > 120 {
        Issue.record("\(page.name): \(line)")
      }
    }
  }

  /// A link leads to a page of the guide and a heading of that page, or out of the guide.
  @Test func linksLeadSomewhere() throws {
    let guide = try Guide.standard.get()
    let readme = try String(contentsOf: Self.repository.appendingPathComponent("README.md"), encoding: .utf8)
    for (name, text) in guide.pages.map({ ($0.name, $0.text) }) + [("README", readme)] {
      for link in text.matches(of: /\]\(([^)]*)\)/) {
        let parts = link.1.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        var target = String(parts[0])
        if name == "README" {
          if !target.hasPrefix("https:") {
            let path = Self.repository.appendingPathComponent(target).path
            #expect(FileManager.default.fileExists(atPath: path), "\(link.1)")
          }
          continue
        }
        if target.hasPrefix("https:") || target.hasPrefix("/") { continue }
        if target.isEmpty { target = name + ".md" }
        let page = try #require(guide[String(target.dropLast(3))], "\(name): \(link.1)")
        guard parts.count == 2 else { continue }
        #expect(try Markdown(page.text).anchors.contains(String(parts[1])), "\(name): \(link.1)")
      }
    }
  }

  /// A kind has one page, which is marked with the kind. A kind without a page is on the start page. The page
  /// has the table of all fields.
  @Test(arguments: StandardJobs.kinds.map(\.name)) func everyFieldOfAKindIsInTheGuide(_ name: String) throws {
    let kind = try #require(StandardJobs.kinds.first { $0.name == name })
    let guide = try Guide.standard.get()
    let marked = guide.pages.filter { $0.marks.contains(kind.name) }
    #expect(marked.count <= 1, "\(marked.map(\.name))")
    let table = try #require(OptionTables.table(named: kind.name))
    for member in kind.members { #expect(table.contains("\n| `\(member.name)` | ")) }
    #expect((marked.first ?? guide.index).text.contains("\n### `\(kind.name)`\n\n\(table)"))
    let link = marked.first.map { "[`\(name)`](guide/\($0.name).md)" } ?? "`\(name)`"
    #expect(guide.index.text.contains("\n| \(link) | \(kind.summary) |\n"))
  }

  /// So has every source of data sets. A mark names a table that exists.
  @Test func everySourceIsInTheGuide() throws {
    let guide = try Guide.standard.get()
    let tables = (guide.pages + [guide.index]).map(\.text).joined()
    for source in DatasetSource.formats {
      let own = [source.title, source.format].contains { tables.contains("\n### `\($0)`\n") }
      #expect(own, "\(source.title)")
    }
    for mark in guide.pages.flatMap(\.marks) { #expect(OptionTables.table(named: mark) != nil, "\(mark)") }
  }

  /// The table under a mark may leave options out. The options that it names exist.
  @Test func theOptionsOfThePagesAreDeclared() throws {
    let common = OptionTables.members(named: "job").map(\.name)
    var compared = 0
    for page in try Guide.standard.get().pages {
      var declared: Set<String>?
      var isInTable = false
      for line in page.source.split(separator: "\n", omittingEmptySubsequences: false) {
        let names = OptionTables.names(in: line)
        if !names.isEmpty {
          declared = Set(common + names.flatMap { OptionTables.members(named: $0).map(\.name) })
        } else if !line.hasPrefix("|"), isInTable || !line.isEmpty {
          declared = nil
        }
        isInTable = line.hasPrefix("|")
        // A cell of other words, such as "a group", names no single option.
        guard let declared, let cell = line.firstMatch(of: /^\| ((?:`[a-z0-9_]+`(?:, )?)+) \|/) else {
          continue
        }
        for name in cell.1.matches(of: /[a-z0-9_]+/).map({ String($0.0) }) {
          compared += 1
          #expect(declared.contains(name), "\(page.name): \(name)")
        }
      }
    }
    #expect(compared > 150, "\(compared)")
  }

  /// README names kinds that exist, each with the page that is marked with the kind.
  @Test func theKindsOfREADMEAreOnTheirPages() throws {
    let readme = try String(contentsOf: Self.repository.appendingPathComponent("README.md"), encoding: .utf8)
    let rows = readme.matches(of: /\| \[`([a-z_]+)`\]\(Sources\/CResources\/guide\/([a-z-]+)\.md\) \|/)
    #expect(rows.count > 10)
    for row in rows {
      let page = try #require(try Guide.standard.get()[String(row.2)])
      #expect(page.marks.contains(String(row.1)), "\(row.1)")
      #expect(StandardJobs.kinds.contains { $0.name == row.1 }, "\(row.1)")
    }
  }

  /// A default that a page's own table names is the declared one. Words such as "the latest" are not compared.
  @Test func defaultsOfThePagesAreTheDeclaredOnes() throws {
    var compared = 0
    for page in try Guide.standard.get().pages {
      var members: [FieldMember] = []
      for line in page.source.split(separator: "\n", omittingEmptySubsequences: false) {
        let names = OptionTables.names(in: line)
        if !names.isEmpty { members = names.first.map(OptionTables.members) ?? [] }
        if line.hasPrefix("#") { members = [] }
        let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        guard cells.count >= 3, let told = try? JSONParser.parse(cells[1].literal) else { continue }
        for name in cells[0].matches(of: /`([a-z0-9_]+)`/).map({ String($0.1) }) {
          guard let member = members.first(where: { $0.name == name }), !member.standard.isNull else {
            continue
          }
          // A table may tell a list in a word, such as "both".
          let isList = member.standard.arrayValue != nil
          guard !isList || told.arrayValue != nil else { continue }
          compared += 1
          #expect(told.plain == member.standard.plain, "\(page.name): \(name)")
        }
      }
    }
    #expect(compared > 40, "\(compared)")
  }

  @Test func curlGetsTextAndABrowserAPage() throws {
    let running = try RunningService()
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    for path in ["/guide", "/guide/first-session"] {
      for accept in ["*/*", "text/markdown", "text/plain"] {
        let reply = try running.get(path, accept: accept)
        #expect(reply.status == 200 && reply.text.hasPrefix("# "), "\(path) \(accept)")
        let type = accept == "*/*" ? "text/markdown" : accept
        #expect(reply.headers["content-type"] == "\(type); charset=utf-8")
        #expect(reply.headers["vary"] == "Accept")
      }
      let page = try running.get(path, accept: browser)
      #expect(page.headers["content-type"] == "text/html; charset=utf-8")
      #expect(page.text.hasPrefix("<!doctype html>") && page.text.contains("<h1"))
      let policy = try #require(page.headers["content-security-policy"])
      #expect(policy.hasPrefix("default-src 'none'; style-src 'sha256-"))
      #expect(!page.text.contains("<script") && !page.text.contains("style=\""))
    }
    let text = try running.get("/guide/first-session.md", accept: browser)
    #expect(text.headers["content-type"] == "text/markdown; charset=utf-8")
    #expect(try running.get("/guide/first-session.md", accept: "text/html").status == 406)
    #expect(try running.get("/guide/first-session", accept: "image/png").status == 406)
    let missing = try running.get("/guide/first-sesion")
    #expect(missing.status == 404 && missing.text.contains(#"did you mean \"first-session\""#))
    #expect(try running.get("/v1").json["links"]?["guide"] == "/guide")
  }

  /// A link of a browser carries no token; everything else needs one.
  @Test func theGuideNeedsNoToken() throws {
    let running = try RunningService { $0.token = "0123456789abcdef" }
    #expect(try running.get("/v1").status == 401)
    #expect(try running.get("/guide", accept: "text/html").status == 200)
    #expect(try running.get("/guide/security", accept: "text/html").status == 200)
  }
}

extension String {
  /// A cell of a table as JSON: a number, true or false as it is, and a word in quotes.
  fileprivate var literal: String {
    let text = replacing("`", with: "").replacing(",", with: "")
    if text.wholeMatch(of: /[a-z_]+/) != nil, text != "true", text != "false" { return "\"\(text)\"" }
    return text
  }
}

extension JSONValue {
  /// Numbers without a difference of integers, and an object with a name as that name alone, as a request may write it.
  fileprivate var plain: JSONValue {
    if let number = doubleValue { return .number(number) }
    if let elements = arrayValue { return .array(elements.map(\.plain)) }
    return self["name"] ?? self
  }
}
