import Dispatch
import Synchronization

/// The writing end of a streamed response. In a `stream` body one thread at a time writes; in a `channel` any may `send`.
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
  private let blocks: Bool
  private let state: Mutex<State>
  private let open = Atomic<Bool>(true)
  private let backlog = Atomic<Int>(0)

  init(connection: Connection, id: UInt64, framing: Framing, blocks: Bool) {
    self.connection = connection
    self.id = id
    self.framing = framing
    self.blocks = blocks
    var remaining: Int?
    if case .length(let length) = framing { remaining = length }
    state = Mutex(State(remaining: remaining))
  }

  /// False once the client is gone or the body is finished.
  public var isOpen: Bool { open.load(ordering: .acquiring) }

  /// Bytes sent that the system has not taken yet: a channel whose client does not read grows it.
  public var pendingBytes: Int { backlog.load(ordering: .relaxed) }

  /// Writes and returns when the system has taken the bytes. Not to be called on a connection's loop.
  ///
  /// - Throws: `HTTPError.disconnected` when the client is gone or too slow, `bodyOverrun` past the declared length.
  public func write(_ bytes: [UInt8]) throws(HTTPError) {
    guard blocks else {
      let done = DispatchSemaphore(value: 0)
      let delivered = Atomic<Bool>(false)
      try send(bytes) {
        delivered.store($0, ordering: .releasing)
        done.signal()
      }
      done.wait()
      guard delivered.load(ordering: .acquiring) else { throw .disconnected }
      return
    }
    let span = bytes.span.bytes
    try span.withUnsafeBytes { (raw) throws(HTTPError) in try write(raw) }
  }

  /// As `write(_:)`; in a `stream` body without a copy.
  public func write(_ bytes: UnsafeRawBufferPointer) throws(HTTPError) {
    guard blocks else { return try write(Array(bytes)) }
    guard let base = bytes.baseAddress, bytes.count > 0 else { return }
    try reserve(bytes.count)
    guard case .chunked = framing else { return try transmit(base, bytes.count) }
    var head: [UInt8] = []
    ResponseEncoder.appendChunkSize(bytes.count, to: &head)
    if bytes.count <= 16 << 10 {
      head.append(contentsOf: bytes)
      ResponseEncoder.append("\r\n", to: &head)
      try transmit(head)
    } else {
      try transmit(head)
      try transmit(base, bytes.count)
      try transmit([0x0D, 0x0A])
    }
  }

  public func write(_ text: String) throws(HTTPError) { try write(Array(text.utf8)) }

  /// Hands bytes over without waiting. `completion`, on the connection's loop, says whether the system has taken them.
  /// In a `stream` body the same as `write`.
  public func send(_ bytes: [UInt8], completion: (@Sendable (Bool) -> Void)? = nil) throws(HTTPError) {
    if blocks {
      try write(bytes)
      completion?(true)
      return
    }
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

  /// Ends the body. Without it a `stream` ends when its closure returns, and a `channel` when its writer is let go of.
  /// A body shorter than its declared length closes the connection, which is how the client learns of it.
  public func finish() {
    let ended = state.withLock { state in
      guard !state.finished else { return false }
      state.finished = true
      return true
    }
    guard ended else { return }
    let complete = isComplete
    if blocks {
      if complete, case .chunked = framing, isOpen { try? transmit(Array("0\r\n\r\n".utf8)) }
      open.store(false, ordering: .releasing)
    } else {
      open.store(false, ordering: .releasing)
      var last: [UInt8] = []
      if complete, case .chunked = framing { last = Array("0\r\n\r\n".utf8) }
      connection.endChannel(
        id, last, whole: complete, last: endsWithConnection, bodyBytes: writtenBytes)
    }
  }

  /// Ends the body as broken off: the connection is closed without the end of a chunked body, so that the client does not
  /// take what it has for the whole.
  public func abort() {
    broken.store(true, ordering: .releasing)
    finish()
  }

  deinit { finish() }

  /// Whether the body has as many bytes as were declared and may be followed by another response.
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

  private func transmit(_ bytes: [UInt8]) throws(HTTPError) {
    let span = bytes.span.bytes
    try span.withUnsafeBytes { (raw) throws(HTTPError) in
      if let base = raw.baseAddress { try transmit(base, raw.count) }
    }
  }

  private func transmit(_ base: UnsafeRawPointer, _ count: Int) throws(HTTPError) {
    guard isOpen, connection.transmit(base, count) else {
      disconnect()
      throw .disconnected
    }
  }
}
