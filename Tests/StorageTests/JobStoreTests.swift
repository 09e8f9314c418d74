import Dispatch
import Storage
import Synchronization
import Testing

@Suite struct JobStoreTests {
  @Test func aJobGoesThroughItsStates() throws {
    let test = try TestStore()
    let store = test.store
    let created = try store.write {
      try $0.jobs.create(NewJob(kind: "train", request: "{\"a\":1}", priority: 2))
    }
    #expect(created.state == .queued)
    #expect(try store.read { try $0.jobs.get(created.id) } == created)

    test.clock.advance(seconds: 1)
    let claimed = try #require(try store.write { try $0.jobs.claim() })
    #expect(claimed.id == created.id)
    #expect(claimed.state == .running)
    #expect(claimed.started?.seconds(since: created.created) == 1)
    #expect(try store.write { try $0.jobs.claim() } == nil)

    try store.write { try $0.jobs.setProgress(created.id, "{\"fraction\":0.5}") }
    #expect(try store.read { try $0.jobs.get(created.id).progress } == "{\"fraction\":0.5}")
    test.clock.advance(seconds: 1)
    try store.write { try $0.jobs.finish(created.id, .succeeded(result: "{\"b\":2}")) }
    let finished = try store.read { try $0.jobs.get(created.id) }
    #expect(finished.state == .succeeded)
    #expect(finished.result == "{\"b\":2}")
    #expect(finished.finished?.seconds(since: created.created) == 2)
    #expect(throws: StorageError.wrongState(job: created.id, state: .succeeded, expected: "running")) {
      try store.write { try $0.jobs.finish(created.id, .cancelled) }
    }
  }

  @Test func claimsGoByPriorityThenAgeWithinTheLane() throws {
    let test = try TestStore()
    let ids = try test.store.write { session in
      try [(0, 0), (5, 1), (5, 0), (-1, 0)].map { priority, lane in
        try session.jobs.create(NewJob(kind: "k", request: "{}", priority: priority, lane: lane)).id
      }
    }
    let short = try test.store.write { try $0.jobs.claim(laneLimit: 0) }
    #expect(short?.id == ids[2])
    let rest = try (0..<3).map { _ in try test.store.write { try $0.jobs.claim()?.id } }
    #expect(rest == [ids[1], ids[0], ids[3]])
  }

  @Test func noJobIsHandedOutTwice() throws {
    let test = try TestStore()
    let store = test.store
    let count = 200
    let created = try store.write { session in
      try (0..<count).map { _ in try session.jobs.create(NewJob(kind: "k", request: "{}")).id }
    }
    let claimed = Mutex<[String]>([])
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      while let id = try? store.write({ try $0.jobs.claim()?.id }) { claimed.withLock { $0.append(id) } }
    }
    #expect(claimed.withLock { $0.sorted() } == created)
    #expect(try store.read { try $0.jobs.counts() }.filter { $0.count > 0 }.map(\.count) == [count])
  }

  @Test func listsFilterAndPageNewestFirst() throws {
    let test = try TestStore()
    try test.makeModel("a")
    try test.makeModel("b")
    let ids = try test.store.write { session in
      try (0..<10).map { index in
        try session.jobs.create(
          NewJob(
            kind: index % 2 == 0 ? "train" : "remove", request: "{}", models: [index < 5 ? "a" : "b"])
        ).id
      }
    }
    var seen: [String] = []
    var after: String?
    repeat {
      let page = try test.store.read { try $0.jobs.list(after: after, limit: 3) }
      seen += page.items.map(\.id)
      after = page.next
    } while after != nil
    #expect(seen == ids.reversed())
    let exact = try test.store.read { try $0.jobs.list(limit: 10) }
    #expect(exact.next == nil)
    let filtered = try test.store.read {
      try $0.jobs.list(JobFilter(state: .queued, kind: "train", model: "b"), limit: 50)
    }
    #expect(filtered.items.map(\.id) == [ids[8], ids[6]])
    #expect(try test.store.read { try $0.jobs.list(JobFilter(state: .running), limit: 50) }.items.isEmpty)
  }

  @Test func theQueueIsBounded() throws {
    let test = try TestStore()
    for _ in 0..<2 {
      try test.store.write { _ = try $0.jobs.create(NewJob(kind: "k", request: "{}"), queueLimit: 2) }
    }
    #expect(throws: StorageError.queueFull(limit: 2)) {
      try test.store.write { try $0.jobs.create(NewJob(kind: "k", request: "{}"), queueLimit: 2) }
    }
    _ = try test.store.write { try $0.jobs.claim() }
    try test.store.write { _ = try $0.jobs.create(NewJob(kind: "k", request: "{}"), queueLimit: 2) }
  }

  @Test func cancellingDependsOnTheState() throws {
    let test = try TestStore()
    let store = test.store
    let ids = try store.write { session in
      try (0..<2).map { _ in try session.jobs.create(NewJob(kind: "k", request: "{}")).id }
    }
    _ = try store.write { try $0.jobs.claim() }
    #expect(try store.write { try $0.jobs.cancel(ids[0]) } == .requested)
    #expect(try store.read { try $0.jobs.get(ids[0]).cancelRequested })
    #expect(try store.write { try $0.jobs.cancel(ids[1]) } == .cancelled)
    #expect(try store.write { try $0.jobs.cancel(ids[1]) } == .alreadyFinished(.cancelled))
    #expect(throws: StorageError.notFound(.job, "none")) { try store.write { try $0.jobs.cancel("none") } }
    try store.write { try $0.jobs.finish(ids[0], .cancelled) }
    #expect(try store.read { try $0.jobs.get(ids[0]).state } == .cancelled)
  }

  @Test func crashesCountAndTheThirdFailsTheJob() throws {
    let test = try TestStore()
    let ids = try test.store.write { session in
      try (0..<2).map { _ in try session.jobs.create(NewJob(kind: "k", request: "{}")).id }
    }
    for attempt in 2...3 {
      _ = try test.store.write { try $0.jobs.claim() }
      try test.reopen()
      #expect(test.store.recovery.requeued == [ids[0]])
      let job = try test.store.read { try $0.jobs.get(ids[0]) }
      #expect(job.state == .queued)
      #expect(job.attempt == attempt)
    }
    let claimed = try test.store.write { try $0.jobs.claim() }
    #expect(claimed?.id == ids[0])
    try test.reopen()
    #expect(test.store.recovery.failed == [ids[0]])
    let failed = try test.store.read { try $0.jobs.get(ids[0]) }
    #expect(failed.state == .failed)
    #expect(failed.error?.contains("died 3 times") == true)
    #expect(try test.store.read { try $0.jobs.get(ids[1]).attempt } == 1)
  }

  @Test func aStopInGoodOrderIsNoAttemptAndACancelledJobStaysCancelled() throws {
    let test = try TestStore()
    let ids = try test.store.write { session in
      try (0..<2).map { _ in try session.jobs.create(NewJob(kind: "k", request: "{}")).id }
    }
    _ = try test.store.write { try $0.jobs.claim() }
    try test.store.write { try $0.jobs.requeue(ids[0]) }
    _ = try test.store.write { try $0.jobs.claim() }
    try test.store.write { try $0.jobs.requeue(ids[0]) }
    #expect(try test.store.read { try $0.jobs.get(ids[0]).attempt } == 1)
    _ = try test.store.write { try $0.jobs.claim() }
    _ = try test.store.write { try $0.jobs.cancel(ids[0]) }
    try test.reopen()
    #expect(test.store.recovery.cancelled == [ids[0]])
    #expect(try test.store.read { try $0.jobs.get(ids[0]).state } == .cancelled)
  }

  @Test func whatAJobUsesCannotBeDeletedUntilItIsFinished() throws {
    let test = try TestStore()
    let store = test.store
    try test.makeModel()
    try store.write {
      _ = try $0.datasets.create(name: "other", state: .ready, source: "{}", description: "{}")
    }
    let id = try store.write {
      try $0.jobs.create(NewJob(kind: "k", request: "{}", models: ["net"], datasets: ["other"])).id
    }
    #expect(throws: StorageError.inUse(.model, "net", by: "the job '\(id)'")) {
      try store.write { try $0.models.delete("net") }
    }
    #expect(throws: StorageError.inUse(.dataset, "other", by: "the job '\(id)'")) {
      try store.write { try $0.datasets.delete("other") }
    }
    #expect(throws: StorageError.inUse(.dataset, "digits", by: "the model 'net'")) {
      try store.write { try $0.datasets.delete("digits") }
    }
    #expect(throws: StorageError.notFound(.model, "none")) {
      try store.write { try $0.jobs.create(NewJob(kind: "k", request: "{}", models: ["none"])) }
    }
    _ = try store.write { try $0.jobs.cancel(id) }
    try store.write { session in
      try session.models.delete("net")
      try session.datasets.delete("other")
      try session.datasets.delete("digits")
    }
    #expect(try store.read { try $0.jobs.get(id).state } == .cancelled)
  }

  @Test func finishedJobsAreDeletedAndCountsFollow() throws {
    let test = try TestStore()
    let store = test.store
    let ids = try store.write { session in
      try (0..<3).map { _ in try session.jobs.create(NewJob(kind: "k", request: "{}")).id }
    }
    #expect(throws: StorageError.wrongState(job: ids[0], state: .queued, expected: "finished")) {
      try store.write { try $0.jobs.delete(ids[0]) }
    }
    for id in ids[..<2] { _ = try store.write { try $0.jobs.cancel(id) } }
    try store.write { try $0.jobs.delete(ids[0]) }
    test.clock.advance(seconds: 10)
    let time = test.clock.read()
    #expect(try store.write { try $0.jobs.deleteFinished(before: time, limit: 10) } == 1)
    let counts = try store.read { try $0.jobs.counts() }.filter { $0.count > 0 }
    #expect(counts.map(\.state) == [.queued])
    #expect(counts.map(\.count) == [1])
  }

  @Test func eventsResumeAndAreBounded() throws {
    let test = try TestStore()
    let store = test.store
    let id = try store.write { try $0.jobs.create(NewJob(kind: "k", request: "{}")).id }
    try store.write { session in
      for index in 1...1500 {
        let event = try session.events.append(job: id, name: "progress", data: "\(index)")
        #expect(event == index)
      }
    }
    let last = try store.read { try $0.events.list(job: id, after: 1498) }
    #expect(last.map(\.data) == ["1499", "1500"])
    let kept = try store.read { try $0.events.list(job: id, limit: 5000) }
    #expect(kept.count >= EventStore.limit && kept.count < EventStore.limit + 64)
    #expect(try store.read { try $0.events.latest(job: id) } == 1500)
    #expect(throws: StorageError.notFound(.job, "none")) {
      try store.write { try $0.events.append(job: "none", name: "state", data: "") }
    }
  }
}
