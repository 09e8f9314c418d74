import HTTP
import JSON
import Jobs

/// The handler of a route, and the thread that may run it.
struct Route: Sendable {
  enum Work: Sendable {
    /// Cheap: answered on the connection's loop.
    case immediate(@Sendable (Application, Call) throws -> Response)
    /// Reads or computes for a while: answered on a thread that may block.
    case blocking(@Sendable (Application, Call) throws -> Response)
    /// Reads or loads large things: answered on one of a few threads of their own, so that nothing else
    /// waits.
    case loading(@Sendable (Application, Call) throws -> Response)
    /// As `blocking`, once the whole JSON body has arrived.
    case json(@Sendable (Application, Call) throws -> Response)
    /// As `json`, but answers later, so that no thread waits for a commit.
    case deferredJSON(@Sendable (Application, Call, Exchange) throws -> Void)
    /// Takes the exchange and answers it later.
    case exchange(@Sendable (Application, Call, Exchange) throws -> Void)
  }

  let work: Work
  /// The caching of the route's answers.
  let caching: Caching
  /// Whether the route is served without a token.
  let isOpen: Bool
  /// The route's place in the list of routes. It labels the exchange, and requests are counted by it.
  let number: Int
}

extension Response {
  /// JSON with a newline at its end.
  static func json(_ value: JSONValue, _ status: Status = .ok, headers: Headers = [:]) -> Response {
    json(bytes: JSONWriter.bytes(value), status, headers: headers)
  }

  static func json(bytes: [UInt8], _ status: Status = .ok, headers: Headers = [:]) -> Response {
    json(line: bytes + [0x0A], status, headers: headers)
  }

  /// JSON text that already ends with a newline.
  static func json(line: [UInt8], _ status: Status = .ok, headers: Headers = [:]) -> Response {
    guard !headers.isEmpty else { return Response(status, headers: jsonHeaders, body: .bytes(line)) }
    var headers = headers
    headers.set("Content-Type", "application/json")
    if !headers.contains("Cache-Control") { headers.set("Cache-Control", "no-store") }
    headers.set("Vary", "Accept")
    return Response(status, headers: headers, body: .bytes(line))
  }

  private static let jsonHeaders: Headers = [
    "Content-Type": "application/json", "Cache-Control": "no-store", "Vary": "Accept",
  ]

  static func table(_ text: String, headers: Headers = [:]) -> Response {
    var headers = headers
    headers.set("Content-Type", "text/plain; charset=utf-8")
    headers.set("Cache-Control", "no-store")
    headers.set("Vary", "Accept")
    return Response(.ok, headers: headers, body: .bytes(Array(text.utf8)))
  }
}
