import Formats

/// Writes a blob piece by piece, holding one chunk in memory. Every chunk is a commit of its own that others' commits come between; nothing
/// counts until the blob is sealed. A writer that goes away before gives its chunks up.
public final class BlobWriter {
  private let store: Store
  private var id: BlobID?
  private var chunk: [UInt8] = []
  private var chunks = 0
  private var hash = SHA256()
  private var isFlushed = false
  /// Bytes appended so far.
  public private(set) var byteCount = 0

  public init(_ store: Store) {
    self.store = store
    chunk.reserveCapacity(BlobStore.chunkByteCount)
  }

  deinit {
    guard !isFlushed, let id else { return }
    store.write(durability: .relaxed, { try $0.blobs.discard(id) }, completion: { _ in })
  }

  public func append(_ bytes: UnsafeRawBufferPointer) throws {
    precondition(!isFlushed, "A blob that was flushed takes no more bytes.")
    hash.update(bytes)
    byteCount += bytes.count
    var rest = bytes
    while !rest.isEmpty {
      let count = min(rest.count, BlobStore.chunkByteCount - chunk.count)
      chunk.append(contentsOf: rest[..<count])
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      if chunk.count == BlobStore.chunkByteCount { try writeChunk() }
    }
  }

  public func append(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { try append($0) }
  }

  /// Ends the content. The blob must then be sealed (`Session.blobs.seal`) or discarded; one that is neither goes at the next start.
  public func flush() throws -> PendingBlob {
    precondition(!isFlushed, "A blob is flushed once.")
    if !chunk.isEmpty || id == nil { try writeChunk() }
    guard let id else { preconditionFailure("A blob whose chunks are written has an id.") }
    isFlushed = true
    return PendingBlob(id: id, byteCount: byteCount, sha256: hash.digest())
  }

  /// Ends the content, and seals the blob in one transaction with `body`, which creates the row that owns it. Where that fails the blob is
  /// given up.
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

  private func writeChunk() throws {
    let (known, position) = (id, chunks)
    // Handed over whole, so that no copy is made; the memory comes back for the next chunk.
    let bytes = chunk
    chunk.removeAll(keepingCapacity: false)
    id = try store.database.writer.perform(.relaxed, .alone) {
      [clock = store.clock, identifiers = store.identifiers] connection in
      let blobs = Session(connection: connection, clock: clock, identifiers: identifiers).blobs
      let id = try known ?? blobs.insertPending()
      if !bytes.isEmpty {
        try bytes.withUnsafeBytes { try blobs.insertChunk($0, of: id, position: position) }
      }
      return id
    }
    chunks += 1
    chunk.reserveCapacity(BlobStore.chunkByteCount)
  }
}
