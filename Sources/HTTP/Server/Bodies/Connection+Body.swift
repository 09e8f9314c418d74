/// The body of the request under way.
extension Connection {
  func collect(_ id: UInt64, limit: Int?, _ completion: @escaping RequestBody.Collected) {
    onLoop(
      { $0.startCollecting(id, limit: limit, completion) }, gone: { completion(.failure(.disconnected)) })
  }

  func stream(
    _ id: UInt64, limit: Int?, chunk: @escaping RequestBody.Chunk,
    completion: @escaping RequestBody.Streamed
  ) {
    onLoop(
      { $0.startStreaming(id, limit: limit, chunk, completion) },
      gone: { completion(.failure(HTTPError.disconnected)) })
  }

  func whenClosed(_ id: UInt64, _ action: @escaping @Sendable () -> Void) {
    onLoop(
      {
        guard $0.exchange == id, $0.outcome == .awaited || $0.outcome == .streaming else { return }
        if $0.inputEnded { action() } else { $0.closeActions.append(action) }
      }, gone: action)
  }

  /// Does `work`, at once if the caller is within an event of this connection, else in an event of its own.
  /// Calls `gone` if the connection is closed.
  func onLoop(_ work: @escaping @Sendable (Connection) -> Void, gone: @escaping @Sendable () -> Void) {
    if loop.isCurrent, isActive {
      if closed { gone() } else { work(self) }
      return
    }
    loop.queue.async { [self] in
      loop.perform {
        guard !closed else { return gone() }
        loop.eventTime = monotonicNow()
        isActive = true
        work(self)
        resume()
        leave()
      }
    }
  }

  // MARK: Taking

  var takerWantsMore: Bool {
    switch taker {
    case .nobody: false
    case .collect, .discard: true
    case .stream(let stream): !stream.isFull
    }
  }

  private func startCollecting(_ id: UInt64, limit: Int?, _ completion: @escaping RequestBody.Collected) {
    guard exchange == id, outcome == .awaited, case .nobody = taker else {
      return completion(.failure(.bodyTaken))
    }
    let collection = BodyTaker.Collection(
      limit: limit ?? core.configuration.bodyBytes, completion: completion)
    taker = .collect(collection)
    startBody(limit: collection.limit)
    if intake == .body, let length = remainingLength {
      // The length that a header claims is not reserved. Large bodies grow as they come.
      collection.bytes.reserveCapacity(min(length, 64 << 10))
    }
  }

  private func startStreaming(
    _ id: UInt64, limit: Int?, _ chunk: @escaping RequestBody.Chunk,
    _ completion: @escaping RequestBody.Streamed
  ) {
    let consumer = BodyConsumer(chunk: chunk, completion: completion)
    guard exchange == id, outcome == .awaited, case .nobody = taker else {
      return consumer.finish(.failure(.bodyTaken))
    }
    let stream = BodyStream(limit: limit ?? core.configuration.bodyBytes, consumer: consumer)
    taker = .stream(stream)
    startBody(limit: stream.limit)
  }

  private func startBody(limit: Int) {
    guard intake == .body else { return finishTaker() }
    if let remainingLength, remainingLength > limit { return failBody(.bodyTooLarge(limit: limit)) }
    if inputEnded, stash.isEmpty { return failBody(.disconnected) }
    if expectsContinue {
      expectsContinue = false
      ResponseEncoder.append("HTTP/1.1 100 Continue\r\n\r\n", to: &loop.output)
    }
  }

  func takeBody(_ bytes: Span<UInt8>) {
    // The client sends the body without having waited for 100 Continue.
    expectsContinue = false
    if let length = remainingLength { remainingLength = length - bytes.count }
    switch taker {
    case .nobody: break
    case .collect(let collection):
      guard bytes.count <= collection.limit - collection.bytes.count else {
        return failBody(.bodyTooLarge(limit: collection.limit))
      }
      guard core.reserve(bytes.count) else { return failBody(.overloaded) }
      collection.bytes.append(copying: bytes)
    case .stream(let stream):
      guard bytes.count <= stream.limit - stream.received else {
        return failBody(.bodyTooLarge(limit: stream.limit))
      }
      stream.gather(bytes)
    case .discard(let budget):
      if bytes.count > budget {
        closesWhenSent = true
        isBodyRefused = true
      }
      taker = .discard(budget - bytes.count)
    }
  }

  /// Hands the bytes of an event to a taker that takes pieces.
  func offerGathered() {
    guard case .stream(let stream) = taker, stream.gatheredCost > 0 else { return }
    let (cost, consumer) = (stream.gatheredCost, stream.consumer)
    guard core.reserve(cost) else { return failBody(.overloaded) }
    consumer.take(stream.takePiece()) { [self] error in
      core.unreserve(cost)
      onLoop({ $0.pieceTaken(by: consumer, cost: cost, failed: error != nil) }, gone: {})
    }
  }

  func endBody() {
    intake = .ended
    finishTaker()
  }

  private func finishTaker() {
    offerGathered()
    let taker = taker
    self.taker = .discard(0)
    switch taker {
    case .collect(let collection):
      core.unreserve(collection.bytes.count)
      collection.completion(.success(collection.bytes))
    case .stream(let stream): stream.consumer.finish(.success(stream.received))
    case .nobody, .discard: break
    }
  }

  /// The body cannot be received. Its taker gets the error and answers, and then the connection closes.
  func failBody(_ error: HTTPError) {
    intake = .ended
    closesAfterResponse = true
    switch error {
    case .bodyTooLarge, .overloaded: isBodyRefused = true
    default: stash.clear()
    }
    failTaker(error)
    if outcome == .done { closesWhenSent = true }
  }

  func failTaker(_ error: HTTPError) {
    let taker = taker
    self.taker = .discard(0)
    switch taker {
    case .collect(let collection):
      core.unreserve(collection.bytes.count)
      collection.completion(.failure(error))
    case .stream(let stream): stream.consumer.finish(.failure(error))
    case .nobody, .discard: break
    }
  }

  /// A consumer has used up a piece, or has given up. The body may have another taker by then.
  private func pieceTaken(by consumer: BodyConsumer, cost: Int, failed: Bool) {
    guard case .stream(let stream) = taker, stream.consumer === consumer else { return }
    stream.release(cost)
    guard failed else { return }
    taker = .nobody
    if outcome == .done || outcome == .streaming { abandonBody() }
  }

  /// Nobody takes the rest of the body while a response is sent. A small rest is read and dropped, to keep
  /// the connection. With a large rest the connection closes (RFC 9110 §10.1.1, RFC 9112 §9.3) and reads the
  /// rest while it lingers.
  func abandonBody() {
    guard intake == .body else { return }
    failTaker(.bodyTaken)
    let rest = remainingLength ?? 0
    if expectsContinue || rest > Connection.discardBudget {
      closesAfterResponse = true
      intake = .ended
      isBodyRefused = true
    } else {
      taker = .discard(Connection.discardBudget)
    }
  }
}
