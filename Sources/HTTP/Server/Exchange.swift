import Synchronization

/// The other end of an exchange: a connection, or memory in tests.
protocol Transport: AnyObject, Sendable {
  func label(_ label: Int, _ exchange: UInt64)
  func respond(_ response: Response, to exchange: UInt64)
  func abandon(_ exchange: UInt64)
  func collect(_ exchange: UInt64, limit: Int?, _ completion: @escaping RequestBody.Collected)
  func stream(
    _ exchange: UInt64, limit: Int?, chunk: @escaping RequestBody.Chunk,
    completion: @escaping RequestBody.Streamed)
  func whenClosed(_ exchange: UInt64, _ action: @escaping @Sendable () -> Void)
}

/// A request and its one response. An exchange that is dropped without a response is answered with 500.
public final class Exchange: Sendable {
  public let request: Request
  public let body: RequestBody

  private let transport: any Transport
  private let id: UInt64
  private let answered = Atomic<Bool>(false)

  init(request: Request, transport: any Transport, id: UInt64) {
    self.request = request
    self.transport = transport
    self.id = id
    let length: Int? =
      switch request.framing {
      case .none: 0
      case .length(let length): length
      case .chunked: nil
      }
    body = RequestBody(transport: transport, id: id, contentLength: length)
  }

  /// Gives the exchange a number that comes back in its `Completion`, such as that of its route. Call it
  /// within the call of the handler.
  public func label(_ label: Int) { transport.label(label, id) }

  /// Answers, from any thread, now or later. Within the call of the handler it is fastest, because no thread
  /// changes.
  ///
  /// - Returns: false when the exchange was answered before; that call does nothing.
  @discardableResult
  public func respond(_ response: Response) -> Bool {
    guard !answered.exchange(true, ordering: .acquiringAndReleasing) else { return false }
    transport.respond(response, to: id)
    return true
  }

  /// Calls `action` once if the client closes its side, or the connection fails, before the response is
  /// complete. Then nobody is likely to wait for the response. It is still sent if it can be. `action` runs
  /// on the loop of the connection and must not block.
  public func onClose(_ action: @escaping @Sendable () -> Void) { transport.whenClosed(id, action) }

  deinit {
    if !answered.load(ordering: .acquiring) { transport.abandon(id) }
  }
}

/// The body of a request. It is taken at most once, either whole or as a stream. `100 Continue` is sent when
/// it is asked for. A body that nobody asks for is not read into memory.
public struct RequestBody: Sendable {
  public typealias Collected = @Sendable (Result<[UInt8], HTTPError>) -> Void
  public typealias Chunk = @Sendable ([UInt8]) throws -> Void
  public typealias Streamed = @Sendable (Result<Int, any Error>) -> Void

  private let transport: any Transport
  private let id: UInt64
  /// 0 for no body, nil for a chunked one.
  public let contentLength: Int?

  init(transport: any Transport, id: UInt64, contentLength: Int?) {
    self.transport = transport
    self.id = id
    self.contentLength = contentLength
  }

  public var isEmpty: Bool { contentLength == 0 }

  /// Takes the whole body, at most `limit` bytes (the server's `bodyBytes` by default).
  ///
  /// `completion` runs on the loop of the connection, before this call returns if the body has come already.
  /// It must not block or compute for long. After a failure answer the exchange as usual; then the connection
  /// is closed.
  public func collect(limit: Int? = nil, _ completion: @escaping Collected) {
    transport.collect(id, limit: limit, completion)
  }

  /// Takes the body piece by piece, at most `limit` bytes in all.
  ///
  /// `chunk` and `completion` run one after another on a queue of their own and may block. No more than a few
  /// pieces are read ahead of them. An error thrown by `chunk` ends the stream and reaches `completion`. Else
  /// `completion` gets the number of bytes, or an `HTTPError`.
  public func stream(
    limit: Int? = nil, chunk: @escaping Chunk, completion: @escaping Streamed
  ) {
    transport.stream(id, limit: limit, chunk: chunk, completion: completion)
  }
}
