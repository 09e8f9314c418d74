import Dispatch
import Glibc
import Synchronization

/// Accepts connections of one listening socket and spreads them over the loops.
final class Listener: Sendable {
  private struct State {
    let source: any DispatchSourceRead
    /// The loop that gets the next connection.
    var next = 0
    var isPaused = false
    var isCancelled = false
  }

  private let descriptor: Int32
  private let loops: [EventLoop]
  private let core: ServerCore
  private let queue = DispatchQueue(label: "http.accept")
  private let state: Mutex<State>
  private let refusal: [UInt8]

  init(descriptor: Int32, loops: [EventLoop], core: ServerCore) {
    self.descriptor = descriptor
    self.loops = loops
    self.core = core
    state = Mutex(State(source: DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)))
    let response = core.configuration.renderError(.tooManyConnections)
    var bytes: [UInt8] = []
    var body: [UInt8] = []
    if case .bytes(let content) = response.body { body = content }
    ResponseEncoder.append(response, length: .bytes(body.count), persistence: .close, date: [], to: &bytes)
    refusal = bytes + body
  }

  func start() {
    state.withLock { state in
      state.source.setEventHandler { [unowned self] in acceptAll() }
      state.source.setCancelHandler { [descriptor] in _ = close(descriptor) }
      state.source.activate()
    }
  }

  /// Called on any thread; what is being accepted is finished first.
  func cancel() {
    queue.async { [self] in
      state.withLock { state in
        guard !state.isCancelled else { return }
        state.isCancelled = true
        if state.isPaused { state.source.resume() }
        state.source.cancel()
      }
    }
  }

  private func acceptAll() {
    // Bounded, so that a flood of connections does not keep `cancel` waiting.
    for _ in 0..<256 {
      switch Socket.accept(descriptor) {
      case .none: return
      case .failed: continue
      case .exhausted: return pause()
      case .connection(let client, let key, let address):
        guard core.admit(key) else {
          refuse(client)
          continue
        }
        core.accepted.add(1, ordering: .relaxed)
        let loop = nextLoop()
        loop.queue.async { [core] in
          loop.perform {
            loop.eventTime = monotonicNow()
            Connection(descriptor: client, key: key, remoteAddress: address, loop: loop, core: core).open()
          }
        }
      }
    }
  }

  private func nextLoop() -> EventLoop {
    let place = state.withLock { state in
      defer { state.next = (state.next + 1) % loops.count }
      return state.next
    }
    return loops[place]
  }

  /// Refuses a client over a limit. The answer is sent if the socket takes it. The client's bytes are read,
  /// so that closing does not reset the answer.
  private func refuse(_ client: Int32) {
    core.refused.add(1, ordering: .relaxed)
    refusal.withUnsafeBytes { bytes in
      if let base = bytes.baseAddress { _ = Socket.send(client, base, bytes.count) }
    }
    shutdown(client, Int32(SHUT_WR))
    withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 16) { buffer in
      if let base = buffer.baseAddress { _ = Socket.receive(client, base, buffer.count) }
    }
    close(client)
  }

  /// Waits for some descriptors to close, instead of turning in circles while none is left.
  private func pause() {
    let pauses = state.withLock { state in
      guard !state.isPaused, !state.isCancelled else { return false }
      state.isPaused = true
      state.source.suspend()
      return true
    }
    guard pauses else { return }
    queue.asyncAfter(deadline: .now() + .milliseconds(50)) { [self] in
      state.withLock { state in
        guard state.isPaused, !state.isCancelled else { return }
        state.isPaused = false
        state.source.resume()
      }
    }
  }
}
