import Dispatch
import Glibc
import Synchronization

/// Accepts connections of one listening socket and spreads them over the loops.
final class Listener: @unchecked Sendable {
  private let descriptor: Int32
  private let loops: [EventLoop]
  private let core: ServerCore
  private let queue = DispatchQueue(label: "http.accept")
  private let source: any DispatchSourceRead
  // Belongs to the queue.
  private var next = 0
  private var paused = false
  private var cancelled = false
  private let refusal: [UInt8]

  init(descriptor: Int32, loops: [EventLoop], core: ServerCore) {
    self.descriptor = descriptor
    self.loops = loops
    self.core = core
    source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
    let response = core.configuration.renderError(.tooManyConnections)
    var bytes: [UInt8] = []
    var body: [UInt8] = []
    if case .bytes(let content) = response.body { body = content }
    ResponseEncoder.append(response, length: .bytes(body.count), persistence: .close, date: [], to: &bytes)
    refusal = bytes + body
  }

  func start() {
    source.setEventHandler { [unowned self] in acceptAll() }
    source.setCancelHandler { [descriptor] in _ = close(descriptor) }
    source.activate()
  }

  func cancel() {
    queue.async { [self] in
      guard !cancelled else { return }
      cancelled = true
      if paused { source.resume() }
      source.cancel()
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
        let loop = loops[next % loops.count]
        next = (next + 1) % loops.count
        loop.queue.async { [core] in
          loop.perform {
            loop.eventTime = monotonicNow()
            Connection(descriptor: client, key: key, remoteAddress: address, loop: loop, core: core).open()
          }
        }
      }
    }
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
    guard !paused, !cancelled else { return }
    paused = true
    source.suspend()
    queue.asyncAfter(deadline: .now() + .milliseconds(50)) { [self] in
      guard paused, !cancelled else { return }
      paused = false
      source.resume()
    }
  }
}
