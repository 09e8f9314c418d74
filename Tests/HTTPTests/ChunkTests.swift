import HTTP
import Testing

@Suite struct ChunkTests {
  private func parse(_ body: String, limits: RequestParser.Limits = .init()) -> ParsedBytes {
    ParsedBytes(story("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked", body: body), limits: limits)
  }

  @Test func chunksAreJoined() {
    let parsed = parse(
      "5\r\nhello\r\n00b\r\n, chunked w\r\n4\r\n\r\n\r\n\r\n0\r\n\r\n" + story("GET /b HTTP/1.1", "Host: a"))
    #expect(parsed.bodyText == "hello, chunked w\r\n\r\n")
    #expect(parsed.messages.map(\.request.path) == ["/", "/b"])
    #expect(parsed.messages.map(\.isComplete) == [true, true])
  }

  @Test func hexadecimalIsOfEitherCase() {
    #expect(parse("A\r\n0123456789\r\n0\r\n\r\n").bodyText == "0123456789")
  }

  @Test(arguments: ["1;a", "1;a=b", "1 ; a = b;c", "1;a=\"x;y\\\"z\"", "1;\ta=\"\""])
  func extensionsAreSkipped(size: String) {
    let parsed = parse("\(size)\r\nx\r\n0;last\r\n\r\n")
    #expect(parsed.bodyText == "x" && parsed.error == nil)
  }

  @Test(arguments: [
    "1;", "1;=b", "1;a=", "1;a=\"x", "1;a b", "1;a=\"\u{1}\"", "1;a=b c", "1;a=\"x\"y", "1;;a", "1;é",
  ])
  func extensionsAreWellFormed(size: String) {
    #expect(parse("\(size)\r\nx\r\n0\r\n\r\n").error == .invalidChunkExtension)
  }

  @Test(arguments: ["", "x", "-1", "+1", "1x", "0x1", "g", " 1", "1,", "1 "])
  func sizesAreHexadecimalDigits(size: String) {
    let error = parse("\(size)\r\nx\r\n0\r\n\r\n").error
    #expect(error == .invalidChunkSize || (size == "1 " && error == .invalidChunkExtension))
  }

  @Test func sizesDoNotOverflow() {
    #expect(parse("7FFFFFFFFFFFFFFF\r\n").error == nil)
    #expect(parse("8000000000000000\r\n").error == .chunkTooLarge)
    #expect(parse("FFFFFFFFFFFFFFFFF\r\n").error == .chunkTooLarge)
  }

  @Test func dataEndsInCarriageReturnAndLineFeed() {
    #expect(parse("1\r\nxy\r\n").error == .missingChunkTerminator)
    #expect(parse("1\r\nx\n0\r\n\r\n").error == .missingChunkTerminator)
    #expect(parse("1\r\nx\rz").error == .missingChunkTerminator)
    #expect(parse("1\nx\r\n").error == .bareLineFeed)
    #expect(parse("1;a\rb\r\nx").error == .bareCarriageReturn)
  }

  @Test func trailersAreCheckedAndDropped() {
    let parsed = parse("1\r\nx\r\n0\r\nX-Sum: abc\r\nContent-Length: 7\r\n\r\n")
    #expect(parsed.error == nil && parsed.endsBetweenRequests)
    #expect(parsed.messages.first?.request.headers.contains("X-Sum") == false)
    #expect(parse("0\r\nX : a\r\n\r\n").error == .whitespaceBeforeColon)
    #expect(parse("0\r\nX: a\r\n b\r\n\r\n").error == .obsoleteLineFolding)
    #expect(parse("0\r\nX: \u{1}\r\n\r\n").error == .invalidFieldValue)
    #expect(parse("0\r\nX: a\n\r\n").error == .bareLineFeed)
  }

  @Test func extensionsAreBoundedInAll() {
    let limits = RequestParser.Limits(chunkExtensionBytes: 100)
    #expect(
      parse("1;\(String(repeating: "a", count: 200))\r\nx\r\n", limits: limits).error
        == .chunkExtensionsTooLarge)
    #expect(
      parse("1;\(String(repeating: "a", count: 200))", limits: limits).error == .chunkExtensionsTooLarge)
    #expect(
      parse(String(repeating: "1;abcdefgh\r\nx\r\n", count: 20), limits: limits).error
        == .chunkExtensionsTooLarge)
    #expect(
      parse(String(repeating: "1\r\nx\r\n", count: 2000) + "0\r\n\r\n", limits: limits).messages.first?.body
        .count == 2000)
    #expect(
      parse(String(repeating: "0", count: 5000) + "1\r\nx", limits: limits).error == .chunkExtensionsTooLarge)
  }

  @Test func trailersAreBounded() {
    let limits = RequestParser.Limits(requestLineBytes: 100, headBytes: 200, fieldCount: 5)
    #expect(
      parse("0\r\nX: \(String(repeating: "a", count: 300))\r\n\r\n", limits: limits).error
        == .trailersTooLarge)
    #expect(
      parse("0\r\n" + String(repeating: "X: a\r\n", count: 6) + "\r\n", limits: limits).error
        == .trailersTooLarge)
  }
}
