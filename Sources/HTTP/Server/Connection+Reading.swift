import Glibc

/// From bytes to requests.
extension Connection {
  func readable() {
    guard !closed else { return }
    loop.eventTime = monotonicNow()
    if lingering { return drop() }
    let capacity = intake == .body ? EventLoop.bufferSize : Connection.headRead
    switch Socket.receive(descriptor, loop.buffer, capacity) {
    case .wouldBlock: return
    case .failed: return close()
    case .ended:
      isActive = true
      endInput()
      leave()
    case .bytes(let count):
      isActive = true
      chargeBody(now: loop.eventTime, received: count)
      if stash.isEmpty {
        let input = Span<UInt8>(
          _unsafeStart: loop.buffer.assumingMemoryBound(to: UInt8.self), count: count)
        let taken = advance(input)
        if taken < count, !closed { stash.append(input.extracting(taken..<count)) }
      } else {
        stash.append(Span(_unsafeStart: loop.buffer.assumingMemoryBound(to: UInt8.self), count: count))
        resume()
      }
      leave()
    }
  }

  /// Goes on with the stashed bytes, as far as it can.
  func resume() {
    while !stash.isEmpty, !closed {
      let bytes = stash.bytes
      let rest = bytes.count - stash.start
      let taken = advance(bytes.span.extracting(stash.start..<bytes.count))
      // An event may have cleared it.
      if !stash.isEmpty { stash.drop(taken) }
      guard taken == rest else { return }
    }
    // A finished exchange must make room for the next, also if nothing is stashed.
    if !closed { _ = advance(Span()) }
  }

  /// The client will send no more.
  private func endInput() {
    inputEnded = true
    if outcome == .awaited || outcome == .streaming {
      let actions = closeActions
      closeActions = []
      for action in actions { action() }
    }
  }

  /// Takes the bytes of `input` that can be taken now. Returns how many.
  private func advance(_ input: Span<UInt8>) -> Int {
    defer { offerGathered() }
    var position = 0
    do throws(ParseError) {
      while !closed, !closesWhenSent {
        switch intake {
        case .head:
          guard outcome == .idle, pendingBytes < Connection.sendWindow else { return position }
          guard case .head(let request) = try parser.next(input, at: &position) else { return position }
          try begin(request)
        case .body:
          guard takerWantsMore else { return position }
          switch try parser.next(input, at: &position) {
          case .body(let bounds): takeBody(input.extracting(bounds))
          case .end: endBody()
          default: return position
          }
        case .ended:
          guard outcome == .done else { return position }
          intake = .head
          outcome = .idle
          served = true
          idleStart = loop.eventTime
        }
      }
    } catch {
      if intake == .head {
        refuse(.malformed(error))
      } else if case .discard = taker {
        closesWhenSent = true
      } else {
        failBody(.malformed(error))
      }
    }
    // The end of a refused body is still looked for, so bytes behind it are kept.
    return isBodyRefused ? position : input.count
  }

  /// Starts an exchange.
  private func begin(_ parsed: Request) throws(ParseError) {
    var request = parsed
    request.remoteAddress = remoteAddress
    exchange += 1
    headStart = 0
    started = loop.eventTime
    outcome = .awaited
    taker = .nobody
    answersHead = request.method == .head
    isVersion10 = request.version == .http10
    expectsContinue = request.expectsContinue
    closesAfterResponse = !request.keepsAlive || core.isStopping
    bodyBytes = 0
    isBodyRefused = false
    finalStatus = .clientClosedRequest
    switch request.framing {
    case .none, .length(0):
      var nowhere = 0
      _ = try parser.next(Span(), at: &nowhere)
      intake = .ended
      remainingLength = 0
    case .length(let length):
      intake = .body
      remainingLength = length
    case .chunked:
      intake = .body
      remainingLength = nil
    }
    bodyBudget = core.bodyDeadline
    bodyWait = 0
    if core.configuration.onCompletion != nil { self.request = request }
    label = nil
    loop.requests.add(1, ordering: .relaxed)
    core.handler(Exchange(request: request, transport: self, id: exchange))
  }

  /// Answers bytes that are no request, and closes.
  func refuse(_ error: HTTPError) {
    guard outcome == .idle else {
      closesWhenSent = true
      return
    }
    exchange += 1
    outcome = .awaited
    intake = .ended
    started = loop.eventTime
    request = nil
    label = nil
    answersHead = false
    isVersion10 = false
    closesAfterResponse = true
    deliver(core.configuration.renderError(error))
  }
}

extension [UInt8] {
  mutating func append(copying span: Span<UInt8>) {
    span.withUnsafeBufferPointer { append(contentsOf: $0) }
  }
}
