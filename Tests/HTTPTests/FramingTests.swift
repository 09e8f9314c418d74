import HTTP
import Testing

@Suite struct FramingTests {
  @Test func aLengthBoundsTheBody() {
    let parsed = ParsedBytes(
      story("POST / HTTP/1.1", "Host: a", "Content-Length: 5", body: "hello")
        + story("GET /b HTTP/1.1", "Host: a"))
    #expect(parsed.messages.map(\.request.path) == ["/", "/b"])
    #expect(parsed.bodyText == "hello")
    #expect(parsed.messages.first?.request.framing == .length(5))
    #expect(
      ParsedBytes(story("GET / HTTP/1.1", "Host: a", "Content-Length: 005", body: "hello")).bodyText
        == "hello")
    #expect(
      ParsedBytes(story("GET / HTTP/1.1", "Host: a", "Content-Length: 5", body: "hell")).messages.first?
        .isComplete == false)
  }

  @Test(arguments: ["", "+5", "-1", "5a", "0x5", "5 5", "5.", "1e3", "٥", " ", "\u{b2}"])
  func lengthsAreDigits(value: String) { #expect(fault("Content-Length: \(value)") == .invalidContentLength) }

  @Test func oneLengthOnly() {
    #expect(fault("Content-Length: 5", "Content-Length: 5") == .severalContentLengths)
    #expect(fault("Content-Length: 5", "content-length: 6") == .severalContentLengths)
    #expect(fault("Content-Length: 5, 5") == .severalContentLengths)
  }

  @Test func lengthsDoNotOverflow() {
    #expect(fault("Content-Length: \(Int.max)") == nil)
    #expect(fault("Content-Length: 9223372036854775808") == .contentLengthTooLarge)
    #expect(fault("Content-Length: \(String(repeating: "9", count: 400))") == .contentLengthTooLarge)
  }

  @Test func lengthAndCodingExcludeEachOther() {
    #expect(fault("Content-Length: 5", "Transfer-Encoding: chunked") == .contentLengthWithTransferEncoding)
    #expect(fault("Transfer-Encoding: chunked", "Content-Length: 5") == .contentLengthWithTransferEncoding)
  }

  @Test(arguments: [
    "identity", "gzip", "chunked, gzip", "chunked, chunked", "chunked;a=b", "xchunked", "chunkedx", "",
    "\"chunked\"",
  ])
  func theLastCodingIsChunked(value: String) {
    #expect(fault("Transfer-Encoding: \(value)") == .lastCodingNotChunked)
  }

  @Test func otherCodingsAreNotImplemented() {
    #expect(fault("Transfer-Encoding: gzip, chunked") == .unsupportedTransferCoding)
    #expect(fault("Transfer-Encoding: gzip", "Transfer-Encoding: chunked") == .unsupportedTransferCoding)
    #expect(fault("Transfer-Encoding: identity, chunked") == .unsupportedTransferCoding)
    #expect(fault("Transfer-Encoding: Chunked", body: "0\r\n\r\n") == nil)
  }

  @Test func version10HasNoCodings() {
    #expect(
      ParsedBytes(story("GET / HTTP/1.0", "Transfer-Encoding: chunked")).error
        == .transferEncodingBeforeVersion11)
  }

  @Test func everyErrorHasAStatusAndSaysWhy() {
    for error in ParseError.allCases {
      #expect((400...505).contains(error.status.code))
      #expect(error.detail.contains("(RFC"))
    }
    #expect(ParseError.requestLineTooLong.status.code == 414)
    #expect(ParseError.headTooLarge.status.code == 431)
    #expect(ParseError.contentLengthTooLarge.status.code == 413)
    #expect(ParseError.unsupportedTransferCoding.status.code == 501)
    #expect(ParseError.unsupportedVersion.status.code == 505)
    #expect(ParseError.unsupportedExpectation.status.code == 417)
  }
}
