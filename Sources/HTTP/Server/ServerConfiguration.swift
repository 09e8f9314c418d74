/// The address of a server, and its limits for clients.
public struct ServerConfiguration: Sendable {
  /// A name or a numeric address. The server listens on every address that it resolves to. `::` takes IPv4
  /// too.
  public var host = "127.0.0.1"
  /// 0 takes a free port.
  public var port: UInt16 = 8080
  public var backlog: Int32 = 1024

  public var parserLimits = RequestParser.Limits()
  /// The most bytes of a body, if the handler gives no limit.
  public var bodyBytes = 1 << 20

  /// The most bytes in memory of all bodies that are being received. A request beyond it is answered with
  /// 503.
  public var collectedBytes = 512 << 20
  /// The most bytes of all responses that clients have not taken yet. A connection whose response goes beyond
  /// it is closed.
  public var unsentBytes = 512 << 20

  /// The most open connections; more are answered with 503. The process' limit of open files is raised for
  /// them as far as the system lets it. If that is not far enough, fewer connections are taken.
  public var connections = 20_000
  /// The most open connections of one address.
  public var connectionsPerAddress = 20_000

  /// Time for a whole head, from its first byte, and for the first byte of a connection.
  public var headDeadline = Duration.seconds(15)
  /// The longest wait for a client while its body comes, in all. It grows only as bytes arrive at
  /// `minimumBodyRate`. Time that the consumer takes does not count.
  public var bodyDeadline = Duration.seconds(30)
  /// Time between requests.
  public var idleDeadline = Duration.seconds(75)
  /// The longest time that a client may leave a response lying, in all. It grows only as the client takes
  /// bytes at `minimumBodyRate`.
  public var writeDeadline = Duration.seconds(30)
  /// Bytes a second below which a body, sent or received, is too slow.
  public var minimumBodyRate = 1024
  /// The most bytes of a refused body that are read and dropped after the response, for clients that send all
  /// of a body before they read (RFC 9112 §9.6). They must come as fast as those of a body that is taken.
  public var drainBytes = 64 << 20
  /// Time that a closed connection is read on, so that the client sees the last response (RFC 9112 §9.6).
  public var lingerDeadline = Duration.seconds(2)

  /// Serial queues that the connections are spread over; 0 takes one for every two processors. As many as
  /// processors get in each other's way, and in the way of local clients.
  public var loops = 0

  /// Makes the response to a fault that no handler sees.
  public var renderError: @Sendable (HTTPError) -> Response = { $0.problem }
  /// Called on a loop for every response when its last byte is handed to the system: for logs and counters.
  public var onCompletion: (@Sendable (Completion) -> Void)?

  public init() {}

  /// A finished exchange.
  public struct Completion: Sendable {
    /// Nil if no head could be read.
    public var request: Request?
    /// The label that the handler gave the exchange.
    public var label: Int?
    public var remoteAddress: String
    public var status: Status
    public var bodyBytes: Int
    /// From the end of the head to the last byte of the response.
    public var duration: Duration
    /// Whether the whole response was handed to the system.
    public var complete: Bool
  }
}
