import Dispatch

/// Who takes the body of the request under way.
enum BodyTaker {
  /// Nobody has asked yet: it stays in the socket.
  case nobody
  case collect(Collection)
  case stream(BodyStream)
  /// Answered already; the rest is dropped, up to so many bytes.
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

/// Hands the pieces of a body to a consumer on a queue of its own. Its variables belong to the connection's loop, but
/// `failed`, which belongs to the queue.
final class BodyStream: @unchecked Sendable {
  /// Bytes that may be read ahead of the consumer.
  static let window = 1 << 20

  let limit: Int
  private(set) var received = 0
  private(set) var outstanding = 0
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

  /// `taken` is called on the consumer's queue when the piece is used up, with what it threw.
  func offer(_ bytes: [UInt8], taken: @escaping @Sendable ((any Error)?) -> Void) {
    received += bytes.count
    outstanding += bytes.count
    queue.async { [self] in
      guard !failed else { return }
      do {
        try chunk(bytes)
        taken(nil)
      } catch {
        failed = true
        taken(error)
        completion(.failure(error))
      }
    }
  }

  func release(_ count: Int) { outstanding -= count }

  /// After everything offered; a failure of the consumer has been told already.
  func finish(_ result: Result<Int, HTTPError>) {
    queue.async { [self] in
      guard !failed else { return }
      failed = true
      completion(result.mapError { $0 })
    }
  }
}
