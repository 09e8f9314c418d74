import Synchronization

extension Exchange {
  /// An exchange without a connection, for tests of handlers. The body is there at once, and `answer` gets
  /// the response.
  public convenience init(
    _ request: Request, body: [UInt8] = [], answer: @escaping @Sendable (Response) -> Void
  ) {
    var request = request
    request.framing = body.isEmpty ? .none : .length(body.count)
    self.init(request: request, transport: MemoryTransport(body: body, answer: answer), id: 1)
  }
}

/// The other end of an exchange without a connection.
final class MemoryTransport: Transport {
  private let body: [UInt8]
  private let answer: @Sendable (Response) -> Void
  private let taken = Atomic<Bool>(false)

  init(body: [UInt8], answer: @escaping @Sendable (Response) -> Void) {
    self.body = body
    self.answer = answer
  }

  func label(_ label: Int, _ exchange: UInt64) {}
  func respond(_ response: Response, to exchange: UInt64) { answer(response) }
  func abandon(_ exchange: UInt64) { answer(HTTPError.unanswered.problem) }
  func whenClosed(_ exchange: UInt64, _ action: @escaping @Sendable () -> Void) {}

  func collect(_ exchange: UInt64, limit: Int?, _ completion: @escaping RequestBody.Collected) {
    completion(take(limit))
  }

  func stream(
    _ exchange: UInt64, limit: Int?, chunk: @escaping RequestBody.Chunk,
    completion: @escaping RequestBody.Streamed
  ) {
    do {
      let bytes = try take(limit).get()
      if !bytes.isEmpty { try chunk(bytes) }
      completion(.success(bytes.count))
    } catch {
      completion(.failure(error))
    }
  }

  private func take(_ limit: Int?) -> Result<[UInt8], HTTPError> {
    guard !taken.exchange(true, ordering: .acquiringAndReleasing) else { return .failure(.bodyTaken) }
    let limit = limit ?? 1 << 20
    return body.count > limit ? .failure(.bodyTooLarge(limit: limit)) : .success(body)
  }
}
