import Glibc

/// The end of a connection: a client still sending gets to read the last response before a reset (RFC 9112 §9.6).
///
/// Many clients send a whole body before they read. So a refused body is read to its end and dropped, at the
/// pace that any body must have. Other bytes are read only for `lingerDeadline`.
extension Connection {
  /// The most bytes that are read while no body is under way.
  private static let lingerBytes = 16 << 20

  /// Ends the sending side, and reads on.
  func linger() {
    guard !closed, !lingering else { return }
    guard !inputEnded else { return close() }
    lingering = true
    shutdown(descriptor, Int32(SHUT_WR))
    // A client that waits for 100 Continue has sent nothing of its body, though some clients send it all the
    // same.
    let isComing = isBodyRefused && !expectsContinue
    skipBody(stash.bytes.span.extracting(stash.start..<stash.bytes.count))
    stash.clear()
    let now = monotonicNow()
    bodyWait = now
    deadline =
      isComing && isBodyRefused ? now &+ bodyBudget : now &+ core.configuration.lingerDeadline.nanoseconds
    setReading(true)
  }

  /// Reads and drops.
  func drop() {
    switch Socket.receive(descriptor, loop.buffer, EventLoop.bufferSize) {
    case .bytes(let count):
      lingered += count
      guard isBodyRefused else {
        if lingered > Self.lingerBytes { close() }
        return
      }
      guard lingered <= core.configuration.drainBytes else { return close() }
      chargeBody(now: loop.eventTime, received: count)
      skipBody(Span(_unsafeStart: loop.buffer.assumingMemoryBound(to: UInt8.self), count: count))
      if isBodyRefused {
        deadline = loop.eventTime &+ bodyBudget
      } else {
        lingered = 0
        hastenLinger()
      }
    case .wouldBlock: break
    case .ended, .failed: close()
    }
  }

  /// From now on reads only as long as the client may need to read the response.
  func hastenLinger() {
    isBodyRefused = false
    deadline = min(deadline, monotonicNow() &+ core.configuration.lingerDeadline.nanoseconds)
  }

  /// Looks for the end of the refused body.
  private func skipBody(_ input: Span<UInt8>) {
    var position = 0
    do throws(ParseError) {
      while isBodyRefused, let event = try parser.next(input, at: &position) {
        if event == .end { isBodyRefused = false }
      }
    } catch {
      isBodyRefused = false
    }
  }
}
