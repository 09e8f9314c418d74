import Glibc

/// From responses to bytes.
extension Connection {
  func label(_ label: Int, _ id: UInt64) {
    if loop.isCurrent, exchange == id { self.label = label }
  }

  func respond(_ response: Response, to id: UInt64) {
    if loop.isCurrent, isActive {
      if exchange == id, outcome == .awaited, !closed { deliver(response) }
      return
    }
    onLoop({ if $0.exchange == id, $0.outcome == .awaited { $0.deliver(response) } }, gone: {})
  }

  func abandon(_ id: UInt64) { respond(core.configuration.renderError(.unanswered), to: id) }

  /// Writes the response of the exchange under way, or starts writing it.
  func deliver(_ response: Response) {
    abandonBody()
    if response.headers.asksClose || core.isStopping { closesAfterResponse = true }
    finalStatus = response.status
    let silent = answersHead || response.status.forbidsBody
    var length = ResponseEncoder.Length.unsaid
    switch response.body {
    case .empty where !response.status.forbidsBody: length = .bytes(0)
    case .bytes(let bytes) where !response.status.forbidsBody: length = .bytes(bytes.count)
    case .channel(let count, _) where !response.status.forbidsBody,
      .pull(let count, _) where !response.status.forbidsBody:
      if let count {
        length = .bytes(count)
      } else if isVersion10 {
        closesAfterResponse = true
      } else {
        length = .chunked
      }
    default: break
    }
    loop.date.update()
    ResponseEncoder.append(
      response, length: length,
      persistence: closesAfterResponse ? .close : isVersion10 ? .keepAlive : .implied,
      date: loop.date.line, to: &loop.output)
    if silent { return complete(whole: true) }
    switch response.body {
    case .empty: complete(whole: true)
    case .bytes(let bytes):
      bodyBytes = bytes.count
      if bytes.count <= 32 << 10 {
        loop.output.append(contentsOf: bytes)
        if loop.output.count > 64 << 10 { flush() }
      } else {
        flush()
        enqueue(bytes)
      }
      complete(whole: true)
    case .channel(let count, let start): start(channel(count))
    case .pull(let count, let produce): BodyPull(channel(count), produce).step()
    }
  }

  private func channel(_ length: Int?) -> BodyWriter {
    outcome = .streaming
    let writer = BodyWriter(connection: self, id: exchange, framing: framing(length))
    self.writer = writer
    return writer
  }

  private func framing(_ length: Int?) -> BodyWriter.Framing {
    length.map { .length($0) } ?? (isVersion10 ? .untilClose : .chunked)
  }

  /// The response has been written, or given up.
  func complete(whole: Bool) {
    guard outcome == .awaited || outcome == .streaming else { return }
    outcome = .done
    closeActions = []
    writer = nil
    if closesAfterResponse { closesWhenSent = true }
    guard let tell = core.configuration.onCompletion else { return }
    let now = monotonicNow()
    tell(
      .init(
        request: request, label: label, remoteAddress: remoteAddress, status: finalStatus,
        bodyBytes: bodyBytes,
        duration: .nanoseconds(Int64(clamping: now &- started)), complete: whole))
    request = nil
  }

  // MARK: Channels

  func sendChannel(_ id: UInt64, _ bytes: [UInt8], completion: @escaping @Sendable (Bool) -> Void) {
    loop.queue.async { [self] in
      loop.perform {
        guard !closed, exchange == id, outcome == .streaming else { return completion(false) }
        loop.eventTime = monotonicNow()
        isActive = true
        flush()
        enqueue(bytes, completion)
        leave()
      }
    }
  }

  /// - Parameter last: whether no other response can follow on the connection.
  func endChannel(_ id: UInt64, _ terminator: [UInt8], whole: Bool, last: Bool, bodyBytes: Int) {
    loop.queue.async { [self] in
      loop.perform {
        guard !closed, exchange == id, outcome == .streaming else { return }
        loop.eventTime = monotonicNow()
        isActive = true
        loop.output.append(contentsOf: terminator)
        self.bodyBytes = bodyBytes
        if !whole || last { closesAfterResponse = true }
        complete(whole: whole)
        resume()
        leave()
      }
    }
  }

  // MARK: Sending

  /// Sends the output that the event has gathered.
  func flush() {
    guard !loop.output.isEmpty else { return }
    defer { loop.output.removeAll(keepingCapacity: true) }
    guard !closed else { return }
    guard pendingBytes == 0 else { return wait(for: loop.output, from: 0, nil) }
    let sent = loop.output.withUnsafeBytes { push($0, from: 0) }
    guard let sent else { return close() }
    if sent < loop.output.count { wait(for: loop.output, from: sent, nil) }
  }

  /// Sends `bytes` behind those that wait, without copying them.
  private func enqueue(_ bytes: [UInt8], _ completion: (@Sendable (Bool) -> Void)? = nil) {
    guard !closed else {
      completion?(false)
      return
    }
    guard pendingBytes == 0 else { return wait(for: bytes, from: 0, completion) }
    guard let sent = bytes.withUnsafeBytes({ push($0, from: 0) }) else {
      completion?(false)
      return close()
    }
    if sent < bytes.count { wait(for: bytes, from: sent, completion) } else { completion?(true) }
  }

  /// Sends until the socket takes no more. Returns how far it came, or nil if the socket failed.
  private func push(_ bytes: UnsafeRawBufferPointer, from offset: Int) -> Int? {
    guard let base = bytes.baseAddress else { return offset }
    var sent = offset
    while sent < bytes.count {
      switch Socket.send(descriptor, base + sent, bytes.count - sent) {
      case .bytes(let count): sent += count
      case .wouldBlock: return sent
      case .ended, .failed: return nil
      }
    }
    return sent
  }

  private func wait(for bytes: [UInt8], from offset: Int, _ completion: (@Sendable (Bool) -> Void)?) {
    guard core.reserveUnsent(bytes.count - offset) else {
      completion?(false)
      return close()
    }
    if pendingBytes == 0 { writeLimit = loop.eventTime &+ core.writeDeadline }
    pending.append(Pending(bytes: bytes, offset: offset, completion: completion))
    pendingBytes += bytes.count - offset
    setWriting(true)
  }

  /// The socket takes bytes again.
  func writable() {
    guard !closed else { return }
    loop.eventTime = monotonicNow()
    isActive = true
    drain()
    if !closed, pendingBytes == 0 {
      pending = []
      pendingFirst = 0
      setWriting(false)
      resume()
    }
    leave()
  }

  private func drain() {
    while pendingFirst < pending.count {
      let piece = pending[pendingFirst]
      guard let sent = piece.bytes.withUnsafeBytes({ push($0, from: piece.offset) }) else {
        return close()
      }
      let progress = sent - piece.offset
      pendingBytes -= progress
      core.unreserveUnsent(progress)
      if progress > 0 {
        writeLimit = min(loop.eventTime &+ core.writeDeadline, writeLimit &+ core.worth(progress))
      }
      guard sent == piece.bytes.count else {
        pending[pendingFirst].offset = sent
        return
      }
      pending[pendingFirst] = Pending(bytes: [], offset: 0, completion: nil)
      pendingFirst += 1
      piece.completion?(true)
    }
  }
}
