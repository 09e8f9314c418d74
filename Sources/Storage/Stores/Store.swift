import Glibc

/// Everything the service keeps, in one file.
///
/// ```swift
/// let store = try Store(path: "influenced.db")
/// let job = try store.write { try $0.jobs.create(NewJob(kind: "train", request: json)) }
/// let page = try store.read { try $0.jobs.list(limit: 50) }
/// ```
///
/// A `Session` is the stores as one transaction sees them. Changes of several stores in one `write` are kept
/// together or not at all.
public final class Store: Sendable {
  public let database: Database
  /// The repairs that opening made.
  public let recovery: Recovery
  let clock: @Sendable () -> Timestamp
  let identifiers: IdentifierSource
  let soundBlobs = SoundBlobs()
  /// Events of jobs that ended before this time are thinned.
  private let thinned = Lock(Timestamp(milliseconds: 0))
  private let lock: FileLock

  /// Remains of an earlier run that opening found.
  public struct Recovery: Equatable, Sendable {
    /// Jobs that ran when the program died, by their new state.
    public let requeued: [String]
    public let failed: [String]
    public let cancelled: [String]
    /// Blobs whose writing was interrupted.
    public let abandonedBlobs: Int
  }

  /// Opens or makes the file, queues interrupted jobs again, and discards half-written blobs.
  ///
  /// - Parameter maximumAttempts: a job that has run this many times when the program died is failed.
  /// - Throws: as `Database.init`, and `StorageError.alreadyOpen`.
  public init(
    path: String, configuration: Database.Configuration = .init(), maximumAttempts: Int = 3,
    clock: @escaping @Sendable () -> Timestamp = { .now() }
  ) throws {
    lock = try FileLock(database: path)
    database = try Database(path: path, configuration: configuration)
    self.clock = clock
    let identifiers = IdentifierSource(clock: clock)
    self.identifiers = identifiers
    recovery = try database.write { connection in
      let session = Session(connection: connection, clock: clock, identifiers: identifiers)
      // The clock may have been set back since. New ids must still sort after old ones.
      for table in ["job", "checkpoint", "model", "dataset"] {
        if let last = try connection.first("SELECT max(id) FROM \(table)", read: { $0.optionalString(0) })
          ?? nil
        {
          identifiers.advance(past: last)
        }
      }
      let jobs = try session.jobs.recover(maximumAttempts: maximumAttempts)
      return Recovery(
        requeued: jobs.requeued, failed: jobs.failed, cancelled: jobs.cancelled,
        abandonedBlobs: try session.blobs.abandonPending())
    }
  }

  /// See `Database.version`.
  public var version: Int { database.version }

  /// Reads. Use `snapshot` for several statements that must agree with each other.
  public func read<Result>(_ body: (Session) throws -> Result) throws -> Result {
    try database.read { try body(session($0)) }
  }

  /// Reads everything from the same commit.
  public func snapshot<Result>(_ body: (Session) throws -> Result) throws -> Result {
    try database.snapshot { try body(session($0)) }
  }

  /// Writes in a transaction, and returns when it is committed. See `Database.write`.
  public func write<Result: Sendable>(
    durability: Durability = .durable, _ body: @escaping @Sendable (Session) throws -> Result
  ) throws -> Result {
    try database.write(durability: durability) { [clock, identifiers] connection in
      try body(Session(connection: connection, clock: clock, identifiers: identifiers))
    }
  }

  /// The same without waiting. `completion` is called after the commit, on any thread, and must not block.
  public func write<Result: Sendable>(
    durability: Durability = .durable, _ body: @escaping @Sendable (Session) throws -> Result,
    completion: @escaping @Sendable (Swift.Result<Result, any Error>) -> Void
  ) {
    database.write(
      durability: durability,
      { [clock, identifiers] connection in
        try body(Session(connection: connection, clock: clock, identifiers: identifiers))
      }, completion: completion)
  }

  /// The same, suspending.
  public func write<Result: Sendable>(
    durability: Durability = .durable, _ body: @escaping @Sendable (Session) throws -> Result
  ) async throws -> Result {
    try await database.write(durability: durability) { [clock, identifiers] connection in
      try body(Session(connection: connection, clock: clock, identifiers: identifiers))
    }
  }

  /// An id for a thing that is created later. It sorts by the present time.
  public func makeIdentifier() -> String { identifiers.next() }

  /// The seconds after its end during which the progress of a job can still be followed from its beginning.
  public static let progressLifetimeSeconds = 3600.0

  /// Removes dead blobs, expired idempotency keys and the progress of jobs that ended long ago, and gives
  /// free pages back, in short transactions. To be called every minute or so.
  public func maintain() throws {
    try write { _ = try $0.idempotency.removeExpired() }
    try thinEvents(endedBefore: clock().advanced(bySeconds: -Self.progressLifetimeSeconds))
    while try sweepDeadBlobs() > 0 {}
    let size = try database.size()
    if size.freeByteCount > 16 << 20 || size.logByteCount > 16 << 20 { try database.reclaim() }
  }

  /// Drops the progress events of jobs that ended before `time`. Events of their states stay.
  private func thinEvents(endedBefore time: Timestamp) throws {
    while true {
      let from = thinned.withLock { $0 }
      guard let last = try write({ try $0.events.thin(endedFrom: from, to: time, limit: 200) }) else {
        return
      }
      thinned.withLock { $0 = Timestamp(milliseconds: last.milliseconds + 1) }
    }
  }

  /// Waits for queued writes, and closes the file. Later calls throw `StorageError.closed`.
  public func close() {
    database.close()
    lock.release()
  }

  private func session(_ connection: Connection) -> Session {
    Session(connection: connection, clock: clock, identifiers: identifiers)
  }
}
