/// A response: its status, fields and body.
///
/// The server writes `Date`, `Content-Length`, `Transfer-Encoding` and `Connection` itself; fields of these names are
/// left out, but `Connection: close` closes the connection after the response.
public struct Response: Sendable {
  public enum Body: Sendable {
    case empty
    case bytes([UInt8])
    /// Fetched piece by piece, each when the system has taken the one before; nil ends the body, an error breaks the
    /// connection off. The calls come one after another on a queue of their own and may block for as long as a read does.
    /// For blobs: pieces of about 1 MiB are fast, and a slow client holds no thread.
    /// With a length it must be exactly so many bytes; without, the body is chunked.
    case pull(length: Int?, @Sendable () throws -> [UInt8]?)
    /// Costs no thread while nothing is written: the closure is called at once, must not block, and keeps the writer for
    /// `send` from anywhere, until `finish`. For server-sent events.
    case channel(length: Int?, @Sendable (BodyWriter) -> Void)
  }

  public var status: Status
  public var headers: Headers
  public var body: Body

  public init(_ status: Status = .ok, headers: Headers = [:], body: Body = .empty) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// A response with `text` in UTF-8.
  public init(_ status: Status = .ok, text: String, type: String = "text/plain; charset=utf-8") {
    self.init(status, headers: ["Content-Type": type], body: .bytes(Array(text.utf8)))
  }
}
