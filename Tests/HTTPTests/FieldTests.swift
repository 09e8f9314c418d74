import HTTP
import Testing

@Suite struct FieldTests {
  @Test func valuesAreTrimmedAndKeptInOrder() throws {
    let parsed = ParsedBytes(
      story("GET / HTTP/1.1", "Host:a", "X-A: \t one two\t ", "x-a:", "X-B: \u{e9}", "X-!#$%&'*+-.^_`|~1: t"))
    let headers = try #require(parsed.messages.first?.request.headers)
    #expect(headers.all(named: "x-A") == ["one two", ""])
    #expect(headers.first(named: "X-b") == "é")
    #expect(headers["X-!#$%&'*+-.^_`|~1"] == "t")
    #expect(headers.count == 5)
  }

  @Test func linesAreNotFolded() {
    #expect(fault("X: a", " b") == .obsoleteLineFolding)
    #expect(fault("X: a", "\tb") == .obsoleteLineFolding)
    #expect(ParsedBytes("GET / HTTP/1.1\r\n Host: a\r\n\r\n").error == .obsoleteLineFolding)
  }

  @Test func theColonFollowsTheName() {
    #expect(fault("X : a") == .whitespaceBeforeColon)
    #expect(fault("X\t: a") == .whitespaceBeforeColon)
    #expect(fault("X a") == .invalidFieldName)
    #expect(fault("X") == .invalidFieldName)
    #expect(fault(": a") == .invalidFieldName)
    #expect(fault("X(: a") == .invalidFieldName)
    #expect(fault("é: a") == .invalidFieldName)
  }

  @Test func valuesHoldNoControlCharacters() {
    for code in 0...255 where code != 0x0A && code != 0x0D {
      let bytes = Array("GET / HTTP/1.1\r\nHost: a\r\nX: a".utf8) + [UInt8(code)] + Array("b\r\n\r\n".utf8)
      let allowed = code == 0x09 || (code >= 0x20 && code != 0x7F)
      #expect(ParsedBytes([bytes]).error == (allowed ? nil : .invalidFieldValue))
    }
    #expect(fault("X: a\rb") == .bareCarriageReturn)
    #expect(fault("X\r: b") == .bareCarriageReturn)
  }

  @Test func oneGoodHostIsNeeded() {
    #expect(ParsedBytes(story("GET / HTTP/1.1")).error == .missingHost)
    #expect(ParsedBytes(story("GET / HTTP/1.1", "Host: a", "Host: a")).error == .severalHosts)
    #expect(ParsedBytes(story("GET / HTTP/1.0", "Host: a", "hOST: b")).error == .severalHosts)
  }

  @Test(arguments: [
    "a", "a.b:80", "a:", "127.0.0.1:8080", "[::1]:80", "[2001:db8::1]", "[::ffff:1.2.3.4]", "a_b~!$&'()*+,;=",
    "%41",
  ])
  func hostsThatAreGood(host: String) {
    #expect(ParsedBytes(story("GET / HTTP/1.1", "Host: \(host)")).error == nil)
  }

  @Test(arguments: [
    "", "a b", "a/b", "a:80:90", "a:x", "a:65536", "a@b", ":80", "[::1", "::1", "[]", "[::1]x", "[:::]",
    "[1]", "[g::]", "[::1.2.3]",
    "[1:2:3:4:5:6:7:8:9]", "a%4", "é", "a#", "a?b", "a\\b", "[::1]:-1",
  ])
  func hostsThatAreNot(host: String) {
    #expect(ParsedBytes(story("GET / HTTP/1.1", "Host: \(host)")).error == .invalidHost)
  }

  @Test func onlyContinueIsExpected() {
    #expect(fault("Expect: 200-ok") == .unsupportedExpectation)
    let request = ParsedBytes(story("PUT / HTTP/1.1", "Host: a", "Expect: 100-Continue", "Content-Length: 1"))
      .messages.first?.request
    #expect(request?.expectsContinue == true)
    // Without a body there is nothing to continue with, and HTTP/1.0 does not know it.
    #expect(
      ParsedBytes(story("GET / HTTP/1.1", "Host: a", "Expect: 100-continue")).messages.first?.request
        .expectsContinue == false)
    #expect(
      ParsedBytes(story("PUT / HTTP/1.0", "Expect: 100-continue", "Content-Length: 1")).messages.first?
        .request.expectsContinue
        == false)
  }

  @Test func aFieldNeverStartsAnother() {
    var headers = Headers()
    headers.add("X", "a\r\nSet-Cookie: b\0")
    #expect(headers["X"] == "a  Set-Cookie: b ")
    headers.set("x", "1")
    headers.add("Y", "2")
    #expect(headers.map(\.name) == ["x", "Y"])
    headers["y"] = nil
    #expect(headers.count == 1 && !headers.contains("Y"))
    headers.add("L", "a, b ,,c")
    headers.add("l", "d")
    #expect(headers.list(named: "L") == ["a", "b", "c", "d"])
  }
}
