import Formats
import Storage
import Testing

@Suite struct RecordTests {
  @Test func dataSetsKeepTheirArrays() throws {
    let test = try TestStore()
    let store = test.store
    let made = try store.write {
      try $0.datasets.create(
        name: "mine", state: .incomplete, source: "{\"format\":\"upload\"}", description: "{}")
    }
    #expect(throws: StorageError.alreadyExists(.dataset, "mine")) {
      try store.write { try $0.datasets.create(name: "mine", state: .ready, source: "{}", description: "{}") }
    }
    for value in [1, 2] as [UInt8] {
      try store.write { session in
        let blob = try session.blobs.insert([value])
        try session.datasets.put("mine", split: "train", part: "inputs", detail: "[\(value)]", blob: blob.id)
      }
    }
    try store.write { session in
      let blob = try session.blobs.insert([3])
      try session.datasets.put("mine", split: "test", part: "labels", detail: "[]", blob: blob.id)
      try session.datasets.update("mine", state: .ready, description: "{\"classes\":2}")
    }
    let record = try store.read { try $0.datasets.get("mine") }
    #expect(record.id == made.id && record.state == .ready && record.description == "{\"classes\":2}")
    #expect(record.source == "{\"format\":\"upload\"}")
    let parts = try store.read { try $0.datasets.parts(of: "mine") }
    #expect(parts.map(\.split) == ["test", "train"])
    #expect(parts.map(\.detail) == ["[]", "[2]"])
    #expect(try BlobReader(store, parts[1].blob.id).bytes() == [2])
    try store.write { _ = try $0.models.create(name: "net", dataset: "mine", description: "{}") }
    #expect(throws: StorageError.inUse(.dataset, "mine", by: "the model 'net'")) {
      try store.write { session in
        try session.datasets.put(
          "mine", split: "test", part: "labels", detail: "", blob: session.blobs.insert([4]).id)
      }
    }
    try store.write { session in
      try session.models.delete("net")
      try session.datasets.delete("mine")
    }
    try store.maintain()
    #expect(try test.blobCount() == 0)
    #expect(throws: StorageError.notFound(.dataset, "mine")) {
      try store.write { try $0.datasets.delete("mine") }
    }
    #expect(throws: StorageError.notFound(.dataset, "mine")) {
      try store.write { try $0.datasets.update("mine") }
    }
  }

  @Test func modelsNeedTheirDataSetAndANameOfTheirOwn() throws {
    let test = try TestStore()
    #expect(throws: StorageError.notFound(.dataset, "none")) {
      try test.store.write { try $0.models.create(name: "net", dataset: "none", description: "{}") }
    }
    try test.makeModel("net")
    #expect(throws: StorageError.alreadyExists(.model, "net")) { try test.makeModel("net") }
    try test.makeModel("other")
    try test.store.write { try $0.models.update("net", description: "{\"a\":1}") }
    #expect(try test.store.read { try $0.models.get("net").description } == "{\"a\":1}")
    let page = try test.store.read { try $0.models.list(limit: 1) }
    #expect(page.items.map(\.name) == ["other"])
    let rest = try test.store.read { try $0.models.list(after: page.next, limit: 1) }
    #expect(rest.items.map(\.name) == ["net"])
    #expect(rest.next == nil)
    #expect(throws: StorageError.notFound(.model, "none")) {
      try test.store.write { try $0.models.delete("none") }
    }
  }

  @Test func checkpointsPageAndTheLatestOfAKindIsFound() throws {
    let test = try TestStore()
    try test.makeModel("net")
    try test.makeModel("other")
    let kinds: [CheckpointKind] = [.initial, .trained, .uploaded, .edited]
    let made = try test.store.write { session in
      try kinds.map { kind in
        let blob = try session.blobs.insert(Array(kind.rawValue.utf8))
        return try session.checkpoints.create(
          NewCheckpoint(
            model: "net", kind: kind, parent: "p", metrics: "{\"loss\":1}",
            training: kind == .initial ? nil : "{\"epochs\":1}", blob: blob.id))
      }
    }
    let list = try test.store.read { try $0.checkpoints.list(model: "net", limit: 50).items }
    #expect(list.map(\.id) == made.reversed().map(\.id))
    #expect(list.map(\.metrics) == made.reversed().map(\.metrics))
    // Recipes may be long; they are read one at a time.
    #expect(list.allSatisfy { $0.training == nil })
    #expect(try test.store.read { try $0.checkpoints.get(made[1].id) } == made[1])
    let page = try test.store.read { try $0.checkpoints.list(model: "net", after: made[2].id, limit: 1) }
    #expect(page.items.map(\.id) == [made[1].id])
    #expect(page.next == made[1].id)
    let latest = try test.store.read {
      try $0.checkpoints.latest(model: "net", kinds: [.trained, .uploaded])
    }
    #expect(latest == made[2])
    #expect(try test.store.read { try $0.checkpoints.latest(model: "net") } == made[3])
    #expect(try test.store.read { try $0.checkpoints.latest(model: "other") } == nil)
    let job = try test.store.write {
      try $0.jobs.create(NewJob(kind: "remove", request: "{}", checkpoints: [made[1].id])).id
    }
    #expect(throws: StorageError.inUse(.checkpoint, made[1].id, by: "the job '\(job)'")) {
      try test.store.write { try $0.checkpoints.delete(made[1].id) }
    }
    try test.store.write { try $0.checkpoints.update(made[0].id, metrics: "{}") }
    #expect(try test.store.read { try $0.checkpoints.get(made[0].id).metrics } == "{}")
  }

  @Test func aBlobHasOneOwner() throws {
    let test = try TestStore()
    try test.makeModel()
    #expect(throws: DatabaseError.self) {
      try test.store.write { session in
        let blob = try session.blobs.insert([1])
        for _ in 0..<2 {
          try session.checkpoints.create(NewCheckpoint(model: "net", kind: .trained, blob: blob.id))
        }
      }
    }
    #expect(try test.blobCount() == 0)
  }

  @Test func artifactsAreNamedOnceAJob() throws {
    let test = try TestStore()
    let id = try test.store.write { try $0.jobs.create(NewJob(kind: "k", request: "{}")).id }
    try test.store.write { session in
      for (name, shape) in [("b.npy", [2, 3]), ("a.npy", [])] {
        try session.artifacts.create(
          job: id, name: name, dtype: "<f4", shape: shape, blob: session.blobs.insert([1]).id)
      }
    }
    let list = try test.store.read { try $0.artifacts.list(job: id) }
    #expect(list.map(\.name) == ["a.npy", "b.npy"])
    #expect(list.map(\.shape) == [[], [2, 3]])
    #expect(throws: StorageError.alreadyExists(.artifact, "a.npy")) {
      try test.store.write { session in
        try session.artifacts.create(
          job: id, name: "a.npy", dtype: "<f4", shape: [], blob: session.blobs.insert([1]).id)
      }
    }
    #expect(throws: StorageError.notFound(.artifact, "c")) {
      try test.store.read { try $0.artifacts.get(job: id, name: "c") }
    }
  }

  @Test func idempotencyKeysAnswerTheSameBodyOnly() throws {
    let test = try TestStore()
    let body = SHA256.digest(of: [1])
    let found = try test.store.write { session in
      #expect(try session.idempotency.find(key: "k", body: body) == nil)
      try session.idempotency.record(
        key: "k", body: body, status: 202, resource: "/v1/jobs/1", lifetimeSeconds: 60)
      return try session.idempotency.find(key: "k", body: body)
    }
    #expect(found?.status == 202 && found?.resource == "/v1/jobs/1")
    #expect(throws: StorageError.idempotencyKeyReused("k")) {
      try test.store.read { try $0.idempotency.find(key: "k", body: SHA256.digest(of: [2])) }
    }
    // A body is also known by the digest that an earlier version has stored of it, and by no other.
    let other = SHA256.digest(of: [2])
    #expect(
      try test.store.read { try $0.idempotency.find(key: "k", body: other, earlier: body) }?.status == 202)
    #expect(throws: StorageError.idempotencyKeyReused("k")) {
      try test.store.read { try $0.idempotency.find(key: "k", body: other, earlier: other) }
    }
    test.clock.advance(seconds: 61)
    #expect(try test.store.read { try $0.idempotency.find(key: "k", body: other) } == nil)
    #expect(try test.store.write { try $0.idempotency.removeExpired() } == 1)
  }

  @Test func idsSortByTheTimeTheyWereMade() {
    let clock = ManualClock()
    let source = IdentifierSource(clock: clock.read)
    var ids: [String] = []
    for index in 0..<1000 {
      ids.append(source.next())
      if index % 10 == 0 { clock.advance(seconds: 0.001) }
      if index == 500 { clock.advance(seconds: -3600) }
    }
    #expect(ids == ids.sorted())
    #expect(Set(ids).count == ids.count)
    #expect(ids.allSatisfy { $0.utf8.count == 20 })
    let last = IdentifierSource(clock: clock.read, random: { .max })
    #expect((0..<10).map { _ in last.next() }.sorted().count == 10)
  }

  @Test func idsComeAfterThoseOfEarlierRunsWhenTheClockWentBack() throws {
    let test = try TestStore()
    let first = try test.store.write { try $0.jobs.create(NewJob(kind: "k", request: "{}")).id }
    test.clock.advance(seconds: -86400)
    try test.reopen()
    let second = try test.store.write { try $0.jobs.create(NewJob(kind: "k", request: "{}")).id }
    #expect(first < second)
  }

  @Test(arguments: [
    (Int64(0), "1970-01-01T00:00:00.000Z"),
    (951_782_399_999, "2000-02-28T23:59:59.999Z"),
    (951_868_800_000, "2000-03-01T00:00:00.000Z"),
    (1_709_210_096_789, "2024-02-29T12:34:56.789Z"),
    (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
    (-1, "1969-12-31T23:59:59.999Z"),
  ])
  func timesAreWrittenAsRFC3339(milliseconds: Int64, expected: String) {
    #expect(Timestamp(milliseconds: milliseconds).description == expected)
  }
}
