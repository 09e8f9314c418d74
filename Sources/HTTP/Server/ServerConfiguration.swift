/// Where a server listens and what it allows a client.
public struct ServerConfiguration: Sendable {
  /// A name or a numeric address; every address it resolves to is listened on. `::` takes IPv4 too.
  public var host = "127.0.0.1"
  /// 0 takes a free one.
  public var port: UInt16 = 8080
  public var backlog: Int32 = 1024

  public var parserLimits = RequestParser.Limits()
  /// Of a body, where the handler does not say.
  public var bodyBytes = 1 << 20

  /// Of all bodies being received at a time, as far as they are in memory; a request beyond it is answered with 503.
  public var collectedBytes = 512 << 20
  /// Of all responses that clients have not taken yet; a connection whose response goes beyond it is closed.
  public var unsentBytes = 512 << 20

  /// Open connections in all; more are answered with 503. The process' limit of open files is raised for them as far as the
  /// system lets it be; where that is not far enough, fewer are taken.
  public var connections = 20_000
  /// Open connections of one address.
  public var connectionsPerAddress = 20_000

  /// For a whole head, from its first byte; for the first byte of a connection too.
  public var headDeadline = Duration.seconds(15)
  /// How long a client may be waited for while its body comes: this long in all, and longer only as bytes arrive at
  /// `minimumBodyRate`. Time the consumer takes does not count.
  public var bodyDeadline = Duration.seconds(30)
  /// Between requests.
  public var idleDeadline = Duration.seconds(75)
  /// How long a client may leave a response lying: this long in all, and longer only as it takes bytes at `minimumBodyRate`.
  public var writeDeadline = Duration.seconds(30)
  /// Bytes a second below which a body, sent or received, is too slow.
  public var minimumBodyRate = 1024
  /// Bytes of a refused body that are read and dropped after the response, for clients that send all of a body before they
  /// read (RFC 9112 §9.6). They must come as fast as those of a body that is taken.
  public var drainBytes = 64 << 20
  /// How long a closed connection is read on, so that the client sees the last response (RFC 9112 §9.6).
  public var lingerDeadline = Duration.seconds(2)

  /// Serial queues the connections are spread over; 0 takes one for every two processors: with as many as processors they
  /// are in each other's way, and in that of whoever they answer.
  public var loops = 0

  /// Makes the response to a fault that no handler sees.
  public var renderError: @Sendable (HTTPError) -> Response = { $0.problem }
  /// Is told of every response when its last byte is handed to the system: for logs and counters. Called on a loop.
  public var onCompletion: (@Sendable (Completion) -> Void)?

  public init() {}

  /// A finished exchange.
  public struct Completion: Sendable {
    /// Nil where no head could be read.
    public var request: Request?
    /// What the handler gave the exchange, if anything.
    public var label: Int?
    public var remoteAddress: String
    public var status: Status
    public var bodyBytes: Int
    /// From the end of the head to the last byte of the response.
    public var duration: Duration
    /// Whether the response was given out whole.
    public var complete: Bool
  }
}
