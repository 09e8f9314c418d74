import Foundation
import Storage
import Testing

/// Lets every operation on the files fail, one after the other, and checks the remaining files. Serialized,
/// because there is one failing file system.
@Suite(.serialized) struct FailureTests {
  /// The acknowledgements that a client received.
  private struct Acknowledged {
    var jobs: [String: JobState] = [:]
    var checkpoints: [String] = []
  }

  private static let chunkByteCount = 20_000
  private static let content = noise(2 * chunkByteCount + 10)

  /// A sample of everything that the store does. It continues after an error, as a service does.
  private func work(_ store: Store, _ told: inout Acknowledged) {
    for round in 0..<2 {
      guard
        let job = try? store.write({
          try $0.jobs.create(NewJob(kind: "k", request: "{}", models: ["net"])).id
        })
      else { continue }
      told.jobs[job] = .queued
      guard let claimed = try? store.write({ try $0.jobs.claim()?.id }) else { continue }
      told.jobs[claimed] = .running
      let writer = BlobWriter(store, chunkByteCount: Self.chunkByteCount)
      let checkpoint = try? { () throws -> String in
        try writer.append(Self.content)
        return try writer.finish { session, blob in
          let new = NewCheckpoint(model: "net", kind: .edited, job: claimed, blob: blob.id)
          let checkpoint = try session.checkpoints.create(new)
          try session.jobs.finish(claimed, .succeeded(result: "{}"))
          return checkpoint.id
        }
      }()
      if let checkpoint {
        told.checkpoints.append(checkpoint)
        told.jobs[claimed] = .succeeded
      }
      if round == 1, let oldest = told.checkpoints.first {
        // If this fails, the checkpoint counts as neither present nor deleted.
        told.checkpoints.removeFirst()
        if (try? store.write({ try $0.checkpoints.delete(oldest) })) != nil { try? store.maintain() }
      }
    }
  }

  @Test(arguments: [false, true])
  func whateverFailsNothingAcknowledgedIsLost(lasting: Bool) throws {
    FailingFileSystem.register
    let template = try TestStore()
    try template.makeModel()
    template.store.close()
    var failing = Database.Configuration()
    failing.fileSystem = FailingFileSystem.name
    failing.busyTimeoutSeconds = 0.01
    var count = 0
    var step = 1
    while true {
      let directory = TemporaryDirectory()
      let path = directory.file("a.db")
      try FileManager.default.copyItem(atPath: template.path, toPath: path)
      var told = Acknowledged()
      FailingFileSystem.arm(after: count, lasting: lasting)
      do {
        let store = try Store(path: path, configuration: failing)
        work(store, &told)
        store.close()
      } catch {
        #expect(error is StorageError || error is DatabaseError, "\(error)")
      }
      let failed = FailingFileSystem.disarm()

      let store = try Store(path: path)
      #expect(try store.database.integrityCheck() == [], "after failure \(count)")
      for (id, state) in told.jobs {
        let job = try store.read { try $0.jobs.find(id) }
        #expect(job != nil, "after failure \(count)")
        if state == .succeeded { #expect(job?.state == .succeeded, "after failure \(count)") }
      }
      let kept = try store.read { try $0.checkpoints.list(model: "net", limit: 50).items }
      for id in told.checkpoints { #expect(kept.contains { $0.id == id }, "after failure \(count)") }
      for checkpoint in kept {
        #expect(try BlobReader(store, checkpoint.blob.id).bytes() == Self.content, "after failure \(count)")
        #expect(try store.read { try $0.jobs.get(checkpoint.job ?? "").state } == .succeeded)
      }
      try store.maintain()
      let chunks = try store.read { try $0.connection.first("SELECT count(*) FROM blob_chunk") { $0.int(0) } }
      #expect(chunks == 3 * kept.count, "after failure \(count)")
      store.close()

      guard failed else { break }
      // The first hundred one by one, then ever larger steps: a run has some thousand operations, most of
      // them alike.
      if count >= 100 { step = count / 20 }
      count += step
    }
    #expect(count > 100)
  }
}
