import Dispatch
import Synchronization

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

/// The pieces of a body that wait for their consumer. It belongs to the connection's loop.
final class BodyStream {
  /// Bytes that may be read ahead of the consumer.
  static let window = 1 << 20
  /// Bytes that are counted for each piece in addition to its own, since many small pieces take memory too.
  private static let pieceOverhead = 512

  let limit: Int
  let consumer: BodyConsumer
  private(set) var received = 0
  private var outstanding = 0
  private var gathered: [UInt8] = []

  init(limit: Int, consumer: BodyConsumer) {
    self.limit = limit
    self.consumer = consumer
  }

  var isFull: Bool { outstanding >= Self.window }

  func gather(_ bytes: Span<UInt8>) {
    received += bytes.count
    gathered.append(copying: bytes)
  }

  /// The count of the gathered bytes as a piece; 0 for no bytes.
  var gatheredCost: Int { gathered.isEmpty ? 0 : gathered.count + Self.pieceOverhead }

  /// The gathered bytes as a piece that is outstanding until `release` is called with its cost.
  func takePiece() -> [UInt8] {
    outstanding += gatheredCost
    defer { gathered = [] }
    return gathered
  }

  func release(_ cost: Int) { outstanding -= cost }
}

/// Takes the pieces of a body on a queue of its own, and tells its completion once how the body ended.
final class BodyConsumer: Sendable {
  private let queue = DispatchQueue(label: "http.body")
  private let chunk: RequestBody.Chunk
  private let completion: RequestBody.Streamed
  /// Whether the completion was called; read and written on the queue.
  private let isDone = Atomic<Bool>(false)

  init(chunk: @escaping RequestBody.Chunk, completion: @escaping RequestBody.Streamed) {
    self.chunk = chunk
    self.completion = completion
  }

  /// Hands on a piece. `taken` is called on the consumer's queue when the piece is used up, with the error
  /// that the consumer threw.
  func take(_ bytes: [UInt8], taken: @escaping @Sendable ((any Error)?) -> Void) {
    queue.async { [self] in
      guard !isDone.load(ordering: .relaxed) else { return taken(nil) }
      do {
        try chunk(bytes)
        taken(nil)
      } catch {
        isDone.store(true, ordering: .relaxed)
        taken(error)
        completion(.failure(error))
      }
    }
  }

  /// Called after every piece. A failure of the consumer was reported before.
  func finish(_ result: Result<Int, HTTPError>) {
    queue.async { [self] in
      guard !isDone.exchange(true, ordering: .relaxed) else { return }
      completion(result.mapError { $0 })
    }
  }
}
