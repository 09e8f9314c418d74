import Dispatch

/// The taker of the body of the request under way.
enum BodyTaker {
  /// Nobody has asked yet: the body stays in the socket.
  case nobody
  case collect(Collection)
  case stream(BodyStream)
  /// The request is answered already. The rest of the body is dropped, up to this many bytes.
  case discard(Int)

  final class Collection {
    var bytes: [UInt8] = []
    let limit: Int
    let completion: RequestBody.Collected

    init(limit: Int, completion: @escaping RequestBody.Collected) {
      self.limit = limit
      self.completion = completion
    }
  }
}

/// Hands the pieces of a body to a consumer on a queue of its own. Its variables belong to the loop of the
/// connection, but `failed` belongs to the queue.
final class BodyStream: @unchecked Sendable {
  /// Bytes that may be read ahead of the consumer. A piece counts `pieceOverhead` beyond its bytes, because
  /// many small pieces take memory too.
  static let window = 1 << 20
  private static let pieceOverhead = 512

  let limit: Int
  private(set) var received = 0
  private var outstanding = 0
  private var gathered: [UInt8] = []
  private let queue = DispatchQueue(label: "http.body")
  private let chunk: RequestBody.Chunk
  private let completion: RequestBody.Streamed
  private var failed = false

  init(limit: Int, chunk: @escaping RequestBody.Chunk, completion: @escaping RequestBody.Streamed) {
    self.limit = limit
    self.chunk = chunk
    self.completion = completion
  }

  var isFull: Bool { outstanding >= Self.window }

  func gather(_ bytes: Span<UInt8>) {
    received += bytes.count
    gathered.append(copying: bytes)
  }

  /// The count of the gathered bytes as a piece; 0 for no bytes.
  var gatheredCost: Int { gathered.isEmpty ? 0 : gathered.count + Self.pieceOverhead }

  /// Hands on the gathered bytes. `taken` is called on the consumer's queue when the piece is used up, with
  /// its count and the error that the consumer threw.
  func offer(taken: @escaping @Sendable (Int, (any Error)?) -> Void) {
    let cost = gatheredCost
    let bytes = gathered
    gathered = []
    outstanding += cost
    queue.async { [self] in
      guard !failed else { return taken(cost, nil) }
      do {
        try chunk(bytes)
        taken(cost, nil)
      } catch {
        failed = true
        taken(cost, error)
        completion(.failure(error))
      }
    }
  }

  func release(_ cost: Int) { outstanding -= cost }

  /// Called after everything was offered. A failure of the consumer was reported before.
  func finish(_ result: Result<Int, HTTPError>) {
    queue.async { [self] in
      guard !failed else { return }
      failed = true
      completion(result.mapError { $0 })
    }
  }
}
