import CSQLite
import Dispatch
import Formats
import Foundation
import Storage
import Synchronization
import Testing

@Suite struct DatabaseTests {
  private func table(_ database: Database) throws {
    try database.write { try $0.script("CREATE TABLE t (v INTEGER PRIMARY KEY)") }
  }

  private func values(_ database: Database) throws -> [Int] {
    try database.read { try $0.rows("SELECT v FROM t ORDER BY v") { $0.int(0) } }
  }

  @Test func everyTypeOfValueComesBack() throws {
    let directory = TemporaryDirectory()
    let database = try Database(path: directory.file("a.db"))
    let row = try database.read { connection in
      try connection.first(
        "SELECT ?, ?, ?, ?, ?, ?, ?", 7, 1.5, "grüße\0x", [1, 2, 255] as [UInt8], nil as String?, true,
        [] as [UInt8]
      ) { row in
        #expect(row.int(0) == 7)
        #expect(row.double(1) == 1.5)
        #expect(row.string(2) == "grüße\0x")
        #expect(row.bytes(3) == [1, 2, 255])
        #expect(row.isNull(4) && row.optionalString(4) == nil && row.optionalInt64(4) == nil)
        #expect(row.bool(5))
        #expect(!row.isNull(6) && row.bytes(6) == [])
        return true
      }
    }
    #expect(row == true)
  }

  @Test func errorsSayCodeMessageAndStatement() throws {
    let directory = TemporaryDirectory()
    let database = try Database(path: directory.file("a.db"))
    try table(database)
    try database.write { _ = try $0.run("INSERT INTO t VALUES (1)") }
    #expect(
      throws: DatabaseError(
        code: .primaryKeyConstraint, message: "UNIQUE constraint failed: t.v", sql: "INSERT INTO t VALUES (1)"
      )
    ) {
      try database.write { _ = try $0.run("INSERT INTO t VALUES (1)") }
    }
    #expect(ResultCode.constraint ~= ResultCode.primaryKeyConstraint)
    #expect(!(ResultCode.uniqueConstraint ~= ResultCode.constraint))
    let failure = #expect(throws: DatabaseError.self) { try database.read { try $0.run("DELETE FROM t") } }
    #expect(ResultCode.readOnly ~= failure?.code ?? .ok)
  }

  @Test func aFailedWriteTakesOnlyItselfBack() throws {
    struct Refused: Error, Equatable {
      let value: Int
    }
    let directory = TemporaryDirectory()
    let database = try Database(path: directory.file("a.db"))
    try table(database)
    // All writes queue behind the first, which waits for them; so the others share commits.
    let gate = DispatchSemaphore(value: 0)
    let group = DispatchGroup()
    let failures = Mutex<[Int]>([])
    // Open once it has been, since a body may run again.
    database.write(
      { _ in
        gate.wait()
        gate.signal()
      }, completion: { _ in })
    for value in 0..<100 {
      group.enter()
      database.write(
        { connection in
          try connection.run("INSERT INTO t VALUES (?)", value)
          if value % 3 == 0 { throw Refused(value: value) }
        },
        completion: { result in
          if case .failure(let error as Refused) = result { failures.withLock { $0.append(error.value) } }
          group.leave()
        })
    }
    gate.signal()
    group.wait()
    #expect(try values(database) == (0..<100).filter { $0 % 3 != 0 })
    #expect(failures.withLock { $0 } == (0..<100).filter { $0 % 3 == 0 })
  }

  @Test func writesAreSeenByReadersOnceTheyReturn() throws {
    let directory = TemporaryDirectory()
    let database = try Database(path: directory.file("a.db"))
    try table(database)
    DispatchQueue.concurrentPerform(iterations: 8) { worker in
      for index in 0..<50 {
        let value = worker * 1000 + index
        do {
          try database.write { _ = try $0.run("INSERT INTO t VALUES (?)", value) }
          let found = try database.read { try $0.first("SELECT v FROM t WHERE v = ?", value) { $0.int(0) } }
          #expect(found == value)
        } catch {
          Issue.record(error)
        }
      }
    }
    #expect(try values(database).count == 400)
  }

  @Test func aSnapshotDoesNotMoveWhileOthersWrite() throws {
    let directory = TemporaryDirectory()
    let database = try Database(path: directory.file("a.db"))
    try table(database)
    try database.snapshot { connection in
      let before = try connection.first("SELECT count(*) FROM t") { $0.int(0) }
      try database.write { _ = try $0.run("INSERT INTO t VALUES (1)") }
      #expect(try connection.first("SELECT count(*) FROM t") { $0.int(0) } == before)
    }
    #expect(try values(database) == [1])
  }

  @Test func nestedTransactionsRollBackAlone() throws {
    struct Refused: Error {}
    let directory = TemporaryDirectory()
    let database = try Database(path: directory.file("a.db"))
    try table(database)
    try database.write { connection in
      try connection.run("INSERT INTO t VALUES (1)")
      let inner = Result {
        try connection.transaction {
          try connection.run("INSERT INTO t VALUES (2)")
          throw Refused()
        }
      }
      #expect(throws: Refused.self) { try inner.get() }
      try connection.transaction { _ = try connection.run("INSERT INTO t VALUES (3)") }
    }
    #expect(try values(database) == [1, 3])
  }

  /// Nothing of a failed part may reach a commit, not even if SQLite cannot go back to the savepoint.
  @Test func aSavepointThatCannotBeTakenBackEndsTheTransaction() throws {
    struct Refused: Error {}
    let directory = TemporaryDirectory()
    let database = try Database(path: directory.file("a.db"))
    try table(database)
    let written = Result {
      try database.write { connection in
        try connection.run("INSERT INTO t VALUES (1)")
        connection.refuseEnds(true)
        let inner = Result {
          try connection.transaction {
            try connection.run("INSERT INTO t VALUES (2)")
            throw Refused()
          }
        }
        #expect(throws: Refused.self) { try inner.get() }
        connection.refuseEnds(false)
      }
    }
    #expect(throws: DatabaseError.self) { try written.get() }
    #expect(try values(database) == [])
    try database.write { _ = try $0.run("INSERT INTO t VALUES (3)") }
    #expect(try values(database) == [3])
  }

  /// A connection that stays in a snapshot would show old rows for ever.
  @Test func aSnapshotThatCannotEndIsNotReadAgain() throws {
    let directory = TemporaryDirectory()
    var configuration = Database.Configuration()
    configuration.readers = 1
    let database = try Database(path: directory.file("a.db"), configuration: configuration)
    try table(database)
    let before = try database.snapshot { connection in
      connection.refuseEnds(true)
      return try connection.rows("SELECT v FROM t") { $0.int(0) }
    }
    #expect(before == [])
    try database.write { _ = try $0.run("INSERT INTO t VALUES (1)") }
    #expect(try values(database) == [1])
  }

  @Test func writesSuspend() async throws {
    let directory = TemporaryDirectory()
    let database = try Database(path: directory.file("a.db"))
    try await database.write { try $0.script("CREATE TABLE t (v INTEGER PRIMARY KEY)") }
    await withTaskGroup(of: Void.self) { group in
      for value in 0..<100 {
        group.addTask {
          do {
            try await database.write { _ = try $0.run("INSERT INTO t VALUES (?)", value) }
          } catch {
            Issue.record(error)
          }
        }
      }
    }
    #expect(try values(database) == Array(0..<100))
  }

  @Test func afterClosingEveryCallSaysSo() throws {
    let directory = TemporaryDirectory()
    let database = try Database(path: directory.file("a.db"))
    try database.checkWritable()
    database.close()
    database.close()
    #expect(throws: StorageError.closed) { try database.checkWritable() }
    #expect(throws: StorageError.closed) { try database.size() }
  }

  /// The limit on pages stands for the disk's end. Small writes go on as soon as there is room.
  @Test func aFullDiskIsAnErrorAndNothingIsHalfWritten() throws {
    let test = try TestStore()
    try test.makeModel()
    try test.store.database.write { try $0.script("PRAGMA max_page_count=200") }
    let writer = BlobWriter(test.store)
    let failure = #expect(throws: DatabaseError.self) {
      for _ in 0..<40 { try writer.append(noise(100_000)) }
      _ = try writer.flush()
    }
    #expect(failure?.code == .full)
    #expect(try test.store.database.integrityCheck() == [])
    try test.store.database.write { try $0.script("PRAGMA max_page_count=1000000") }
    try test.store.write { _ = try $0.jobs.create(NewJob(kind: "k", request: "{}")) }
    try test.reopen()
    try test.store.maintain()
    #expect(try test.chunkCount() == 0)
    #expect(try test.store.read { try $0.jobs.list(limit: 5).items.count } == 1)
  }

  @Test func spaceIsGivenBack() throws {
    let test = try TestStore()
    try test.makeModel()
    let writer = BlobWriter(test.store)
    try writer.append(noise(20_000_000))
    try writer.finish { session, blob in
      _ = try session.checkpoints.create(NewCheckpoint(model: "net", kind: .trained, blob: blob.id))
    }
    let full = try test.store.database.size()
    #expect(full.byteCount > 20_000_000)
    try test.store.write { try $0.models.delete("net") }
    try test.store.maintain()
    let empty = try test.store.database.size()
    #expect(empty.byteCount < 1_000_000)
    #expect(empty.freeByteCount == 0)
    let file = try #require(FileManager.default.attributesOfItem(atPath: test.path)[.size] as? Int)
    #expect(file < 1_000_000)
    #expect(try test.store.database.integrityCheck() == [])
  }

  /// Readers that never leave a gap keep the log from starting anew; `reclaim` makes one.
  @Test func theLogIsBoundedWhileOthersReadWithoutAPause() throws {
    let test = try TestStore()
    let isDone = Atomic<Bool>(false)
    let group = DispatchGroup()
    for _ in 0..<3 {
      DispatchQueue.global().async(group: group) { [store = test.store] in
        while !isDone.load(ordering: .relaxed) {
          _ = try? store.snapshot { session in
            _ = try session.jobs.list(limit: 50)
            usleep(2000)
          }
        }
      }
    }
    var largest = 0
    for _ in 0..<10 {
      for seed in 0..<8 {
        let writer = BlobWriter(test.store)
        try writer.append(noise(1 << 19, seed: UInt64(seed)))
        let pending = try writer.flush()
        try test.store.write { try $0.blobs.discard(pending) }
      }
      try test.store.maintain()
      try test.store.database.reclaim()
      largest = max(largest, try test.store.database.size().logByteCount)
    }
    isDone.store(true, ordering: .relaxed)
    group.wait()
    let size = try test.store.database.size()
    // 40 MiB went through.
    #expect(largest < 16 << 20)
    #expect(size.byteCount < 16 << 20)
  }

  @Test func whatComesAndGoesDoesNotMakeTheFileGrow() throws {
    let test = try TestStore()
    var sizes: [Int] = []
    for round in 0..<12 {
      for seed in 0..<4 {
        try test.store.write { session in
          let job = try session.jobs.create(NewJob(kind: "k", request: String(repeating: "x", count: 20_000)))
          _ = try session.jobs.claim()
          let blob = try session.blobs.insert(noise(1 << 18, seed: UInt64(10 * round + seed)))
          try session.artifacts.create(job: job.id, name: "a", dtype: "<f4", shape: [1], blob: blob.id)
          try session.jobs.finish(job.id, .succeeded(result: "{}"))
          try session.idempotency.record(
            key: "\(round) \(seed)", body: SHA256.digest(of: [1]), status: 202, resource: job.id)
        }
      }
      test.clock.advance(seconds: 90_000)
      let now = test.clock.read()
      #expect(try test.store.write { try $0.jobs.deleteFinished(before: now, limit: 100) } == 4)
      try test.store.maintain()
      try test.store.database.reclaim()
      sizes.append(try test.store.database.size().byteCount)
    }
    #expect(sizes.max() ?? 0 < 1 << 20)
    #expect(try test.blobCount() == 0)
    let keys = try test.store.read {
      try $0.connection.first("SELECT count(*) FROM idempotency") { $0.int(0) }
    }
    #expect(keys == 0)
  }

  @Test func aBackupOfARunningDatabaseIsConsistent() throws {
    let test = try TestStore()
    try test.makeModel()
    let store = test.store
    let stop = Atomic<Bool>(false)
    let began = DispatchSemaphore(value: 0)
    let ended = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      while !stop.load(ordering: .relaxed) {
        // Two rows that belong together.
        try? store.write { session in
          let job = try session.jobs.create(NewJob(kind: "k", request: "{}"))
          try session.events.append(job: job.id, name: "state", data: "{}")
        }
        began.signal()
      }
      ended.signal()
    }
    began.wait()
    let copy = test.directory.file("copy.db")
    try store.database.backup(to: copy)
    let second = test.directory.file("second.db")
    try Database.backup(of: test.path, to: second)
    stop.store(true, ordering: .relaxed)
    ended.wait()
    #expect(throws: StorageError.fileExists(path: copy)) { try store.database.backup(to: copy) }
    for path in [copy, second] {
      let restored = try Store(path: path)
      let counts = try restored.snapshot { session in
        try ["job", "event"].map {
          try session.connection.first("SELECT count(*) FROM \($0)") { $0.int(0) } ?? -1
        }
      }
      #expect(counts[0] > 0 && counts[0] == counts[1])
      #expect(try restored.database.integrityCheck() == [])
      restored.close()
    }
    #expect(throws: (any Error).self) { try store.database.backup(to: test.directory.file("none/copy.db")) }
    #expect(throws: StorageError.self) { try Database.backup(of: test.directory.file("none.db"), to: copy) }
  }
}

extension Connection {
  /// Sets whether SQLite refuses to commit and to go back to a savepoint, as it may when memory runs out.
  fileprivate func refuseEnds(_ refuses: Bool) {
    guard refuses else {
      sqlite3_set_authorizer(handle, nil, nil)
      return
    }
    sqlite3_set_authorizer(
      handle,
      { _, action, operation, _, _, _ in
        let operation = operation.map { String(cString: $0) }
        let isEnd =
          (action == SQLITE_TRANSACTION && operation == "COMMIT")
          || (action == SQLITE_SAVEPOINT && operation == "ROLLBACK")
        return isEnd ? SQLITE_DENY : SQLITE_OK
      }, nil)
  }
}
