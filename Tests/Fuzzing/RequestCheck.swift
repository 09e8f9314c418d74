import HTTP

/// The result of a request parser for pieces of bytes.
private struct Reading: Equatable {
  struct Message: Equatable {
    var request: Request
    var body: [UInt8] = []
    var isComplete = false
  }

  var messages: [Message] = []
  var error: ParseError?

  init(_ pieces: [[UInt8]], limits: RequestParser.Limits) throws {
    var parser = RequestParser(limits: limits)
    for piece in pieces {
      var position = 0
      var events = 0
      while true {
        let before = position
        let event: RequestParser.Event?
        do throws(ParseError) {
          event = try parser.next(piece.span, at: &position)
        } catch {
          self.error = error
          try require(position >= before && position <= piece.count, "takes bytes that are not there")
          return
        }
        try require(position >= before && position <= piece.count, "takes bytes that are not there")
        guard let event else {
          try require(position == piece.count, "leaves bytes without a reason")
          break
        }
        events += 1
        // An event takes a byte, but for the end of a message, which has a head of its own.
        try require(events <= 2 * piece.count + 1, "more events than bytes")
        try take(event, of: piece, before..<position)
      }
    }
  }

  private mutating func take(
    _ event: RequestParser.Event, of piece: [UInt8], _ taken: Range<Int>
  ) throws {
    switch event {
    case .head(let request):
      try require(messages.last?.isComplete ?? true, "a head within a message")
      messages.append(Message(request: request))
    case .body(let bounds):
      try require(!messages.isEmpty, "a body without a head")
      try require(
        !bounds.isEmpty && bounds.lowerBound >= taken.lowerBound && bounds.upperBound <= taken.upperBound,
        "a body of bytes that were not taken")
      messages[messages.count - 1].body += piece[bounds]
    case .end:
      try require(messages.last?.isComplete == false, "an end without a message")
      messages[messages.count - 1].isComplete = true
    }
  }
}

/// The parser of requests. The result is the same for every split of the bytes. An accepted request is
/// well-formed, and it is read as equal after it is written again.
func checkRequest(_ bytes: [UInt8]) throws {
  let narrow = RequestParser.Limits(
    requestLineBytes: 128, headBytes: 512, fieldCount: 12, chunkExtensionBytes: 48)
  for limits in [narrow, RequestParser.Limits()] {
    let whole = try Reading([bytes], limits: limits)
    for split in [bytes.map { [$0] }, pieces(of: bytes, most: 7), pieces(of: bytes, most: 60)] {
      try require(
        try Reading(split, limits: limits) == whole, "what it says depends on how the bytes are split")
    }
    for message in whole.messages { try check(message) }
  }
}

private func check(_ message: Reading.Message) throws {
  let request = message.request
  for segment in request.pathSegments {
    try require(segment != "." && segment != "..", "a step upwards in a path")
    try require(!segment.split(separator: "/").contains(".."), "a hidden step upwards in a path")
    try require(segment.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }, "a control character in a path")
  }
  for item in request.query {
    try require(!item.name.utf8.contains(0) && !item.value.utf8.contains(0), "NUL in a query")
  }
  for (_, value) in request.headers {
    try require(
      value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }, "a control character in a field")
  }
  try require(request.headers.all(named: "Host").count <= 1, "several Hosts")
  try require(request.version == .http10 || request.headers.contains("Host"), "no Host")
  switch request.framing {
  case .none:
    try require(message.body.isEmpty, "a body of no length")
    try require(
      !request.headers.contains("Content-Length") && !request.headers.contains("Transfer-Encoding"),
      "a length that was not seen")
  case .length(let length):
    try require(request.headers.all(named: "Content-Length").count == 1, "several lengths")
    try require(!request.headers.contains("Transfer-Encoding"), "a length and a coding")
    try require(
      message.isComplete ? message.body.count == length : message.body.count <= length,
      "a body of another length")
  case .chunked:
    try require(!request.headers.contains("Content-Length"), "a length and a coding")
    try require(request.version == .http11, "a coding in HTTP/1.0")
  }
  guard message.isComplete else { return }
  // Fields that are no UTF-8 are read with replacement characters, which take more bytes.
  let wide = RequestParser.Limits(requestLineBytes: 1 << 20, headBytes: 1 << 20)
  let again = try Reading([written(message)], limits: wide)
  try require(again.error == nil && again.messages == [message], "written out anew it is read otherwise")
}

private func written(_ message: Reading.Message) -> [UInt8] {
  let request = message.request
  var bytes = Array(
    "\(request.method) \(request.target) HTTP/\(request.version == .http10 ? "1.0" : "1.1")\r\n".utf8)
  for (name, value) in request.headers { bytes += Array("\(name): \(value)\r\n".utf8) }
  bytes += Array("\r\n".utf8)
  guard request.framing == .chunked else { return bytes + message.body }
  if !message.body.isEmpty {
    bytes += Array("\(String(message.body.count, radix: 16))\r\n".utf8) + message.body + Array("\r\n".utf8)
  }
  return bytes + Array("0\r\n\r\n".utf8)
}
