import HTTP
import Testing

@Suite struct LimitTests {
  private let limits = RequestParser.Limits(requestLineBytes: 64, headBytes: 256, fieldCount: 4)

  @Test func theRequestLineIsBounded() {
    // "GET /" and " HTTP/1.1" and CR LF are 16 bytes.
    let fits = story("GET /\(String(repeating: "a", count: 48)) HTTP/1.1", "Host: a")
    #expect(ParsedBytes(fits, limits: limits).error == nil)
    let over = story("GET /\(String(repeating: "a", count: 49)) HTTP/1.1", "Host: a")
    #expect(ParsedBytes(over, limits: limits).error == .requestLineTooLong)
    #expect(ParsedBytes(String(repeating: "a", count: 65), limits: limits).error == .requestLineTooLong)
  }

  @Test func theHeadIsBounded() {
    // 16 bytes of request line, 9 of Host, 5 around the value and 2 at the end.
    let fits = story("GET / HTTP/1.1", "Host: a", "X: " + String(repeating: "a", count: 256 - 16 - 9 - 5 - 2))
    #expect(ParsedBytes(fits, limits: limits).error == nil)
    let over = story("GET / HTTP/1.1", "Host: a", "X: " + String(repeating: "a", count: 256 - 16 - 9 - 5 - 1))
    #expect(ParsedBytes(over, limits: limits).error == .headTooLarge)
    #expect(ParsedBytes(String(repeating: "\r\n", count: 200), limits: limits).error == .headTooLarge)
  }

  @Test func theFieldsAreCounted() {
    let four = story("GET / HTTP/1.1", "Host: a", "A: 1", "B: 2", "C: 3")
    #expect(ParsedBytes(four, limits: limits).error == nil)
    #expect(
      ParsedBytes(story("GET / HTTP/1.1", "Host: a", "A: 1", "B: 2", "C: 3", "D: 4"), limits: limits).error
        == .tooManyFields)
  }

  @Test func limitsHoldForEachRequestAnew() {
    let one = story("GET / HTTP/1.1", "Host: a", "X: " + String(repeating: "a", count: 150))
    let parsed = ParsedBytes(String(repeating: one, count: 10), limits: limits)
    #expect(parsed.messages.count == 10 && parsed.error == nil)
  }

  /// A head of 1 MB that never ends is refused at its limit. The work is linear, even a byte at a time.
  @Test func anEndlessHeadIsRefusedAsItArrives() {
    var parser = RequestParser()
    let byte: [UInt8] = [0x61]
    var error: ParseError?
    var fed = 0
    while error == nil, fed < 1 << 20 {
      var position = 0
      do throws(ParseError) { _ = try parser.next(byte.span, at: &position) } catch let fault {
        error = fault
      }
      fed += 1
    }
    #expect(error == .requestLineTooLong && fed == RequestParser.Limits().requestLineBytes + 1)
  }
}
