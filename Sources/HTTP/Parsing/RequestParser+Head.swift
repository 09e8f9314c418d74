/// The part of a head that has come, while its end has not.
struct PartialHead: Sendable {
  var method = Method.get
  var target = ""
  var parts: RequestTarget?
  var version = Version.http11
  var headers = Headers()
  var host: String?
  var contentLength: Int?
  var codings: [String] = []
  var hasTransferEncoding = false
  var asksClose = false
  var asksKeepAlive = false
  var expectsContinue = false
}

extension RequestParser {
  /// Takes a line of the head. The empty line gives the request.
  mutating func takeHeadLine(_ line: Span<UInt8>) throws(ParseError) -> Request? {
    if state == .requestLine {
      guard line.count > 0 else { return nil }  // empty lines before a request are skipped, RFC 9112 §2.2
      try takeRequestLine(line)
      state = .fields
      return nil
    }
    if line.count > 0 {
      try takeField(line)
      return nil
    }
    return try completeHead()
  }

  // MARK: Request line, RFC 9112 §3

  private mutating func takeRequestLine(_ line: Span<UInt8>) throws(ParseError) {
    var spaces = 0
    var first = 0
    var last = 0
    for i in 0..<line.count {
      let byte = line[i]
      if byte == 0x20 {
        if spaces == 0 { first = i }
        last = i
        spaces += 1
      } else if byte == 0x0D {
        throw .bareCarriageReturn
      } else if byte < 0x20 || byte == 0x7F {
        throw .malformedRequestLine
      }
    }
    guard spaces == 2, first > 0, last > first + 1, last < line.count - 1 else { throw .malformedRequestLine }
    for i in 0..<first where !line[i].isTokenCharacter { throw .invalidMethod }
    head.version = try Self.version(line.extracting(last + 1..<line.count))
    head.method = Self.method(line.extracting(0..<first))
    let target = line.extracting(first + 1..<last)
    head.parts = try RequestTarget(target, method: head.method)
    head.target = line.text(first + 1..<last)
    head.headers.reserve(bytes: 256, fields: 8)
  }

  private static func method(_ bytes: Span<UInt8>) -> Method {
    switch (bytes.count, bytes[0]) {
    case (3, 0x47) where bytes[1] == 0x45 && bytes[2] == 0x54: .get
    default: Method(rawValue: bytes.text(0..<bytes.count))
    }
  }

  /// `HTTP/` digit `.` digit, RFC 9112 §2.3.
  private static func version(_ bytes: Span<UInt8>) throws(ParseError) -> Version {
    let name: [UInt8] = [0x48, 0x54, 0x54, 0x50, 0x2F]
    guard bytes.count == 8, bytes[6] == 0x2E, bytes[5].isDigit, bytes[7].isDigit else {
      throw .malformedVersion
    }
    for i in 0..<5 where bytes[i] != name[i] { throw .malformedVersion }
    guard bytes[5] == 0x31 else { throw .unsupportedVersion }
    return bytes[7] == 0x30 ? .http10 : .http11
  }

  // MARK: Field lines, RFC 9112 §5

  /// The bounds of the name and the value of a field line.
  static func parseField(
    _ line: Span<UInt8>
  ) throws(ParseError) -> (name: Range<Int>, value: Range<Int>) {
    if line[0].isWhitespace { throw .obsoleteLineFolding }
    var colon = 0
    while colon < line.count, line[colon].isTokenCharacter { colon += 1 }
    if colon < line.count, line[colon] == 0x0D { throw .bareCarriageReturn }
    guard colon < line.count, colon > 0 else { throw .invalidFieldName }
    guard line[colon] == 0x3A else {
      guard line[colon].isWhitespace else { throw .invalidFieldName }
      var next = colon
      while next < line.count, line[next].isWhitespace { next += 1 }
      throw next < line.count && line[next] == 0x3A ? .whitespaceBeforeColon : .invalidFieldName
    }
    for i in colon + 1..<line.count where !line[i].isFieldContent {
      throw line[i] == 0x0D ? .bareCarriageReturn : .invalidFieldValue
    }
    return (0..<colon, line.trimmingWhitespace(colon + 1..<line.count))
  }

  private mutating func takeField(_ line: Span<UInt8>) throws(ParseError) {
    let (nameBounds, valueBounds) = try Self.parseField(line)
    guard head.headers.count < limits.fieldCount else { throw .tooManyFields }
    let name = line.extracting(nameBounds)
    let value = line.extracting(valueBounds)
    switch name.count {
    case 4 where name.equalsIgnoringCase("host"):
      guard head.host == nil else { throw .severalHosts }  // RFC 9112 §3.2
      guard Authority.isValid(value) else { throw .invalidHost }
      head.host = value.text(0..<value.count)
    case 6 where name.equalsIgnoringCase("expect"):
      guard value.equalsIgnoringCase("100-continue") else { throw .unsupportedExpectation }
      head.expectsContinue = true
    case 10 where name.equalsIgnoringCase("connection"):
      Self.eachMember(of: value) { option in
        if option.equalsIgnoringCase("close") { head.asksClose = true }
        if option.equalsIgnoringCase("keep-alive") { head.asksKeepAlive = true }
      }
    case 14 where name.equalsIgnoringCase("content-length"):
      // A list of equal lengths may be read as one length (RFC 9110 §8.6). No honest client sends one.
      guard head.contentLength == nil else { throw .severalContentLengths }
      head.contentLength = try Self.contentLength(value)
    case 17 where name.equalsIgnoringCase("transfer-encoding"):
      head.hasTransferEncoding = true
      Self.eachMember(of: value) { coding in
        head.codings.append(coding.text(0..<coding.count).lowercased())
      }
    default: break
    }
    head.headers.add(line: line, name: nameBounds, value: valueBounds)
  }

  /// Calls `take` with each non-empty member of a comma-separated list (RFC 9110 §5.6.1.2).
  private static func eachMember(of value: Span<UInt8>, _ take: (Span<UInt8>) -> Void) {
    var start = 0
    while start <= value.count {
      let end = value.firstIndex(of: 0x2C, in: start..<value.count) ?? value.count
      let member = value.trimmingWhitespace(start..<end)
      if !member.isEmpty { take(value.extracting(member)) }
      start = end + 1
    }
  }

  /// `1*DIGIT` and nothing else, RFC 9110 §8.6.
  private static func contentLength(_ value: Span<UInt8>) throws(ParseError) -> Int {
    guard value.count > 0 else { throw .invalidContentLength }
    for i in 0..<value.count where !value[i].isDigit {
      throw value[i] == 0x2C ? .severalContentLengths : .invalidContentLength
    }
    var length = 0
    for i in 0..<value.count {
      let (shifted, high) = length.multipliedReportingOverflow(by: 10)
      let (sum, carry) = shifted.addingReportingOverflow(Int(value[i] - 0x30))
      guard !high, !carry else { throw .contentLengthTooLarge }
      length = sum
    }
    return length
  }

  // MARK: The whole head

  private mutating func completeHead() throws(ParseError) -> Request {
    let head = self.head
    self.head = PartialHead()
    sectionBytes = 0
    guard let parts = head.parts else { throw .malformedRequestLine }
    // RFC 9112 §3.2: a request of HTTP/1.1 without Host is answered with 400.
    if head.version == .http11, head.host == nil { throw .missingHost }
    let framing = try Self.framing(of: head)
    switch framing {
    case .none: state = .ended
    case .length(let length): state = length == 0 ? .ended : .length(length)
    case .chunked: state = .chunkSize
    }
    return Request(
      method: head.method, target: head.target, parts: parts, version: head.version,
      headers: head.headers, authority: parts.authority ?? head.host, framing: framing,
      keepsAlive: !head.asksClose && (head.version == .http11 || head.asksKeepAlive),
      expectsContinue: head.expectsContinue && head.version == .http11 && framing != .none
        && framing != .length(0))
  }

  /// The length of the body, RFC 9112 §6.3.
  private static func framing(of head: PartialHead) throws(ParseError) -> Request.Framing {
    guard head.hasTransferEncoding else {
      return head.contentLength.map { .length($0) } ?? .none
    }
    if head.version == .http10 { throw .transferEncodingBeforeVersion11 }  // §6.1
    if head.contentLength != nil { throw .contentLengthWithTransferEncoding }  // §6.1
    guard head.codings.last == "chunked" else { throw .lastCodingNotChunked }  // §6.3
    let others = head.codings.dropLast()
    if others.contains("chunked") { throw .lastCodingNotChunked }  // §6.1: never chunked twice
    if !others.isEmpty { throw .unsupportedTransferCoding }  // §6.1: 501
    return .chunked
  }
}
