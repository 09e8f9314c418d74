import Service
import Testing

/// The subset of Markdown that pages are written in, and the HTML made of it.
@Suite struct MarkdownTests {
  @Test(arguments: [
    ("# A *b* c\n", "<h1 id=\"a-b-c\">A <em>b</em> c</h1>\n"),
    ("one\ntwo\n\nthree", "<p>one\ntwo</p>\n<p>three</p>\n"),
    ("a **b** `c` d", "<p>a <strong>b</strong> <code>c</code> d</p>\n"),
    (
      "[a](b.md) [c](b.md#d) [e](#f) [g](/h.json)",
      "<p><a href=\"b\">a</a> <a href=\"b#d\">c</a> <a href=\"#f\">e</a> <a href=\"/h.json\">g</a></p>\n"
    ),
    ("[a](https://b.org/c.md)", "<p><a href=\"https://b.org/c.md\">a</a></p>\n"),
    ("- a\n  b\n- c\n", "<ul>\n<li>a\nb</li>\n<li>c</li>\n</ul>\n"),
    ("1. a\n2. b\n", "<ol>\n<li>a</li>\n<li>b</li>\n</ol>\n"),
    ("```sh\n<a> & *b*\n```\n", "<pre><code>&lt;a&gt; &amp; *b*\n</code></pre>\n"),
    ("<!-- options: a -->\n", ""),
    ("``a`b`` \\* \\[", "<p><code>a`b</code> * [</p>\n"),
    (
      "| a | b |\n|---|---|\n| `c\\|d` | |\n",
      "<div class=\"table\"><table>\n<thead><tr><th>a</th><th>b</th></tr>\n</thead>\n<tbody>\n"
        + "<tr><td><code>c|d</code></td><td></td></tr>\n</tbody>\n</table></div>\n"
    ),
  ]) func html(_ text: String, _ html: String) throws {
    #expect(try Markdown(text).html == html)
  }

  /// Nothing that a page says becomes markup, wherever it stands.
  @Test(arguments: ["<script>", "\"'&<>", "</code>", "<img src=x onerror=alert(1)>"])
  func everythingIsEscaped(_ text: String) throws {
    for page in [
      "a \(text)", "`\(text)`", "# a \(text)", "- \(text)", "```\(text)\n\(text)\n```", "**\(text)**",
    ] {
      let html = try Markdown(page).html
      for tag in html.matches(of: /<(\/?)([a-z0-9]+)([^>]*)>/) {
        #expect(["p", "code", "h1", "ul", "li", "pre", "strong"].contains(String(tag.2)), "\(html)")
        #expect(tag.3.isEmpty || tag.3.wholeMatch(of: #/ id="[a-z0-9-]*"/#) != nil, "\(html)")
      }
    }
  }

  @Test(arguments: [
    ("a\n```sh\nb", 2, "not closed"), ("##### a", 1, "heading"), ("#a", 1, "heading"), ("a *b", 1, "missing"),
    ("a `b", 1, "code is not closed"), ("[a](javascript:b)", 1, "a link leads"),
    ("[a](//b.org)", 1, "a link leads"),
    ("[a](http://b.org)", 1, "a link leads"), ("[a](b", 1, "no )"), ("[a]", 1, "missing"),
    ("****", 1, "nothing between"),
    ("| a | b |\n| c | d |", 2, "second line"), ("| a | b |\n|---|---|\n| c |", 3, "1 cells"),
    ("| a |\n|---|\n| b", 3, "ends with |"), ("- a\n    b", 2, "2 spaces"), ("- a\n  - b", 2, "one level"),
    ("<!-- a\nb -->", 1, "comment"), (" a", 1, "indented"), ("a \\b", 1, "punctuation"),
  ]) func whatIsNotInTheSubsetIsAFault(_ text: String, _ line: Int, _ reason: String) {
    do throws(Markdown.Fault) {
      let markdown = try Markdown(text)
      Issue.record("\(markdown.blocks)")
    } catch {
      #expect(error.line == line && error.reason.contains(reason), "\(error)")
    }
  }

  @Test func aPageHasATitleAndALead() throws {
    let page = try GuidePage(name: "a", text: "# A `b`\n\nOne\n*two*.\n\nThree.\n")
    #expect(page.title == "A b" && page.lead == "One two.")
    #expect(throws: Markdown.Fault.self) { try GuidePage(name: "a", text: "one\n") }
  }
}
