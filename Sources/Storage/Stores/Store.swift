import Glibc

/// Everything the service keeps, in one file.
///
/// ```swift
/// let store = try Store(path: "influenced.db")
/// let job = try store.write { try $0.jobs.create(NewJob(kind: "train", request: json)) }
/// let page = try store.read { try $0.jobs.list(limit: 50) }
/// ```
///
/// A `Session` is the stores as one transaction sees them: what several of them do in one `write` is kept
/// together or not at all.
public final class Store: Sendable {
  public let database: Database
  /// What opening found and put right.
  public let recovery: Recovery
  let clock: @Sendable () -> Timestamp
  let identifiers: IdentifierSource
  let soundBlobs = SoundBlobs()
  /// The events of jobs that ended before are thinned.
  private let thinned = Lock(Timestamp(milliseconds: 0))
  private let lock: FileLock

  /// What opening found of an earlier run.
  public struct Recovery: Equatable, Sendable {
    /// Jobs that ran when the program died, by what became of them.
    public let requeued: [String]
    public let failed: [String]
    public let cancelled: [String]
    /// Blobs whose writing was cut off.
    public let abandonedBlobs: Int
  }

  /// Opens or makes the file, queues again what a crash interrupted, and gives up half-written blobs.
  ///
  /// - Parameter maximumAttempts: a job that ran that many times when the program died is failed.
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
      // The clock may have been set back since; new ids still come after old ones.
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

  /// Reads. For several statements that must agree with each other, see `snapshot`.
  public func read<Result>(_ body: (Session) throws -> Result) throws -> Result {
    try database.read { try body(session($0)) }
  }

  /// Reads, everything from the same commit.
  public func snapshot<Result>(_ body: (Session) throws -> Result) throws -> Result {
    try database.snapshot { try body(session($0)) }
  }

  /// Writes in a transaction, and returns when it is committed; see `Database.write`.
  public func write<Result: Sendable>(
    durability: Durability = .durable, _ body: @escaping @Sendable (Session) throws -> Result
  ) throws -> Result {
    try database.write(durability: durability) { [clock, identifiers] connection in
      try body(Session(connection: connection, clock: clock, identifiers: identifiers))
    }
  }

  /// As above, without waiting: `completion` is called after the commit, on any thread, and must not block.
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

  /// As above, suspending.
  public func write<Result: Sendable>(
    durability: Durability = .durable, _ body: @escaping @Sendable (Session) throws -> Result
  ) async throws -> Result {
    try await database.write(durability: durability) { [clock, identifiers] connection in
      try body(Session(connection: connection, clock: clock, identifiers: identifiers))
    }
  }

  /// An id for a thing that is to be created later; it sorts by now.
  public func makeIdentifier() -> String { identifiers.next() }

  /// Seconds after its end that the progress of a job can still be followed from its beginning.
  public static let progressLifetimeSeconds = 3600.0

  /// Removes what nothing refers to any more, and gives the space back: dead blobs, expired idempotency keys, the
  /// progress of jobs that ended long ago, free pages. In short transactions; meant to be called every minute or so.
  public func maintain() throws {
    try write { _ = try $0.idempotency.removeExpired() }
    try thinEvents(endedBefore: clock().advanced(bySeconds: -Self.progressLifetimeSeconds))
    while try sweepDeadBlobs() > 0 {}
    let size = try database.size()
    if size.freeByteCount > 16 << 20 || size.logByteCount > 16 << 20 { try database.reclaim() }
  }

  /// Drops the progress events of jobs that ended before a time and leaves them those of their states.
  private func thinEvents(endedBefore time: Timestamp) throws {
    while true {
      let from = thinned.withLock { $0 }
      guard let last = try write({ try $0.events.thin(endedFrom: from, to: time, limit: 200) }) else {
        return
      }
      thinned.withLock { $0 = Timestamp(milliseconds: last.milliseconds + 1) }
    }
  }

  /// Waits for the writes that are queued, and closes the file; later calls throw `StorageError.closed`.
  public func close() {
    database.close()
    lock.release()
  }

  private func session(_ connection: Connection) -> Session {
    Session(connection: connection, clock: clock, identifiers: identifiers)
  }
}
