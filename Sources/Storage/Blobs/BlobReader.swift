import Formats

/// Reads a blob from any place. It holds no connection between calls, so a slow client keeps nobody waiting.
public struct BlobReader: Sendable {
  public let blob: BlobRecord
  private let database: Database
  private let sound: SoundBlobs
  private let chunkByteCount: Int

  /// - Throws: `StorageError.notFound`.
  public init(_ store: Store, _ id: BlobID) throws {
    database = store.database
    sound = store.soundBlobs
    (blob, chunkByteCount) = try store.read { session in
      let blob = try session.blobs.get(id)
      let size = try session.connection.first("SELECT chunk_size FROM blob WHERE id = ?", id.rawValue) {
        $0.int(0)
      }
      guard let size, size > 0 else { throw StorageError.corruptBlob(id, detail: "its chunks have no size") }
      return (blob, size)
    }
  }

  /// Reads a blob that is written and not sealed yet. Only its writer may.
  ///
  /// - Throws: `StorageError.notFound` for a discarded blob.
  public init(_ store: Store, _ pending: PendingBlob) throws {
    database = store.database
    sound = store.soundBlobs
    blob = BlobRecord(id: pending.id, byteCount: pending.byteCount, sha256: pending.sha256)
    let size = try store.read { session in
      try session.connection.first(
        "SELECT chunk_size FROM blob WHERE id = ? AND state = 'pending'", pending.id.rawValue
      ) { $0.int(0) }
    }
    guard let size, size > 0 else { throw StorageError.notFound(.blob, "\(pending.id.rawValue)") }
    chunkByteCount = size
  }

  /// Fills `buffer` with the bytes from `offset` on, and returns how many there were. They are fewer than it
  /// holds only at the end of the blob.
  ///
  /// - Throws: `StorageError.notFound` for a blob that was deleted meanwhile, `.corruptBlob`;
  ///   `DatabaseError`.
  public func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    precondition(offset >= 0, "A blob is read from offset 0 or more, not \(offset).")
    let count = min(buffer.count, blob.byteCount - min(offset, blob.byteCount))
    guard count > 0 else { return 0 }
    return try database.read { connection in
      var done = 0
      while done < count {
        let place = offset + done
        done += try withChunk(place / chunkByteCount, connection) { chunk in
          let part = UnsafeRawBufferPointer(rebasing: chunk[(place % chunkByteCount)...].prefix(count - done))
          UnsafeMutableRawBufferPointer(rebasing: buffer[done...]).copyMemory(from: part)
          return part.count
        }
      }
      return done
    }
  }

  /// Hands on the bytes of `range` (by default all) in order, in pieces of at most a chunk. A piece is valid
  /// during the call.
  public func stream(_ range: Range<Int>? = nil, _ receive: (UnsafeRawBufferPointer) throws -> Void) throws {
    let range = (range ?? 0..<blob.byteCount).clamped(to: 0..<blob.byteCount)
    guard !range.isEmpty else { return }
    let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: min(chunkByteCount, range.count), alignment: 64)
    defer { buffer.deallocate() }
    var offset = range.lowerBound
    while offset < range.upperBound {
      // Up to the end of the chunk, so that later pieces are whole chunks.
      let wanted = min(chunkByteCount - offset % chunkByteCount, range.upperBound - offset, buffer.count)
      let count = try read(at: offset, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]))
      try receive(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      offset += count
    }
  }

  /// Streams everything and compares the SHA-256 at the end. The received bytes are sound only if this call
  /// returns.
  ///
  /// - Throws: `StorageError.corruptBlob`.
  public func streamVerified(_ receive: (UnsafeRawBufferPointer) throws -> Void) throws {
    var hash = SHA256()
    try stream { bytes in
      hash.update(bytes)
      try receive(bytes)
    }
    let found = hash.digest()
    guard found == blob.sha256 else {
      throw StorageError.corruptBlob(blob.id, detail: "its SHA-256 is \(found), recorded is \(blob.sha256)")
    }
    sound.insert(blob.id)
  }

  /// Reads everything and compares the SHA-256, unless that was done since the store was opened. Call it
  /// before parts are handed out.
  ///
  /// - Throws: `StorageError.corruptBlob`.
  public func verifyOnce() throws {
    guard !sound.contains(blob.id) else { return }
    try streamVerified { _ in }
  }

  /// The whole content, verified.
  public func bytes() throws -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(blob.byteCount)
    try streamVerified { bytes.append(contentsOf: $0) }
    return bytes
  }

  private func withChunk<Result>(
    _ position: Int, _ connection: Connection, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result {
    let expected = min(chunkByteCount, blob.byteCount - position * chunkByteCount)
    let result = try connection.first(
      "SELECT data FROM blob_chunk WHERE key = ?", BlobStore.key(blob.id, position),
      read: { row in
        try row.withBytes(0) { chunk in
          guard chunk.count == expected else {
            throw StorageError.corruptBlob(
              blob.id, detail: "chunk \(position) has \(chunk.count) bytes, \(expected) are right")
          }
          return try body(chunk)
        }
      })
    if let result { return result }
    let isThere = try connection.first(
      "SELECT 1 FROM blob WHERE id = ? AND state = 'sealed'", blob.id.rawValue, read: { $0.bool(0) })
    throw isThere == nil
      ? StorageError.notFound(.blob, "\(blob.id.rawValue)")
      : StorageError.corruptBlob(blob.id, detail: "chunk \(position) is missing")
  }
}
