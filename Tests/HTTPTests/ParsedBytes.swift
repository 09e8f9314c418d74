import HTTP

/// The result of a parser for some bytes: the requests with their bodies, and the end.
struct ParsedBytes: Equatable {
  struct Message: Equatable {
    var request: Request
    var body: [UInt8]
    var isComplete: Bool
  }

  var messages: [Message] = []
  var error: ParseError?
  /// Whether the bytes end between two requests.
  var endsBetweenRequests = false

  /// Feeds `pieces` one after another.
  init(_ pieces: [[UInt8]], limits: RequestParser.Limits = .init()) {
    var parser = RequestParser(limits: limits)
    do throws(ParseError) {
      for piece in pieces {
        var position = 0
        while let event = try parser.next(piece.span, at: &position) {
          switch event {
          case .head(let request): messages.append(Message(request: request, body: [], isComplete: false))
          case .body(let bounds): messages[messages.count - 1].body += piece[bounds]
          case .end: messages[messages.count - 1].isComplete = true
          }
        }
      }
      endsBetweenRequests = parser.isBetweenRequests
    } catch {
      self.error = error
    }
  }

  init(_ text: String, limits: RequestParser.Limits = .init()) {
    self.init([Array(text.utf8)], limits: limits)
  }

  var bodyText: String { String(decoding: messages.first?.body ?? [], as: UTF8.self) }
}

/// A request whose head is `lines`, in CR LF, and whose body follows as it is.
func story(_ lines: String..., body: String = "") -> String {
  lines.map { $0 + "\r\n" }.joined() + "\r\n" + body
}

/// The error that `lines` behind a good request line and Host give.
func fault(_ lines: String..., body: String = "") -> ParseError? {
  let head = (["GET / HTTP/1.1", "Host: a"] + lines).map { $0 + "\r\n" }.joined()
  return ParsedBytes(head + "\r\n" + body).error
}
