import Synchronization

/// The writing end of a streamed response. Any thread may send.
public final class BodyWriter: Sendable {
  enum Framing: Sendable {
    case length(Int)
    case chunked
    /// HTTP/1.0 without a length: the body ends with the connection.
    case untilClose
  }

  private struct State {
    var remaining: Int?
    var finished = false
    var total = 0
  }

  let id: UInt64
  private let connection: Connection
  private let framing: Framing
  private let state: Mutex<State>
  private let open = Atomic<Bool>(true)
  private let backlog = Atomic<Int>(0)

  init(connection: Connection, id: UInt64, framing: Framing) {
    self.connection = connection
    self.id = id
    self.framing = framing
    var remaining: Int?
    if case .length(let length) = framing { remaining = length }
    state = Mutex(State(remaining: remaining))
  }

  /// False once the client is gone or the body is finished.
  public var isOpen: Bool { open.load(ordering: .acquiring) }

  /// Bytes that were sent and that the system has not taken yet. They grow if the client does not read.
  public var pendingBytes: Int { backlog.load(ordering: .relaxed) }

  /// Hands bytes over without waiting. `completion` is called on the loop of the connection with whether the
  /// system has taken them.
  ///
  /// - Throws: `HTTPError.disconnected` when the client is gone or too slow, `bodyOverrun` past the declared length.
  public func send(_ bytes: [UInt8], completion: (@Sendable (Bool) -> Void)? = nil) throws(HTTPError) {
    guard !bytes.isEmpty else {
      completion?(isOpen)
      return
    }
    try reserve(bytes.count)
    var framed = bytes
    if case .chunked = framing {
      framed = []
      framed.reserveCapacity(bytes.count + 20)
      ResponseEncoder.appendChunkSize(bytes.count, to: &framed)
      framed.append(contentsOf: bytes)
      ResponseEncoder.append("\r\n", to: &framed)
    }
    let count = framed.count
    backlog.add(count, ordering: .relaxed)
    connection.sendChannel(id, framed) { [self] sent in
      backlog.subtract(count, ordering: .relaxed)
      completion?(sent)
    }
  }

  public func send(_ text: String) throws(HTTPError) { try send(Array(text.utf8)) }

  /// Ends the body. Without this call a `channel` ends when its writer is dropped. If the body is shorter
  /// than its declared length, the connection is closed: so the client learns of it.
  public func finish() {
    let ended = state.withLock { state in
      guard !state.finished else { return false }
      state.finished = true
      return true
    }
    guard ended else { return }
    let complete = isComplete
    open.store(false, ordering: .releasing)
    var last: [UInt8] = []
    if complete, case .chunked = framing { last = Array("0\r\n\r\n".utf8) }
    connection.endChannel(id, last, whole: complete, last: endsWithConnection, bodyBytes: writtenBytes)
  }

  /// Breaks the body off: the connection is closed without the end of a chunked body. So the client does not
  /// take the part it has for the whole.
  public func abort() {
    broken.store(true, ordering: .releasing)
    finish()
  }

  deinit { finish() }

  /// Whether the body has as many bytes as were declared, so that another response may follow it.
  var isComplete: Bool { state.withLock { ($0.remaining ?? 0) == 0 } && !broken.load(ordering: .acquiring) }
  var endsWithConnection: Bool { if case .untilClose = framing { true } else { false } }
  var writtenBytes: Int { state.withLock { $0.total } }
  private let broken = Atomic<Bool>(false)

  /// The connection is gone.
  func disconnect() {
    broken.store(true, ordering: .releasing)
    open.store(false, ordering: .releasing)
  }

  private func reserve(_ count: Int) throws(HTTPError) {
    guard isOpen else { throw .disconnected }
    let overrun = state.withLock { state -> Int? in
      if state.finished { return state.total }
      if let remaining = state.remaining {
        guard count <= remaining else { return state.total + remaining }
        state.remaining = remaining - count
      }
      state.total += count
      return nil
    }
    if let overrun { throw .bodyOverrun(length: overrun) }
  }
}
