import CSQLite
import Glibc

extension Database {
  /// The size of the file.
  public struct Size: Equatable, Sendable {
    /// Bytes of the database's pages, used and free.
    public let byteCount: Int
    /// Bytes of the pages that are free. `reclaim` gives them back.
    public let freeByteCount: Int
    /// Bytes of the write-ahead log beside the file.
    public let logByteCount: Int
  }

  public func size() throws -> Size {
    try snapshot { connection in
      let pageSize = try connection.first("PRAGMA page_size") { $0.int(0) } ?? 0
      let pages = try connection.first("PRAGMA page_count") { $0.int(0) } ?? 0
      let free = try connection.first("PRAGMA freelist_count") { $0.int(0) } ?? 0
      return Size(
        byteCount: pages * pageSize, freeByteCount: free * pageSize,
        logByteCount: Self.fileSize(path + "-wal") ?? 0)
    }
  }

  /// SQLite's own check of the whole file and of all foreign keys. It takes seconds for each GiB.
  ///
  /// - Returns: the faults found, none for a sound file.
  public func integrityCheck() throws -> [String] {
    try read { connection in
      let faults = try connection.rows("PRAGMA integrity_check") { $0.string(0) }.filter { $0 != "ok" }
      let orphans = try connection.rows("PRAGMA foreign_key_check") { row in
        "a row of \(row.string(0)) refers to a missing row of \(row.string(2))"
      }
      return faults + orphans
    }
  }

  /// Checks that the database takes writes, by a write larger than a small request: a smaller one may still
  /// fit on a disk that is all but full. A success holds for a second.
  public func checkWritable() throws {
    let now = Timestamp.now()
    guard abs(now.seconds(since: lastWritable.withLock { $0 })) > 1 else { return }
    try write(durability: .relaxed) { connection in
      _ = try connection.run("UPDATE heartbeat SET time = ?, padding = zeroblob(262144)", now)
    }
    lastWritable.withLock { $0 = now }
  }

  /// Gives free pages at the end of the file back to the file system, in short transactions, and moves the
  /// log into the file.
  ///
  /// - Returns: the bytes given back.
  @discardableResult
  public func reclaim(byteLimit: Int = 1 << 30) throws -> Int {
    let before = try size().byteCount
    var remaining = byteLimit
    while remaining > 0 {
      let step = min(remaining, 8 << 20)
      let isDone = try writer.perform(.relaxed, .alone) { connection in
        try connection.script("PRAGMA incremental_vacuum(\(max(1, step / Self.pageByteCount)))")
        return try connection.first("PRAGMA freelist_count") { $0.int(0) } == 0
      }
      if isDone { break }
      remaining -= step
    }
    try checkpointLog()
    if try size().logByteCount > 16 << 20 { try restartLog() }
    return try max(0, before - size().byteCount)
  }

  /// Moves the content of the log into the file, as far as readers allow, without waiting for them. The log
  /// starts anew with the next write.
  public func checkpointLog() throws {
    try writer.perform(.durable, .bare) { connection in
      _ = try connection.rows("PRAGMA wal_checkpoint(PASSIVE)") { $0.int(0) }
    }
  }

  /// Empties the log. Readers that leave no gap between them keep the log from starting anew, so new readers
  /// wait for a moment.
  ///
  /// If another process reads, such as a backup, the log stays until later.
  func restartLog() throws {
    try readers.withoutReaders {
      try writer.perform(.durable, .bare) { [configuration] connection in
        sqlite3_busy_timeout(connection.handle, 100)
        defer { Self.setBusyTimeout(connection, configuration) }
        _ = try connection.rows("PRAGMA wal_checkpoint(TRUNCATE)") { $0.int(0) }
      }
    }
  }

  /// Writes a consistent, compact copy of the running database to a new file.
  ///
  /// - Throws: `StorageError.fileExists`; `.fileFailure`; `DatabaseError`, such as one for a full disk. A
  ///   copy that failed leaves nothing behind.
  public func backup(to destination: String) throws {
    // Not a connection of the readers: `query_only` forbids to write the copy too.
    try Self.named(path) {
      let connection = try Connection(
        path: path, flags: SQLITE_OPEN_READONLY, fileSystem: configuration.fileSystem)
      try Self.configure(connection, configuration)
      try Self.backup(connection, to: destination)
    }
  }

  /// The same for a database that another process may be serving. It changes nothing in the database.
  public static func backup(of path: String, to destination: String) throws {
    guard access(path, F_OK) == 0 else {
      throw StorageError.cannotOpen(path: path, detail: "there is no such file")
    }
    try named(path) {
      let connection = try Connection(path: path, flags: SQLITE_OPEN_READWRITE)
      try configure(connection, Configuration())
      guard try connection.first("PRAGMA application_id", read: { $0.int64(0) }) == applicationID else {
        throw StorageError.foreignDatabase(path: path)
      }
      try backup(connection, to: destination)
    }
  }

  /// The copy gets its name when it is complete and on the disk.
  private static func backup(_ connection: Connection, to destination: String) throws {
    guard access(destination, F_OK) != 0 else { throw StorageError.fileExists(path: destination) }
    let partial = destination + ".partial"
    unlink(partial)
    do {
      try connection.run("VACUUM INTO ?", partial)
      try synchronize(partial)
      // A link fails if the name was taken meanwhile. A rename would replace the file.
      guard link(partial, destination) == 0 else {
        throw errno == EEXIST ? StorageError.fileExists(path: destination) : fileFailure(destination)
      }
      unlink(partial)
      try synchronize(directory(of: destination))
    } catch {
      unlink(partial)
      throw error
    }
  }

  private static func synchronize(_ path: String) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw fileFailure(path) }
    defer { Glibc.close(descriptor) }
    guard fsync(descriptor) == 0 else { throw fileFailure(path) }
  }

  private static func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func fileFailure(_ path: String) -> StorageError {
    let code = errno
    return .fileFailure(path: path, detail: String(cString: strerror(code)))
  }

  private static func fileSize(_ path: String) -> Int? {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : nil
  }
}
