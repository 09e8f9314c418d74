import Dispatch

/// Connections, each handed to one caller at a time and opened when first needed.
final class ConnectionPool: Sendable {
  private struct State {
    var idle: [Handoff] = []
    var isClosed = false
  }

  private let open: @Sendable () throws -> Connection
  private let limit: Int
  private let free: DispatchSemaphore
  private let exclusion = Lock(())
  private let state = Lock(State())

  init(limit: Int, open: @escaping @Sendable () throws -> Connection) {
    precondition(limit > 0, "A pool needs at least one connection.")
    self.open = open
    self.limit = limit
    // Made with 0 and raised: Dispatch traps if a semaphore is freed with less than it was made with.
    free = DispatchSemaphore(value: 0)
    for _ in 0..<limit { free.signal() }
  }

  func withConnection<Result>(_ body: (Connection) throws -> Result) throws -> Result {
    free.wait()
    defer { free.signal() }
    let idle = try state.withLock { state in
      guard !state.isClosed else { throw StorageError.closed }
      return state.idle.popLast()
    }
    let handoff = try idle ?? Handoff(open())
    defer {
      state.withLock { state in
        // A connection whose snapshot could not end would show that snapshot to every later reader.
        if !state.isClosed, !handoff.connection.isInTransaction { state.idle.append(handoff) }
      }
    }
    return try body(handoff.connection)
  }

  /// Runs `body` while no connection is handed out. Waits until all are given back.
  func withoutReaders<Result>(_ body: () throws -> Result) throws -> Result {
    // One caller at a time: two that held half of the pool each would wait for ever.
    try exclusion.withLock { _ in
      for _ in 0..<limit { free.wait() }
      defer { for _ in 0..<limit { free.signal() } }
      return try body()
    }
  }

  func close() {
    state.withLock { state in
      state.isClosed = true
      state.idle = []
    }
  }
}

/// Carries a connection from one thread to another. This is sound if its holder gives it to one thread at a
/// time, as the pool and the write queue do.
struct Handoff: @unchecked Sendable {
  let connection: Connection

  init(_ connection: Connection) {
    self.connection = connection
  }
}
