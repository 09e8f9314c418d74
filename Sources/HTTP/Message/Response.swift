/// A response: its status, fields and body.
///
/// The server writes `Date`, `Content-Length`, `Transfer-Encoding` and `Connection` itself and drops fields
/// of these names. But `Connection: close` closes the connection after the response.
public struct Response: Sendable {
  public enum Body: Sendable {
    case empty
    case bytes([UInt8])
    /// The closure gives the next piece each time the system has taken the one before; nil ends the body, and
    /// an error breaks the connection off. Calls come one after another on a queue of their own and may block
    /// for as long as a read does, so a slow client holds no thread. For blobs; pieces of about 1 MiB are
    /// fast. With a length the body must have exactly that many bytes; without one it is chunked.
    case pull(length: Int?, @Sendable () throws -> [UInt8]?)
    /// The closure is called at once and must not block. It keeps the writer and may `send` from anywhere
    /// until `finish`. For server-sent events: no thread is held while nothing is written.
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
