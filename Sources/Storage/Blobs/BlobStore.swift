import Formats

/// Names a blob within the database. An id is never used twice.
public struct BlobID: RawRepresentable, Hashable, Sendable {
  public let rawValue: Int64

  public init(rawValue: Int64) {
    self.rawValue = rawValue
  }
}

/// A complete blob.
public struct BlobRecord: Hashable, Sendable {
  public let id: BlobID
  public let byteCount: Int
  public let sha256: SHA256.Digest
}

/// A blob whose content is written and that no row owns yet. `BlobStore.seal` makes it permanent.
public struct PendingBlob: Hashable, Sendable {
  public let id: BlobID
  public let byteCount: Int
  public let sha256: SHA256.Digest
}

/// Content of any size, in chunks. A blob belongs to the one row (checkpoint, artifact, …) that names it, and
/// is removed with that row.
public struct BlobStore {
  /// Bytes of a chunk, but for the last. By measurement reading and writing get no faster from 256 KiB on,
  /// and a reader holds a chunk in memory.
  public static let chunkByteCount = 512 << 10

  let session: Session
  private var connection: Connection { session.connection }

  /// - Throws: `StorageError.notFound`.
  public func get(_ id: BlobID) throws -> BlobRecord {
    let record = try connection.first(
      "SELECT id, size, sha256 FROM blob WHERE id = ? AND state = 'sealed'", id.rawValue,
      read: { try Self.record($0, at: 0) })
    guard let record else { throw StorageError.notFound(.blob, "\(id.rawValue)") }
    return record
  }

  /// Makes a written blob permanent. The same transaction must create the row that owns it.
  ///
  /// - Throws: `StorageError.notFound` for a blob that was discarded or sealed before.
  @discardableResult
  public func seal(_ pending: PendingBlob) throws -> BlobRecord {
    let changed = try connection.run(
      "UPDATE blob SET state = 'sealed', size = ?, sha256 = ? WHERE id = ? AND state = 'pending'",
      pending.byteCount, pending.sha256.hexadecimal, pending.id.rawValue)
    guard changed == 1 else { throw StorageError.notFound(.blob, "\(pending.id.rawValue)") }
    return BlobRecord(id: pending.id, byteCount: pending.byteCount, sha256: pending.sha256)
  }

  /// Stores a small blob in the present transaction. For more than a few MiB use a `BlobWriter`.
  public func insert(_ bytes: [UInt8]) throws -> BlobRecord {
    let id = try insertPending()
    try bytes.withUnsafeBytes { bytes in
      for (position, start) in stride(from: 0, to: bytes.count, by: Self.chunkByteCount).enumerated() {
        let end = min(start + Self.chunkByteCount, bytes.count)
        try insertChunk(UnsafeRawBufferPointer(rebasing: bytes[start..<end]), of: id, position: position)
      }
    }
    return try seal(PendingBlob(id: id, byteCount: bytes.count, sha256: SHA256.digest(of: bytes)))
  }

  /// Gives up a written blob that will not be sealed.
  public func discard(_ pending: PendingBlob) throws {
    try discard(pending.id)
  }

  func discard(_ id: BlobID) throws {
    try connection.run("UPDATE blob SET state = 'dead' WHERE id = ? AND state = 'pending'", id.rawValue)
  }

  func insertPending(chunkByteCount: Int = Self.chunkByteCount) throws -> BlobID {
    try connection.run(
      "INSERT INTO blob (state, chunk_size, created) VALUES ('pending', ?, ?)", chunkByteCount,
      session.now)
    return BlobID(rawValue: connection.lastInsertedRow)
  }

  func insertChunk(_ bytes: UnsafeRawBufferPointer, of id: BlobID, position: Int) throws {
    try connection.run("INSERT INTO blob_chunk VALUES (?, ?)", Self.key(id, position), bytes)
  }

  func abandonPending() throws -> Int {
    try connection.run("UPDATE blob SET state = 'dead' WHERE state = 'pending'")
  }

  /// Removes chunks of dead blobs, some at a time, and dead blobs without chunks. Returns how many rows it
  /// removed.
  func sweep(chunkLimit: Int) throws -> Int {
    let dead = try connection.first("SELECT id FROM blob WHERE state = 'dead' LIMIT 1") { $0.int64(0) }
    guard let dead = dead.map(BlobID.init) else { return 0 }
    let removed = try connection.run(
      """
      DELETE FROM blob_chunk WHERE key IN (SELECT key FROM blob_chunk WHERE key >= ? AND key < ? LIMIT ?)
      """, Self.key(dead, 0), Self.key(BlobID(rawValue: dead.rawValue + 1), 0), chunkLimit)
    guard removed < chunkLimit else { return removed }
    return try removed + connection.run("DELETE FROM blob WHERE id = ?", dead.rawValue)
  }

  static func key(_ id: BlobID, _ position: Int) -> Int64 {
    id.rawValue << Schema.chunkPositionBits | Int64(position)
  }

  /// Reads id, size and SHA-256 from three columns.
  static func record(_ row: Row, at column: Int) throws -> BlobRecord {
    let id = BlobID(rawValue: row.int64(column))
    guard let digest = SHA256.Digest(hexadecimal: row.string(column + 2)) else {
      throw StorageError.corruptBlob(id, detail: "its recorded SHA-256 is not one")
    }
    return BlobRecord(id: id, byteCount: row.int(column + 1), sha256: digest)
  }
}

extension Store {
  /// Removes the chunks of some dead blobs in one short transaction. Returns how many rows it removed, 0 if
  /// none is left.
  func sweepDeadBlobs() throws -> Int {
    try database.writer.perform(.relaxed, .alone) { [clock, identifiers] connection in
      let session = Session(connection: connection, clock: clock, identifiers: identifiers)
      return try session.blobs.sweep(chunkLimit: 256)
    }
  }
}
