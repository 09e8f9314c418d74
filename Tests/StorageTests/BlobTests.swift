import Formats
import Storage
import Testing

@Suite struct BlobTests {
  /// Writes a checkpoint of these bytes, appended in pieces.
  private func makeCheckpoint(_ test: TestStore, _ bytes: [UInt8], piece: Int = 100_003) throws
    -> CheckpointRecord
  {
    let writer = BlobWriter(test.store)
    for start in stride(from: 0, to: bytes.count, by: piece) {
      try writer.append(Array(bytes[start..<min(start + piece, bytes.count)]))
    }
    return try writer.finish { session, blob in
      try session.checkpoints.create(NewCheckpoint(model: "net", kind: .trained, blob: blob.id))
    }
  }

  @Test(arguments: [
    0, 1, BlobStore.chunkByteCount - 1, BlobStore.chunkByteCount, 2 * BlobStore.chunkByteCount + 17,
  ])
  func contentOfEverySizeComesBack(count: Int) throws {
    let test = try TestStore()
    try test.makeModel()
    let bytes = noise(count)
    let checkpoint = try makeCheckpoint(test, bytes)
    #expect(checkpoint.blob.byteCount == count)
    #expect(checkpoint.blob.sha256 == SHA256.digest(of: bytes))
    #expect(try BlobReader(test.store, checkpoint.blob.id).bytes() == bytes)
    try test.reopen()
    #expect(try BlobReader(test.store, checkpoint.blob.id).bytes() == bytes)
  }

  @Test func rangesAreReadFromAnyPlace() throws {
    let test = try TestStore()
    try test.makeModel()
    let chunk = BlobStore.chunkByteCount
    let bytes = noise(3 * chunk + 100)
    let reader = try BlobReader(test.store, makeCheckpoint(test, bytes).blob.id)
    for range in [
      0..<1, 5..<chunk, chunk - 1..<chunk + 1, chunk..<2 * chunk, 17..<3 * chunk + 99,
      3 * chunk + 99..<3 * chunk + 100, 7..<7,
    ] {
      var found: [UInt8] = []
      try reader.stream(range) { found += $0 }
      #expect(found == Array(bytes[range]))
      var buffer = [UInt8](repeating: 0, count: range.count)
      let count = try buffer.withUnsafeMutableBytes { try reader.read(at: range.lowerBound, into: $0) }
      #expect(count == range.count)
      #expect(buffer == Array(bytes[range]))
    }
    var buffer = [UInt8](repeating: 0, count: 10)
    #expect(try buffer.withUnsafeMutableBytes { try reader.read(at: bytes.count - 3, into: $0) } == 3)
    #expect(try buffer.withUnsafeMutableBytes { try reader.read(at: bytes.count + 3, into: $0) } == 0)
  }

  @Test func smallBlobsAreStoredInTheTransactionAtHand() throws {
    let test = try TestStore()
    let bytes = noise(BlobStore.chunkByteCount + 5)
    let blob = try test.store.write { session in
      let job = try session.jobs.create(NewJob(kind: "k", request: "{}"))
      let blob = try session.blobs.insert(bytes)
      try session.artifacts.create(job: job.id, name: "a.npy", dtype: "<f4", shape: [2, 3], blob: blob.id)
      return blob
    }
    #expect(try BlobReader(test.store, blob.id).bytes() == bytes)
  }

  @Test func damageIsFoundAndNamed() throws {
    let test = try TestStore()
    try test.makeModel()
    let id = try makeCheckpoint(test, noise(2 * BlobStore.chunkByteCount)).blob.id
    func expectCorrupt(_ sql: String) throws {
      try test.store.database.write { connection in _ = try connection.run(sql) }
      let reader = try BlobReader(test.store, id)
      #expect { try reader.bytes() } throws: { error in
        if case StorageError.corruptBlob(id, _) = error { true } else { false }
      }
    }
    let flipped =
      "UPDATE blob_chunk SET data = zeroblob(length(data)) WHERE key = (SELECT max(key) FROM blob_chunk)"
    try expectCorrupt(flipped)
    try expectCorrupt("UPDATE blob_chunk SET data = x'00' WHERE key = (SELECT max(key) FROM blob_chunk)")
    try expectCorrupt("DELETE FROM blob_chunk WHERE key = (SELECT max(key) FROM blob_chunk)")
    try expectCorrupt("UPDATE blob SET size = size + 1")
  }

  @Test func soundBlobsAreHashedOnceAProcess() throws {
    let test = try TestStore()
    try test.makeModel()
    let content = noise(2 * BlobStore.chunkByteCount + 5)
    let writer = BlobWriter(test.store)
    try writer.append(content)
    let pending = try writer.flush()
    #expect(try BlobReader(test.store, pending).bytes() == content)
    let id = try test.store.write { session in
      let blob = try session.blobs.seal(pending)
      try session.checkpoints.create(NewCheckpoint(model: "net", kind: .edited, blob: blob.id))
      return blob.id
    }
    #expect(throws: StorageError.notFound(.blob, "\(id.rawValue)")) { try BlobReader(test.store, pending) }
    func damage() throws {
      _ = try test.store.write { session in
        try session.connection.run(
          "UPDATE blob_chunk SET data = CAST(x'00' || substr(data, 2) AS BLOB) WHERE key >> 24 = ?",
          id.rawValue)
      }
    }
    try BlobReader(test.store, id).verifyOnce()
    try damage()
    // The bytes are not checked again in this process …
    try BlobReader(test.store, id).verifyOnce()
    // … but reading the whole blob always checks them.
    #expect(throws: StorageError.self) { try BlobReader(test.store, id).bytes() }
    try test.reopen()
    #expect(throws: StorageError.self) { try BlobReader(test.store, id).verifyOnce() }
  }

  @Test func editedCheckpointsCanBeKeptForATime() throws {
    let test = try TestStore()
    try test.makeModel()
    func checkpoint(_ kind: CheckpointKind) throws -> String {
      try test.store.write { session in
        let blob = try session.blobs.insert([1, 2, 3])
        return try session.checkpoints.create(NewCheckpoint(model: "net", kind: kind, blob: blob.id)).id
      }
    }
    let old = try [CheckpointKind.edited, .trained, .edited].map(checkpoint)
    try test.store.write { _ = try $0.jobs.create(NewJob(kind: "k", request: "{}", checkpoints: [old[2]])) }
    test.clock.advance(seconds: 100)
    let new = try checkpoint(.edited)
    let before = test.clock.read().advanced(bySeconds: -50)
    #expect(try test.store.write { try $0.checkpoints.deleteEdited(before: before, limit: 10) } == 1)
    let left = try test.store.read { try $0.checkpoints.list(model: "net", limit: 10).items.map(\.id) }
    #expect(left == [new, old[2], old[1]])
  }

  @Test func blobsGoWithTheirOwners() throws {
    let test = try TestStore()
    try test.makeModel()
    let first = try makeCheckpoint(test, noise(3 * BlobStore.chunkByteCount))
    let second = try makeCheckpoint(test, noise(10))
    let reader = try BlobReader(test.store, first.blob.id)
    try test.store.write { try $0.checkpoints.delete(first.id) }
    #expect(throws: StorageError.notFound(.checkpoint, first.id)) {
      try test.store.write { try $0.checkpoints.delete(first.id) }
    }
    try test.store.maintain()
    #expect(throws: StorageError.notFound(.blob, "\(first.blob.id.rawValue)")) { try reader.bytes() }
    #expect(try test.blobCount() == 1)
    #expect(try BlobReader(test.store, second.blob.id).bytes() == noise(10))
    try test.store.write { try $0.models.delete("net") }
    try test.store.maintain()
    #expect(try test.blobCount() == 0)
    #expect(try test.chunkCount() == 0)
    #expect(try test.store.database.integrityCheck() == [])
  }

  @Test func aWriterThatGoesAwayLeavesNothing() throws {
    let test = try TestStore()
    do {
      let writer = BlobWriter(test.store)
      try writer.append(noise(BlobStore.chunkByteCount + 1))
    }
    try test.store.maintain()
    #expect(try test.blobCount() == 0)
    #expect(try test.chunkCount() == 0)
  }

  @Test func anOwnerThatCannotBeMadeGivesTheBlobUp() throws {
    let test = try TestStore()
    let writer = BlobWriter(test.store)
    try writer.append(noise(100))
    #expect(throws: StorageError.notFound(.model, "none")) {
      try writer.finish { session, blob in
        try session.checkpoints.create(NewCheckpoint(model: "none", kind: .uploaded, blob: blob.id))
      }
    }
    try test.store.maintain()
    #expect(try test.blobCount() == 0)
  }

  @Test func blobsCutOffByACrashAreRemoved() throws {
    let test = try TestStore()
    let writer = BlobWriter(test.store)
    try writer.append(noise(BlobStore.chunkByteCount))
    let pending = try writer.flush()
    try test.reopen()
    #expect(test.store.recovery.abandonedBlobs == 1)
    #expect(throws: StorageError.notFound(.blob, "\(pending.id.rawValue)")) {
      try test.store.write { try $0.blobs.seal(pending) }
    }
    try test.store.maintain()
    #expect(try test.chunkCount() == 0)
  }

  @Test func severalBlobsAreSealedTogether() throws {
    let test = try TestStore()
    try test.makeModel()
    let job = try test.store.write { session in
      try session.jobs.create(NewJob(kind: "k", request: "{}"))
      return try session.jobs.claim()
    }
    let id = try #require(job?.id)
    let pending = try (0..<2).map { index in
      let writer = BlobWriter(test.store)
      try writer.append(noise(1000, seed: UInt64(index)))
      return try writer.flush()
    }
    try test.store.write { session in
      let weights = try session.blobs.seal(pending[0])
      try session.checkpoints.create(NewCheckpoint(model: "net", kind: .edited, job: id, blob: weights.id))
      let scores = try session.blobs.seal(pending[1])
      try session.artifacts.create(job: id, name: "scores.npy", dtype: "<f4", shape: [250], blob: scores.id)
      try session.jobs.finish(id, .succeeded(result: "{}"))
    }
    #expect(try test.store.read { try $0.checkpoints.list(job: id).count } == 1)
    #expect(try test.store.read { try $0.artifacts.get(job: id, name: "scores.npy").shape } == [250])
  }

  @Test func stagesAreReplacedAndDroppedAtTheEnd() throws {
    let test = try TestStore()
    let store = test.store
    let id = try store.write { session in
      let id = try session.jobs.create(NewJob(kind: "train", request: "{}")).id
      _ = try session.jobs.claim()
      return id
    }
    for epoch in 1...3 {
      try store.write { session in
        let blob = try session.blobs.insert([UInt8(epoch)])
        try session.stages.save(job: id, name: "epoch", detail: "\(epoch)", blob: blob.id)
      }
    }
    try test.reopen()
    let stage = try #require(try test.store.read { try $0.stages.find(job: id, name: "epoch") })
    #expect(stage.detail == "3")
    #expect(try BlobReader(test.store, stage.blob.id).bytes() == [3])
    try test.store.maintain()
    #expect(try test.blobCount() == 1)
    // The job is queued again. A worker that still believes to run it must not save.
    #expect(throws: StorageError.wrongState(job: id, state: .queued, expected: "running")) {
      try test.store.write { session in
        try session.stages.save(job: id, name: "epoch", blob: session.blobs.insert([9]).id)
      }
    }
    try test.store.write { session in
      _ = try session.jobs.claim()
      try session.jobs.finish(id, .failed(error: "{}"))
    }
    try test.store.maintain()
    #expect(try test.blobCount() == 0)
  }
}
