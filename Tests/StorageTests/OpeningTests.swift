import Foundation
import Storage
import Testing

@Suite struct OpeningTests {
  @Test func migrationsRunOnceAndInOrder() throws {
    let directory = TemporaryDirectory()
    let path = directory.file("a.db")
    let first = Migration(
      version: 1, name: "first", sql: "CREATE TABLE t (v TEXT); INSERT INTO t VALUES ('one')")
    let second = Migration(version: 2, name: "second", sql: "INSERT INTO t VALUES ('two')")
    func values(_ migrations: [Migration]) throws -> [String] {
      let database = try Database(path: path, migrations: migrations)
      defer { database.close() }
      return try database.read { try $0.rows("SELECT v FROM t") { $0.string(0) } }
    }
    #expect(try values([first]) == ["one"])
    #expect(try values([first, second]) == ["one", "two"])
    #expect(try values([first, second]) == ["one", "two"])
    #expect(throws: StorageError.newerSchema(found: 2, supported: 1)) { try values([first]) }
  }

  @Test func aMigrationThatFailsLeavesTheVersionBefore() throws {
    let directory = TemporaryDirectory()
    let path = directory.file("a.db")
    let first = Migration(version: 1, name: "first", sql: "CREATE TABLE t (v TEXT)")
    let broken = Migration(
      version: 2, name: "broken", sql: "INSERT INTO t VALUES ('half'); INSERT INTO none VALUES (1)")
    #expect(throws: DatabaseError.self) { try Database(path: path, migrations: [first, broken]) }
    let database = try Database(path: path, migrations: [first])
    #expect(try database.read { try $0.rows("SELECT v FROM t") { $0.string(0) } } == [])
  }

  /// Checkpoints of a file of an earlier version get the recipes that they were trained by.
  @Test func checkpointsOfEarlierVersionsGetTheirRecipes() throws {
    let directory = TemporaryDirectory()
    let path = directory.file("a.db")
    let earlier = try Database(path: path, migrations: Array(Schema.migrations.prefix { $0.version < 5 }))
    try earlier.write { connection in
      try connection.script(
        """
        INSERT INTO dataset VALUES ('d', 'set', 'ready', '{}', '{}', 0);
        INSERT INTO model VALUES ('m', 'net', 'set', '{"training":{"epochs":9}}', 0);
        INSERT INTO model VALUES ('n', 'own', 'set', '{"training":null}', 0);
        INSERT INTO job (id, kind, state, priority, lane, attempt, cancel_requested, created, request)
        VALUES ('j', 'train', 'succeeded', 0, 0, 1, 0, 0,
          '{"kind":"train","priority":0,"time_limit":null,"model":"net","checkpoint":null,"seed":0,"epochs":3}');
        """)
      let rows = [
        ("1", "net", "initial", nil, nil), ("2", "net", "trained", "j", "1"),
        ("3", "net", "trained", "gone", "2"),
        ("4", "net", "edited", nil, "5"), ("5", "net", "edited", nil, "2"),
        ("6", "net", "edited", nil, "gone"),
        ("7", "net", "uploaded", nil, nil), ("8", "own", "uploaded", nil, nil),
        ("9", "own", "edited", nil, "8"),
      ]
      for (number, (id, model, kind, job, parent)) in rows.enumerated() {
        try connection.run(
          "INSERT INTO blob (id, state, chunk_size, size, sha256, created) VALUES (?, 'sealed', 1, 0, '', 0)",
          number)
        try connection.run(
          "INSERT INTO checkpoint VALUES (?, ?, ?, ?, ?, '{}', ?, 0)", id, model, kind, job, parent, number)
      }
    }
    earlier.close()
    let database = try Database(path: path, migrations: Schema.migrations)
    let recipes = try database.read {
      try $0.rows("SELECT training FROM checkpoint ORDER BY id") { $0.optionalString(0) }
    }
    let (job, latest) = (#"{"epochs":3}"#, #"{"epochs":9}"#)
    #expect(recipes == [nil, job, latest, job, job, nil, latest, nil, nil])
  }

  /// Edited checkpoints of a file of an earlier version get their records from the jobs that made them.
  @Test func checkpointsOfEarlierVersionsGetTheirRecords() throws {
    let directory = TemporaryDirectory()
    let path = directory.file("a.db")
    let earlier = try Database(path: path, migrations: Array(Schema.migrations.prefix { $0.version < 6 }))
    try earlier.write { connection in
      try connection.script(
        """
        INSERT INTO dataset VALUES ('d', 'set', 'ready', '{}', '{}', 0);
        INSERT INTO model VALUES ('m', 'net', 'set', '{"training":{"epochs":9}}', 0);
        INSERT INTO model VALUES ('n', 'again', 'set', '{"training":{"epochs":9}}', 0);
        """)
      let jobs = [
        ("a", "remove", #"{"class":8}"#, #"{"samples":{"group":140}}"#),
        ("b", "recover", #"{"relabeled":true}"#, #"{"samples":{"group":12,"changed":11}}"#),
        ("c", "remove", #"{"indices":[1,5]}"#, "null"),
        ("r", "retrain", #"{"recover":true,"poisoned":true}"#, "{}"),
        ("s", "retrain", #"{"recover":false,"class":1}"#, "{}"),
      ]
      for (id, kind, request, result) in jobs {
        try connection.run(
          """
          INSERT INTO job (id, kind, state, priority, lane, attempt, cancel_requested, created, request, result)
          VALUES (?, ?, 'succeeded', 0, 0, 1, 0, 0, ?, ?)
          """, id, kind, request, result)
      }
      // The edit of an edit has the smaller id, so that the order of ids cannot help.
      let rows = [
        ("1", "net", "trained", nil, nil), ("5", "net", "edited", "a", "1"), ("4", "net", "edited", "b", "5"),
        ("3", "net", "edited", "c", "4"), ("6", "net", "edited", "gone", "5"),
        ("7", "net", "edited", "a", "gone"), ("8", "again", "trained", "r", nil),
        ("9", "again", "trained", "s", nil),
      ]
      for (number, (id, model, kind, job, parent)) in rows.enumerated() {
        try connection.run(
          "INSERT INTO blob (id, state, chunk_size, size, sha256, created) VALUES (?, 'sealed', 1, 0, '', 0)",
          number)
        try connection.run(
          "INSERT INTO checkpoint VALUES (?, ?, ?, ?, ?, '{}', ?, 0, NULL)", id, model, kind, job, parent,
          number)
      }
    }
    earlier.close()
    let database = try Database(path: path, migrations: Schema.migrations)
    let found = try database.read {
      try $0.rows("SELECT id, record FROM checkpoint ORDER BY id") { ($0.string(0), $0.optionalString(1)) }
    }
    let records = Dictionary(uniqueKeysWithValues: found)
    let a = #"{"change":"removed","group":{"class":8},"samples":140,"job":"a"}"#
    let b = #"{"change":"corrected","group":{"relabeled":true},"samples":11,"job":"b"}"#
    let c = #"{"change":"removed","group":{"indices":[1,5]},"samples":null,"job":"c"}"#
    let r = #"{"change":"corrected","group":{"poisoned":true},"samples":null,"job":"r"}"#
    func record(_ edits: String..., incomplete: Bool = false) -> String {
      #"{"edits":[\#(edits.joined(separator: ","))],"incomplete":\#(incomplete)}"#
    }
    #expect(records["1"] == .some(nil) && records["9"] == .some(nil))
    #expect(records["5"] == record(a))
    #expect(records["4"] == record(a, b))
    #expect(records["3"] == record(a, b, c))
    #expect(records["6"] == record(a, incomplete: true))
    #expect(records["7"] == record(a, incomplete: true))
    #expect(records["8"] == record(r))
  }

  @Test func aFileThatIsNoDatabaseIsNamed() throws {
    let directory = TemporaryDirectory()
    let path = directory.file("a.db")
    try Data(repeating: 0x41, count: 10_000).write(to: URL(fileURLWithPath: path))
    #expect(throws: StorageError.notADatabase(path: path, detail: "file is not a database")) {
      try Store(path: path)
    }
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data(repeating: 0x41, count: 10_000))
  }

  @Test func aDatabaseOfAnotherProgramIsLeftAlone() throws {
    let directory = TemporaryDirectory()
    let path = directory.file("a.db")
    let other = try Database(
      path: path,
      migrations: [
        Migration(version: 1, name: "other") { connection in
          try connection.script("CREATE TABLE theirs (v TEXT)")
        }
      ])
    try other.write { try $0.script("PRAGMA application_id=1") }
    other.close()
    #expect(throws: StorageError.foreignDatabase(path: path)) { try Store(path: path) }
    #expect(throws: StorageError.foreignDatabase(path: path)) {
      try Database.backup(of: path, to: directory.file("b.db"))
    }
  }

  @Test func missingDirectoriesAreNamed() {
    let path = TemporaryDirectory().file("none/a.db")
    #expect { try Store(path: path) } throws: { error in
      if case StorageError.cannotOpen(path, _) = error { true } else { false }
    }
    #expect(throws: StorageError.cannotOpen(path: path, detail: "unable to open database file")) {
      try Database(path: path)
    }
  }

  @Test(.enabled(if: geteuid() != 0, "root writes to every file"))
  func aReadOnlyFileIsNamed() throws {
    let test = try TestStore()
    test.store.close()
    try FileManager.default.setAttributes([.posixPermissions: 0o400], ofItemAtPath: test.path)
    #expect(throws: StorageError.readOnly(path: test.path)) { try Store(path: test.path) }
  }

  @Test func onlyOneProcessServesAFile() throws {
    let test = try TestStore()
    #expect(throws: StorageError.alreadyOpen(path: test.path)) { try Store(path: test.path) }
    test.store.close()
    try Store(path: test.path).close()
  }

  /// Damage anywhere in the file is an error or a finding of the check, never a crash, and the rest stays
  /// readable or says why not.
  @Test func damagedPagesAreFound() throws {
    let test = try TestStore()
    try test.makeModel()
    try test.store.write { session in
      for _ in 0..<200 {
        try session.jobs.create(NewJob(kind: "k", request: String(repeating: "x", count: 500)))
      }
    }
    test.store.close()
    let sound = try Data(contentsOf: URL(fileURLWithPath: test.path))
    var found = 0
    for page in 1..<sound.count / 8192 {
      var damaged = sound
      for offset in stride(from: 0, to: 64, by: 3) { damaged[page * 8192 + offset] ^= 0x5a }
      try damaged.write(to: URL(fileURLWithPath: test.path))
      do {
        let store = try Store(path: test.path)
        defer { store.close() }
        _ = try? store.read { try $0.jobs.list(limit: 500) }
        if try !store.database.integrityCheck().isEmpty { found += 1 }
      } catch {
        #expect(error is StorageError || error is DatabaseError)
        found += 1
      }
    }
    #expect(found > sound.count / 8192 / 2)
  }
}
