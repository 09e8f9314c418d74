import HTTP
import Testing

/// Bytes that a client may send, and the right reaction to them: a case for each rule of RFC 9110 and RFC
/// 9112. The tests of the parser, of splits and of a live server share the cases.
enum WireCases {
  struct Refused: Sendable, CustomTestStringConvertible {
    var rule: String
    var bytes: String
    var error: ParseError
    var status: Int

    init(_ rule: String, _ bytes: String, _ error: ParseError, _ status: Int = 400) {
      self.rule = rule
      self.bytes = bytes
      self.error = error
      self.status = status
    }

    var testDescription: String { rule }
  }

  struct Accepted: Sendable, CustomTestStringConvertible {
    var rule: String
    var bytes: String
    /// The bodies of the answers that `LiveServer.routes` gives.
    var answers: [String]
    /// Whether another request can follow.
    var isKept: Bool

    init(_ rule: String, _ bytes: String, _ answers: [String], isKept: Bool = true) {
      self.rule = rule
      self.bytes = bytes
      self.answers = answers
      self.isKept = isKept
    }

    var testDescription: String { rule }
  }

  private static func post(_ lines: String..., body: String = "") -> String {
    (["POST /echo HTTP/1.1", "Host: a"] + lines).map { $0 + "\r\n" }.joined() + "\r\n" + body
  }

  private static func chunks(_ body: String) -> String { post("Transfer-Encoding: chunked", body: body) }

  private static func line(_ line: String) -> String { story(line, "Host: a") }

  // MARK: Refused

  static let refused: [Refused] =
    lengths + codings + chunked + lineEnds + fields + hosts + requestLines + targets + limits

  private static let lengths = [
    Refused(
      "two equal lengths", post("Content-Length: 5", "Content-Length: 5", body: "hello"),
      .severalContentLengths),
    Refused(
      "two lengths", post("Content-Length: 5", "content-length: 6", body: "hello!"), .severalContentLengths),
    Refused("a list of lengths", post("Content-Length: 5, 5", body: "hello"), .severalContentLengths),
    Refused("an empty length", post("Content-Length:"), .invalidContentLength),
    Refused("a signed length", post("Content-Length: +5", body: "hello"), .invalidContentLength),
    Refused("a negative length", post("Content-Length: -1"), .invalidContentLength),
    Refused("a hexadecimal length", post("Content-Length: 0x5", body: "hello"), .invalidContentLength),
    Refused(
      "a length with a space within", post("Content-Length: 1 0", body: "hello"), .invalidContentLength),
    Refused("a length that is no number", post("Content-Length: five"), .invalidContentLength),
    Refused("a length of 2⁶³", post("Content-Length: 9223372036854775808"), .contentLengthTooLarge, 413),
    Refused(
      "a length and a coding", post("Content-Length: 5", "Transfer-Encoding: chunked", body: "0\r\n\r\n"),
      .contentLengthWithTransferEncoding),
    Refused(
      "a coding and a length", post("Transfer-Encoding: chunked", "Content-Length: 5", body: "0\r\n\r\n"),
      .contentLengthWithTransferEncoding),
  ]

  private static let codings = [
    Refused("identity", post("Transfer-Encoding: identity"), .lastCodingNotChunked),
    Refused(
      "a last coding that is not chunked", post("Transfer-Encoding: chunked, gzip"), .lastCodingNotChunked),
    Refused(
      "the same in two fields", post("Transfer-Encoding: chunked", "Transfer-Encoding: gzip"),
      .lastCodingNotChunked),
    Refused("chunked twice", post("Transfer-Encoding: chunked, chunked"), .lastCodingNotChunked),
    Refused("an empty coding", post("Transfer-Encoding:"), .lastCodingNotChunked),
    Refused("a coding that resembles chunked", post("Transfer-Encoding: xchunked"), .lastCodingNotChunked),
    Refused("chunked with a vertical tab", post("Transfer-Encoding: \u{b}chunked"), .invalidFieldValue),
    Refused("an unknown coding", post("Transfer-Encoding: gzip, chunked"), .unsupportedTransferCoding, 501),
    Refused(
      "a coding in HTTP/1.0", story("POST /echo HTTP/1.0", "Transfer-Encoding: chunked", body: "0\r\n\r\n"),
      .transferEncodingBeforeVersion11),
  ]

  private static let chunked = [
    Refused("no chunk size", chunks("\r\n"), .invalidChunkSize),
    Refused("a chunk size that is no number", chunks("x\r\n"), .invalidChunkSize),
    Refused("a signed chunk size", chunks("+1\r\nx\r\n"), .invalidChunkSize),
    Refused("a negative chunk size", chunks("-1\r\nx\r\n"), .invalidChunkSize),
    Refused("a prefixed chunk size", chunks("0x1\r\nx\r\n"), .invalidChunkSize),
    Refused("a space before a chunk size", chunks(" 1\r\nx\r\n"), .invalidChunkSize),
    Refused("a space behind a chunk size", chunks("1 \r\nx\r\n"), .invalidChunkExtension),
    Refused("a chunk size of 2⁶³", chunks("8000000000000000\r\n"), .chunkTooLarge, 413),
    Refused("a chunk size of many digits", chunks("11111111111111111\r\n"), .chunkTooLarge, 413),
    Refused("a chunk longer than its size", chunks("1\r\nxy\r\n0\r\n\r\n"), .missingChunkTerminator),
    Refused("a chunk that ends in LF", chunks("1\r\nx\n0\r\n\r\n"), .missingChunkTerminator),
    Refused("a chunk size that ends in LF", chunks("1\nx\r\n0\r\n\r\n"), .bareLineFeed),
    Refused("CR within a chunk size", chunks("1\r1\r\nx\r\n"), .bareCarriageReturn),
    Refused("an extension without a name", chunks("1;=b\r\nx\r\n"), .invalidChunkExtension),
    Refused("an open quote in an extension", chunks("1;a=\"b\r\nx\r\n"), .invalidChunkExtension),
    Refused("a control character in an extension", chunks("1;a=\"\u{1}\"\r\nx\r\n"), .invalidChunkExtension),
    Refused(
      "a long extension", chunks("1;" + String(repeating: "a", count: 5000) + "\r\nx\r\n"),
      .chunkExtensionsTooLarge),
    Refused(
      "many extensions", chunks(String(repeating: "1;abcdefgh\r\nx\r\n", count: 600)),
      .chunkExtensionsTooLarge),
    Refused(
      "a chunk size of many zeros", chunks(String(repeating: "0", count: 5000) + "1\r\nx\r\n"),
      .chunkExtensionsTooLarge),
    Refused(
      "long trailers", chunks("0\r\nX: " + String(repeating: "a", count: 40_000) + "\r\n\r\n"),
      .trailersTooLarge, 431),
    Refused(
      "many trailers", chunks("0\r\n" + String(repeating: "X: a\r\n", count: 101) + "\r\n"),
      .trailersTooLarge, 431),
    Refused("a malformed trailer", chunks("0\r\nX\r\n\r\n"), .invalidFieldName),
    Refused("a folded trailer", chunks("0\r\nX: a\r\n b\r\n\r\n"), .obsoleteLineFolding),
  ]

  private static let lineEnds = [
    Refused("LF behind the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", .bareLineFeed),
    Refused("LF behind a field", "GET / HTTP/1.1\r\nHost: a\n\r\n", .bareLineFeed),
    Refused("LF behind the head", "GET / HTTP/1.1\r\nHost: a\r\n\n", .bareLineFeed),
    Refused("LF alone before a request", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", .bareLineFeed),
    Refused("CR in the request line", "GET /a\rb HTTP/1.1\r\nHost: a\r\n\r\n", .bareCarriageReturn),
    Refused("CR in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", .bareCarriageReturn),
    Refused("CR in a name", "GET / HTTP/1.1\r\nHost: a\r\nX\rY: a\r\n\r\n", .bareCarriageReturn),
    Refused("CR before a name", "GET / HTTP/1.1\r\nHost: a\r\n\rX: a\r\n\r\n", .bareCarriageReturn),
    Refused("CR CR LF", "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\r\n\r\n", .bareCarriageReturn),
  ]

  private static let fields = [
    Refused("a folded line", "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", .obsoleteLineFolding),
    Refused(
      "a line folded by a tab", "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n\tb\r\n\r\n", .obsoleteLineFolding),
    Refused("a space before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", .obsoleteLineFolding),
    Refused("a space before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", .whitespaceBeforeColon),
    Refused("a tab before the colon", "GET / HTTP/1.1\r\nHost: a\r\nX\t: a\r\n\r\n", .whitespaceBeforeColon),
    Refused("no colon", "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", .invalidFieldName),
    Refused("no name", "GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", .invalidFieldName),
    Refused("a name with a space", "GET / HTTP/1.1\r\nHost: a\r\nX Y: x\r\n\r\n", .invalidFieldName),
    Refused("a name with a bracket", "GET / HTTP/1.1\r\nHost: a\r\nX[]: x\r\n\r\n", .invalidFieldName),
    Refused("a name beyond ASCII", "GET / HTTP/1.1\r\nHost: a\r\né: x\r\n\r\n", .invalidFieldName),
    Refused("NUL in a name", "GET / HTTP/1.1\r\nHost: a\r\nX\0: x\r\n\r\n", .invalidFieldName),
    Refused("NUL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", .invalidFieldValue),
    Refused("DEL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: \u{7f}\r\n\r\n", .invalidFieldValue),
    Refused(
      "a control character in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: \u{1b}[m\r\n\r\n", .invalidFieldValue
    ),
    Refused(
      "an unknown expectation", post("Expect: wonders", "Content-Length: 1", body: "x"),
      .unsupportedExpectation, 417),
  ]

  private static let hosts = [
    Refused("no Host", story("GET / HTTP/1.1"), .missingHost),
    Refused("no Host beside an absolute target", story("GET http://a/ HTTP/1.1"), .missingHost),
    Refused("two Hosts", story("GET / HTTP/1.1", "Host: a", "host: a"), .severalHosts),
    Refused("two Hosts in HTTP/1.0", story("GET / HTTP/1.0", "Host: a", "Host: b"), .severalHosts),
    Refused("an empty Host", story("GET / HTTP/1.1", "Host:"), .invalidHost),
    Refused("a Host with a path", story("GET / HTTP/1.1", "Host: a/b"), .invalidHost),
    Refused("a Host with a user", story("GET / HTTP/1.1", "Host: u@a"), .invalidHost),
    Refused("a list of Hosts", story("GET / HTTP/1.1", "Host: a b"), .invalidHost),
    Refused("a Host with a bad port", story("GET / HTTP/1.1", "Host: a:65536"), .invalidHost),
    Refused("a Host with a bad address", story("GET / HTTP/1.1", "Host: [::1"), .invalidHost),
  ]

  private static let requestLines = [
    Refused("two spaces", line("GET  / HTTP/1.1"), .malformedRequestLine),
    Refused("a tab", line("GET\t/ HTTP/1.1"), .malformedRequestLine),
    Refused("a space in the target", line("GET /a b HTTP/1.1"), .malformedRequestLine),
    Refused("a space at the end", line("GET / HTTP/1.1 "), .malformedRequestLine),
    Refused("no version", line("GET /"), .malformedRequestLine),
    Refused("nonsense", "nonsense\r\n\r\n", .malformedRequestLine),
    Refused("TLS", "\u{16}\u{3}\u{1}\r\n", .malformedRequestLine),
    Refused("a method that is no token", line("G@T / HTTP/1.1"), .invalidMethod),
    Refused("another protocol", line("GET / ICE/1.0"), .malformedVersion),
    Refused("a version in lower case", line("GET / http/1.1"), .malformedVersion),
    Refused("a version of one digit", line("GET / HTTP/1"), .malformedVersion),
    Refused("a version of three digits", line("GET / HTTP/1.10"), .malformedVersion),
    Refused("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .unsupportedVersion, 505),
    Refused("HTTP/0.9", line("GET / HTTP/0.9"), .unsupportedVersion, 505),
    Refused("CONNECT", line("CONNECT a:443 HTTP/1.1"), .unsupportedConnect, 501),
  ]

  private static let targets = [
    Refused("an authority for GET", line("GET a:80 HTTP/1.1"), .invalidTarget),
    Refused("an asterisk for GET", line("GET * HTTP/1.1"), .invalidTarget),
    Refused("a fragment", line("GET /a#b HTTP/1.1"), .invalidTarget),
    Refused("another scheme", line("GET ftp://a/ HTTP/1.1"), .invalidTarget),
    Refused("a user in the target", line("GET http://u@a/ HTTP/1.1"), .invalidTarget),
    Refused("a quote in the target", line("GET /\"a\" HTTP/1.1"), .invalidTarget),
    Refused("bytes beyond ASCII", line("GET /é HTTP/1.1"), .invalidTarget),
    Refused("a lone percent sign", line("GET /% HTTP/1.1"), .invalidPercentEncoding),
    Refused("one digit behind a percent sign", line("GET /%4 HTTP/1.1"), .invalidPercentEncoding),
    Refused("no digits behind a percent sign", line("GET /?a=%zz HTTP/1.1"), .invalidPercentEncoding),
    Refused("encoded bytes that are not UTF-8", line("GET /%C3%28 HTTP/1.1"), .invalidPercentEncoding),
    Refused("an overlong encoding of a dot", line("GET /%C0%AE%C0%AE/ HTTP/1.1"), .invalidPercentEncoding),
    Refused("NUL in a path", line("GET /a%00b HTTP/1.1"), .invalidPercentEncoding),
    Refused("NUL in a query", line("GET /?a=%00 HTTP/1.1"), .invalidPercentEncoding),
    Refused("a step upwards", line("GET /a/../b HTTP/1.1"), .forbiddenPath),
    Refused("an encoded step upwards", line("GET /%2e%2E/b HTTP/1.1"), .forbiddenPath),
    Refused("a step upwards behind an encoded slash", line("GET /a%2F..%2Fb HTTP/1.1"), .forbiddenPath),
    Refused("a step upwards in an absolute target", line("GET http://a/../b HTTP/1.1"), .forbiddenPath),
    Refused("a step on the spot", line("GET /./b HTTP/1.1"), .forbiddenPath),
    Refused("a line feed in a path", line("GET /a%0Ab HTTP/1.1"), .forbiddenPath),
  ]

  private static let limits = [
    Refused(
      "a long target", "GET /" + String(repeating: "a", count: 9000) + " HTTP/1.1\r\n", .requestLineTooLong,
      414),
    Refused("a request line without end", String(repeating: "a", count: 9000), .requestLineTooLong, 414),
    Refused(
      "a long field", "GET / HTTP/1.1\r\nX: " + String(repeating: "a", count: 40_000), .headTooLarge, 431),
    Refused(
      "many fields", "GET / HTTP/1.1\r\n" + String(repeating: "X: a\r\n", count: 101) + "\r\n",
      .tooManyFields, 431),
    Refused("empty lines without end", String(repeating: "\r\n", count: 20_000), .headTooLarge, 431),
  ]

  // MARK: Accepted

  static let accepted: [Accepted] = [
    Accepted("GET", get("/a"), ["path /a"]),
    Accepted("empty lines before a request", "\r\n\r\n" + get("/a"), ["path /a"]),
    Accepted(
      "pipelining", get("/a") + get("/b") + get("/later") + get("/c"),
      ["path /a", "path /b", "later", "path /c"]),
    Accepted("a method nobody knows", line("BREW /pot HTTP/1.1"), ["path /pot"]),
    Accepted("OPTIONS of everything", line("OPTIONS * HTTP/1.1"), ["path *"]),
    Accepted("an absolute target", line("GET http://b:80/x?y HTTP/1.1"), ["path /x"]),
    Accepted("an absolute target without a path", line("GET http://b HTTP/1.1"), ["path /"]),
    Accepted("encoded characters", line("GET /caf%C3%A9 HTTP/1.1"), ["path /café"]),
    Accepted("a later minor version", line("GET /a HTTP/1.2"), ["path /a"]),
    Accepted("an address as Host", story("GET /a HTTP/1.1", "Host: [::1]:8080"), ["path /a"]),
    Accepted("bytes beyond ASCII in a value", story("GET /a HTTP/1.1", "Host: a", "X: é"), ["path /a"]),
    Accepted("an empty value", story("GET /a HTTP/1.1", "Host: a", "X:"), ["path /a"]),
    Accepted("spaces around a value", story("GET /a HTTP/1.1", "Host:\ta  ", "X: \t b \t"), ["path /a"]),
    Accepted("a body with a length", post("Content-Length: 5", body: "hello"), ["hello"]),
    Accepted("a length with zeros in front", post("Content-Length: 005", body: "hello"), ["hello"]),
    Accepted("a length of nothing", post("Content-Length: 0"), [""]),
    Accepted(
      "a body of GET", story("GET /echo HTTP/1.1", "Host: a", "Content-Length: 2", body: "hi"), ["hi"]),
    Accepted(
      "a request behind a body", post("Content-Length: 5", body: "hello") + get("/b"), ["hello", "path /b"]),
    Accepted("chunks", chunks("5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"), ["hello!"]),
    Accepted(
      "chunks of either case, with zeros", chunks("00a\r\n0123456789\r\nA\r\n0123456789\r\n000\r\n\r\n"),
      ["01234567890123456789"]),
    Accepted("chunk extensions", chunks("1;a\r\nx\r\n1 ; b = \"c;\\\"d\"\r\ny\r\n0;e=f\r\n\r\n"), ["xy"]),
    Accepted(
      "trailers", chunks("1\r\nx\r\n0\r\nX-Sum: 1\r\nContent-Length: 99\r\n\r\n") + get("/b"),
      ["x", "path /b"]),
    Accepted("line ends within chunks", chunks("4\r\n\r\n\r\n\r\n0\r\n\r\n"), ["\r\n\r\n"]),
    Accepted(
      "an unwanted body", story("POST /a HTTP/1.1", "Host: a", "Content-Length: 5", body: "hello"),
      ["path /a"]
    ),
    Accepted("HTTP/1.0", "GET /a HTTP/1.0\r\n\r\n", ["path /a"], isKept: false),
    Accepted("HTTP/1.0 that is kept", "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", ["path /a"]),
    Accepted(
      "HTTP/1.0 with a body", story("POST /echo HTTP/1.0", "Content-Length: 2", body: "hi"), ["hi"],
      isKept: false),
    Accepted("Connection: close", get("/a", "Connection: x, CLOSE"), ["path /a"], isKept: false),
  ]
}
