import Dispatch
import Formats

/// Writes a blob piece by piece, with two chunks in memory. Every chunk is a commit of its own, and commits
/// of others come between. Nothing counts until the blob is sealed. A writer that is dropped before gives its
/// chunks up.
public final class BlobWriter {
  private let store: Store
  private let chunkByteCount: Int
  private var id: BlobID?
  private var inFlight: PendingWrite?
  private var chunk: [UInt8] = []
  private var chunks = 0
  private var hash = SHA256()
  private var isFlushed = false
  /// Bytes appended so far.
  public private(set) var byteCount = 0

  public convenience init(_ store: Store) {
    self.init(store, chunkByteCount: BlobStore.chunkByteCount)
  }

  package init(_ store: Store, chunkByteCount: Int) {
    self.store = store
    self.chunkByteCount = chunkByteCount
    chunk.reserveCapacity(chunkByteCount)
  }

  deinit {
    guard !isFlushed else { return }
    _ = try? awaitWrite()
    guard let id else { return }
    store.write(durability: .relaxed, { try $0.blobs.discard(id) }, completion: { _ in })
  }

  public func append(_ bytes: UnsafeRawBufferPointer) throws {
    precondition(!isFlushed, "A blob that was flushed takes no more bytes.")
    hash.update(bytes)
    byteCount += bytes.count
    var rest = bytes
    while !rest.isEmpty {
      let count = min(rest.count, chunkByteCount - chunk.count)
      chunk.append(contentsOf: UnsafeRawBufferPointer(rebasing: rest[..<count]))
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      if chunk.count == chunkByteCount { try writeChunk() }
    }
  }

  public func append(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { try append($0) }
  }

  /// Ends the content. Then seal the blob (`Session.blobs.seal`) or discard it; else the next start discards
  /// it.
  public func flush() throws -> PendingBlob {
    precondition(!isFlushed, "A blob is flushed once.")
    if !chunk.isEmpty || chunks == 0 { try writeChunk() }
    try awaitWrite()
    guard let id else { preconditionFailure("A blob whose chunks are written has an id.") }
    isFlushed = true
    return PendingBlob(id: id, byteCount: byteCount, sha256: hash.digest())
  }

  /// Ends the content, and seals the blob in one transaction with `body`, which creates the row that owns it.
  /// If `body` fails, the blob is given up.
  public func finish<Result: Sendable>(
    _ body: @escaping @Sendable (Session, BlobRecord) throws -> Result
  ) throws -> Result {
    let pending = try flush()
    do {
      return try store.write { session in try body(session, session.blobs.seal(pending)) }
    } catch {
      store.write(durability: .relaxed, { try $0.blobs.discard(pending) }, completion: { _ in })
      throw error
    }
  }

  /// Starts to write the chunk after the one before is written. So one chunk is hashed and filled while
  /// another goes to the disk.
  private func writeChunk() throws {
    try awaitWrite()
    let (known, position, bytes, chunkByteCount) = (id, chunks, chunk, chunkByteCount)
    let write = PendingWrite()
    store.database.writer.submit(
      .relaxed, .alone,
      { [clock = store.clock, identifiers = store.identifiers] connection in
        let blobs = Session(connection: connection, clock: clock, identifiers: identifiers).blobs
        let id = try known ?? blobs.insertPending(chunkByteCount: chunkByteCount)
        if !bytes.isEmpty {
          try bytes.withUnsafeBytes { try blobs.insertChunk($0, of: id, position: position) }
        }
        return id
      }, completion: { write.complete($0) })
    inFlight = write
    chunks += 1
    chunk = []
    chunk.reserveCapacity(chunkByteCount)
  }

  private func awaitWrite() throws {
    guard let write = inFlight else { return }
    inFlight = nil
    id = try write.wait()
  }
}

/// A chunk that is being written to the disk.
private final class PendingWrite: Sendable {
  private let done = DispatchSemaphore(value: 0)
  private let result = Lock<Result<BlobID, any Error>>(.failure(StorageError.closed))

  func complete(_ result: Result<BlobID, any Error>) {
    self.result.withLock { $0 = result }
    done.signal()
  }

  /// Waits for the write. To be called once.
  func wait() throws -> BlobID {
    done.wait()
    return try result.withLock { try $0.get() }
  }
}
