import HTTP
import Testing

@Suite struct RequestLineTests {
  private func fault(_ line: String) -> ParseError? { ParsedBytes(story(line, "Host: a")).error }

  @Test func aPlainRequestIsTakenApart() throws {
    let parsed = ParsedBytes(
      story("GET /v1/jobs?state=queued HTTP/1.1", "Host: example.org:8080", "Accept: */*"))
    let message = try #require(parsed.messages.first)
    #expect(message.isComplete && parsed.error == nil && parsed.endsBetweenRequests)
    #expect(message.request.method == .get)
    #expect(message.request.target == "/v1/jobs?state=queued")
    #expect(message.request.path == "/v1/jobs")
    #expect(message.request.pathSegments == ["v1", "jobs"])
    #expect(message.request.query == [.init(name: "state", value: "queued")])
    #expect(message.request.version == .http11)
    #expect(message.request.authority == "example.org:8080")
    #expect(message.request.headers == ["host": "example.org:8080", "ACCEPT": "*/*"])
    #expect(message.request.keepsAlive && !message.request.expectsContinue)
  }

  @Test func unknownMethodsAreKept() {
    #expect(
      ParsedBytes(story("BREW /pot HTTP/1.1", "Host: a")).messages.first?.request.method.rawValue == "BREW")
    #expect(ParsedBytes(story("get / HTTP/1.1", "Host: a")).messages.first?.request.method != .get)
  }

  @Test func emptyLinesBeforeARequestAreSkipped() {
    #expect(ParsedBytes("\r\n\r\n" + story("GET / HTTP/1.1", "Host: a")).messages.count == 1)
  }

  @Test(arguments: [
    "GET  / HTTP/1.1", "GET /  HTTP/1.1", " GET / HTTP/1.1", "GET / HTTP/1.1 ", "GET /", "GET",
    "GET / x HTTP/1.1",
    "GET\t/\tHTTP/1.1", "GET /\u{1}x HTTP/1.1",
  ])
  func spacesMustBeSingle(line: String) { #expect(fault(line) == .malformedRequestLine) }

  @Test(arguments: ["G(T / HTTP/1.1", "G@T / HTTP/1.1", "GÉT / HTTP/1.1"])
  func theMethodIsAToken(line: String) { #expect(fault(line) == .invalidMethod) }

  @Test(arguments: [
    "http/1.1", "HTTP/1", "HTTP/1.10", "HTTP/11", "HTTP/1,1", "HTTP/a.1", "HTTPS/1.1", "HTTP1.1",
  ])
  func theVersionHasOneForm(version: String) { #expect(fault("GET / \(version)") == .malformedVersion) }

  @Test(arguments: ["HTTP/2.0", "HTTP/0.9", "HTTP/3.1"])
  func onlyMajorVersionOneIsSpoken(version: String) {
    #expect(fault("GET / \(version)") == .unsupportedVersion)
  }

  @Test func aLaterMinorVersionIsTreatedAsTheHighestKnown() {
    #expect(ParsedBytes(story("GET / HTTP/1.9", "Host: a")).messages.first?.request.version == .http11)
  }

  @Test func version10NeedsNoHostAndClosesUnlessAsked() {
    let plain = ParsedBytes(story("GET / HTTP/1.0")).messages.first?.request
    #expect(plain?.version == .http10 && plain?.keepsAlive == false && plain?.authority == nil)
    let kept = ParsedBytes(story("GET / HTTP/1.0", "Connection: Keep-Alive")).messages.first?.request
    #expect(kept?.keepsAlive == true)
    #expect(
      ParsedBytes(story("GET / HTTP/1.1", "Host: a", "Connection: x, Close")).messages.first?.request
        .keepsAlive == false)
  }

  @Test func linesEndInCarriageReturnAndLineFeed() {
    #expect(ParsedBytes("GET / HTTP/1.1\nHost: a\r\n\r\n").error == .bareLineFeed)
    #expect(ParsedBytes("GET / HTTP/1.1\r\nHost: a\n\r\n").error == .bareLineFeed)
    #expect(ParsedBytes("GET / HTTP/1.1\r\nHost: a\r\n\n").error == .bareLineFeed)
    #expect(ParsedBytes("\nGET / HTTP/1.1\r\n").error == .bareLineFeed)
    #expect(ParsedBytes("GET /\rx HTTP/1.1\r\n").error == .bareCarriageReturn)
    #expect(ParsedBytes("GET / HTTP/1.1\r\r\n").error == .bareCarriageReturn)
  }

  @Test func connectIsNotImplemented() { #expect(fault("CONNECT a:443 HTTP/1.1") == .unsupportedConnect) }

  @Test func theErrorStays() {
    var parser = RequestParser()
    let bad = Array("GET / HTTP/7.7\r\n".utf8)
    var position = 0
    #expect(throws: ParseError.unsupportedVersion) { try parser.next(bad.span, at: &position) }
    let good = Array(story("GET / HTTP/1.1", "Host: a").utf8)
    position = 0
    #expect(throws: ParseError.unsupportedVersion) { try parser.next(good.span, at: &position) }
  }
}
