import Dispatch
import Glibc
import Synchronization

/// The moment when a write counts as done.
public enum Durability: Sendable {
  /// After its commit is on the disk.
  case durable
  /// After its commit is in the log. A crash of the program does not lose it. A crash of the machine may,
  /// until the next durable write.
  case relaxed
}

/// Runs transactions one after the other on a single connection. Those that wait at the same time share one
/// commit.
///
/// A caller that finds nobody writing writes all that is queued on its own thread. Later requests go to a
/// Dispatch queue. A request of a shared commit is kept or rolled back by itself, and may run twice.
final class WriteQueue: Sendable {
  enum Grouping: Sendable {
    /// A small request: it may share a commit.
    case shared
    /// A large request, such as a piece of a blob. It has a commit of its own: if the disk is full, nobody
    /// else fails with it.
    case alone
    /// A request that runs outside of a transaction.
    case bare
  }

  fileprivate struct Request: Sendable {
    let durability: Durability
    let grouping: Grouping
    let run: @Sendable (Connection) throws -> Void
    let complete: @Sendable ((any Error)?) -> Void
  }

  private struct State {
    var pending: [Request] = []
    var isDraining = false
    var isClosed = false
  }

  /// The most requests that share a commit. It keeps the first one's answer from waiting for too many others.
  private static let batchLimit = 256

  private let handoff: Lock<Handoff?>
  private let state = Lock(State())
  private let queue = DispatchQueue(label: "storage.write", qos: .userInitiated)
  /// Commits so far. It grows before anybody hears of a commit.
  let commits = Atomic<Int>(0)
  /// The thread that is running requests; 0 for none. A request that waits for another would wait for itself.
  private let writingThread = Atomic<UInt>(0)

  init(_ connection: Connection) {
    handoff = Lock(Handoff(connection))
  }

  func perform<Result: Sendable>(
    _ durability: Durability, _ grouping: Grouping, _ body: @escaping @Sendable (Connection) throws -> Result
  ) throws -> Result {
    precondition(
      writingThread.load(ordering: .relaxed) != UInt(pthread_self()),
      "A write must not start another one and wait for it; use the connection it was given.")
    let outcome = Outcome<Result>()
    let done = DispatchSemaphore(value: 0)
    if try enqueue(outcome.request(durability, grouping, body) { done.signal() }) { drainOnce() }
    done.wait()
    return try outcome.take()
  }

  func submit<Result: Sendable>(
    _ durability: Durability, _ grouping: Grouping, _ body: @escaping @Sendable (Connection) throws -> Result,
    completion: @escaping @Sendable (Swift.Result<Result, any Error>) -> Void
  ) {
    let outcome = Outcome<Result>()
    let request = outcome.request(durability, grouping, body) {
      completion(Swift.Result { try outcome.take() })
    }
    do {
      if try enqueue(request) { queue.async { self.drainOnce() } }
    } catch {
      completion(.failure(error))
    }
  }

  /// Waits for queued requests, and closes the connection.
  func close() {
    let wasClosed = state.withLock { state in
      defer { state.isClosed = true }
      return state.isClosed
    }
    guard !wasClosed else { return }
    while state.withLock({ $0.isDraining }) { usleep(1000) }
    handoff.withLock { $0 = nil }
  }

  /// Whether the caller must have the queue drained.
  private func enqueue(_ request: Request) throws -> Bool {
    try state.withLock { state in
      guard !state.isClosed else { throw StorageError.closed }
      state.pending.append(request)
      defer { state.isDraining = true }
      return !state.isDraining
    }
  }

  /// Commits one batch, and leaves the next one to the Dispatch queue.
  private func drainOnce() {
    let batch = state.withLock { state in
      let count = Self.batchCount(state.pending)
      defer { state.pending.removeFirst(count) }
      return Array(state.pending[..<count])
    }
    let errors = handoff.withLock { handoff in
      guard let connection = handoff?.connection else {
        return batch.map { _ -> (any Error)? in StorageError.closed }
      }
      writingThread.store(UInt(pthread_self()), ordering: .relaxed)
      defer { writingThread.store(0, ordering: .relaxed) }
      let errors = Self.commit(batch, on: connection)
      commits.add(1, ordering: .sequentiallyConsistent)
      return errors
    }
    for (request, error) in zip(batch, errors) { request.complete(error) }
    let isMore = state.withLock { state in
      state.isDraining = !state.pending.isEmpty
      return state.isDraining
    }
    if isMore { queue.async { self.drainOnce() } }
  }

  private static func batchCount(_ pending: [Request]) -> Int {
    guard let first = pending.first, first.grouping == .shared else { return min(1, pending.count) }
    return min(batchLimit, pending.prefix { $0.grouping == .shared }.count)
  }

  /// Runs and commits the batch. Returns the error of each request, nil for those that are committed.
  private static func commit(_ batch: [Request], on connection: Connection) -> [(any Error)?] {
    var errors: [(any Error)?] = batch.map { _ in nil }
    do {
      if batch.count == 1, batch[0].grouping == .bare {
        try batch[0].run(connection)
        return errors
      }
      try connection.synchronize(fully: batch.contains { $0.durability == .durable })
      try connection.run("BEGIN IMMEDIATE")
      // Savepoints cost as much as small requests, so at first there are none. If one of several requests
      // fails, which is rare, all run again, each in its own savepoint.
      if batch.count == 1 || !runTogether(batch, on: connection) {
        if batch.count > 1 {
          if connection.isInTransaction { try connection.run("ROLLBACK") }
          try connection.run("BEGIN IMMEDIATE")
        }
        for (index, request) in batch.enumerated() {
          do {
            if batch.count == 1 {
              try request.run(connection)
            } else {
              try connection.transaction { try request.run(connection) }
            }
          } catch {
            errors[index] = error
            // A failure such as a full disk may have ended the whole transaction. Then the other requests are
            // not committed either.
            if !connection.isInTransaction { throw error }
            if batch.count == 1 { throw error }
          }
        }
      }
      try connection.run("COMMIT")
    } catch {
      if connection.isInTransaction { _ = try? connection.run("ROLLBACK") }
      for index in errors.indices where errors[index] == nil { errors[index] = error }
    }
    return errors
  }
}

extension WriteQueue {
  /// Runs all requests of a batch in the present transaction. False at the first that fails.
  private static func runTogether(_ batch: [Request], on connection: Connection) -> Bool {
    for request in batch {
      do {
        try request.run(connection)
      } catch {
        return false
      }
    }
    return true
  }
}

extension Connection {
  /// Sets whether a commit waits for the disk.
  fileprivate func synchronize(fully: Bool) throws {
    guard isSynchronous != fully else { return }
    isSynchronous = nil
    try run(fully ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL")
    isSynchronous = fully
  }
}

/// Keeps the result of a request's body until its commit, and the outcome of the commit.
private final class Outcome<Value: Sendable>: Sendable {
  private let value = Lock<Value?>(nil)
  private let error = Lock<(any Error)?>(nil)

  func request(
    _ durability: Durability, _ grouping: WriteQueue.Grouping,
    _ body: @escaping @Sendable (Connection) throws -> Value, done: @escaping @Sendable () -> Void
  ) -> WriteQueue.Request {
    WriteQueue.Request(
      durability: durability, grouping: grouping,
      run: { connection in
        let value = try body(connection)
        self.value.withLock { $0 = value }
      },
      complete: { error in
        self.error.withLock { $0 = error }
        done()
      })
  }

  func take() throws -> Value {
    if let error = error.withLock({ $0 }) { throw error }
    guard let value = value.withLock({ $0 }) else {
      preconditionFailure("A request that was committed must have run.")
    }
    return value
  }
}
