import CSQLite
import Glibc
import Synchronization

/// A database file: one connection that writes and some that read beside it. Callers queue for the writer and
/// share commits.
///
/// Readers see the last commit and never wait for the writer (write-ahead log). When `write` returns, its
/// changes are on the disk (`synchronous=FULL`).
public final class Database: Sendable {
  public struct Configuration: Sendable {
    /// Connections that read at the same time. Further readers wait.
    public var readers = 4
    /// Time to wait for a file that is locked, for example by a backup of another process.
    public var busyTimeoutSeconds = 5.0
    /// The size that the log is cut to when its content has moved to the file.
    public var logByteLimit = 64 << 20
    /// The size of SQLite's page cache, for each connection.
    public var cacheByteCount = 8 << 20
    /// The name of a registered SQLite VFS; nil for that of the system. Tests inject failures by it.
    package var fileSystem: String?

    public init() {}
  }

  /// Bytes of a page of a new file: large enough to write blobs fast, small enough for small commits.
  static let pageByteCount = 8192
  /// Marks the file as this program's ("infl").
  static let applicationID: Int64 = 0x696e_666c

  public let path: String
  let configuration: Configuration
  let writer: WriteQueue
  let readers: ConnectionPool
  /// The time when `checkWritable` last succeeded.
  let lastWritable = Lock(Timestamp(milliseconds: 0))

  /// Opens or makes the file, and brings its schema up to date.
  ///
  /// - Throws: `StorageError.cannotOpen`, `.notADatabase`, `.foreignDatabase`, `.readOnly`, `.newerSchema`;
  ///   `DatabaseError`.
  public convenience init(path: String, configuration: Configuration = .init()) throws {
    try self.init(path: path, configuration: configuration, migrations: Schema.migrations)
  }

  package init(path: String, configuration: Configuration = .init(), migrations: [Migration]) throws {
    self.path = path
    self.configuration = configuration
    writer = WriteQueue(try Self.openWriter(path: path, configuration, migrations))
    readers = ConnectionPool(limit: configuration.readers) {
      try Self.named(path) {
        let connection = try Connection(
          path: path, flags: SQLITE_OPEN_READONLY, fileSystem: configuration.fileSystem)
        try Self.configure(connection, configuration)
        try connection.script("PRAGMA query_only=ON")
        return connection
      }
    }
  }

  /// Grows with every write, before the caller of the write hears of it. While the number is the same, values
  /// read after it was taken are still right.
  public var version: Int { writer.commits.load(ordering: .sequentiallyConsistent) }

  /// Runs `body` with a connection that reads. Use `snapshot` for several statements that must agree with
  /// each other.
  public func read<Result>(_ body: (Connection) throws -> Result) throws -> Result {
    try readers.withConnection(body)
  }

  /// Runs `body` with a connection that reads. All its statements see the same commit.
  public func snapshot<Result>(_ body: (Connection) throws -> Result) throws -> Result {
    try readers.withConnection { connection in
      try connection.run("BEGIN")
      defer { _ = try? connection.run("COMMIT") }
      return try body(connection)
    }
  }

  /// Runs `body` in a transaction, and returns when it is committed. An error of `body` rolls back its own
  /// changes alone.
  ///
  /// Bodies of several callers share commits. A body runs on any thread, after those queued before, and must
  /// not wait for another `write`. It may run twice, so it leaves nothing behind but in the database.
  public func write<Result: Sendable>(
    durability: Durability = .durable, _ body: @escaping @Sendable (Connection) throws -> Result
  ) throws -> Result {
    try writer.perform(durability, .shared, body)
  }

  /// The same without waiting. `completion` is called with the outcome after the commit, on any thread, and
  /// must not block.
  public func write<Result: Sendable>(
    durability: Durability = .durable, _ body: @escaping @Sendable (Connection) throws -> Result,
    completion: @escaping @Sendable (Swift.Result<Result, any Error>) -> Void
  ) {
    writer.submit(durability, .shared, body, completion: completion)
  }

  /// The same, suspending.
  public func write<Result: Sendable>(
    durability: Durability = .durable, _ body: @escaping @Sendable (Connection) throws -> Result
  ) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      writer.submit(durability, .shared, body) { continuation.resume(with: $0) }
    }
  }

  /// Waits for queued writes, and closes all connections. Later calls throw `StorageError.closed`.
  public func close() {
    lastWritable.withLock { $0 = Timestamp(milliseconds: 0) }
    readers.close()
    writer.close()
  }

  private static func openWriter(
    path: String, _ configuration: Configuration, _ migrations: [Migration]
  ) throws -> Connection {
    try named(path) {
      let connection = try Connection(
        path: path, flags: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, fileSystem: configuration.fileSystem)
      try configure(connection, configuration)
      guard sqlite3_db_readonly(connection.handle, "main") == 0 else {
        throw StorageError.readOnly(path: path)
      }
      let version = try connection.first("PRAGMA user_version") { $0.int(0) } ?? 0
      let application = try connection.first("PRAGMA application_id") { $0.int64(0) } ?? 0
      let tables = try connection.first("SELECT count(*) FROM sqlite_schema") { $0.int(0) } ?? 0
      if application != applicationID {
        guard application == 0, tables == 0, version == 0 else {
          throw StorageError.foreignDatabase(path: path)
        }
        // These two shape the file, so they come before its first page is written.
        try connection.script("PRAGMA page_size=\(pageByteCount); PRAGMA auto_vacuum=INCREMENTAL")
      }
      let mode = try connection.first("PRAGMA journal_mode=WAL") { $0.string(0) }
      guard mode == "wal" else {
        throw StorageError.cannotOpen(
          path: path, detail: "its file system does not support a write-ahead log")
      }
      try connection.script("PRAGMA journal_size_limit=\(configuration.logByteLimit)")
      try Migration.run(migrations, on: connection)
      return connection
    }
  }

  static func setBusyTimeout(_ connection: Connection, _ configuration: Configuration) {
    sqlite3_busy_timeout(connection.handle, Int32(clamping: Int64(configuration.busyTimeoutSeconds * 1000)))
  }

  static func configure(_ connection: Connection, _ configuration: Configuration) throws {
    setBusyTimeout(connection, configuration)
    // Zeroing what is deleted would write every blob twice; `trusted_schema` and `cell_size_check` are
    // SQLite's advice for files that may have been tampered with.
    try connection.script(
      """
      PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA secure_delete=OFF; PRAGMA temp_store=MEMORY;
      PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;
      PRAGMA cache_size=-\(configuration.cacheByteCount / 1024)
      """)
  }

  /// Turns the result codes of opening into errors that name the file.
  static func named<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as DatabaseError {
      switch error.code {
      case ResultCode.cannotOpen: throw StorageError.cannotOpen(path: path, detail: error.message)
      case ResultCode.notADatabase, ResultCode.corrupt:
        throw StorageError.notADatabase(path: path, detail: error.message)
      case ResultCode.readOnly: throw StorageError.readOnly(path: path)
      default: throw error
      }
    }
  }
}
