import CSQLite
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

  /// The first of a lane is found by an index: a worker for short jobs must not walk over all long ones.
  @Test func aLookIntoTheQueueReadsNoMoreWhenMoreJobsWait() throws {
    let test = try TestStore()
    func fill(_ count: Int) throws {
      try test.store.write { session in
        for index in 0..<count {
          try session.jobs.create(
            NewJob(kind: index % 3 == 0 ? "a" : "b", request: "{}", priority: index % 7, lane: 1))
        }
      }
    }
    /// The steps of SQLite's virtual machine for a body that must find `expected` jobs.
    func steps(_ expected: Int, _ body: (JobStore) throws -> Int) throws -> Int {
      let counter = StepCounter()
      let found = try test.store.read { session in
        counter.attach(to: session.connection)
        defer { counter.detach(from: session.connection) }
        return try body(session.jobs)
      }
      #expect(found == expected)
      return counter.steps
    }
    func listed(_ expected: Int, _ filter: JobFilter) throws -> Int {
      try steps(expected) { try $0.list(filter, limit: 10).items.count }
    }
    func costs() throws -> [Int] {
      [
        try steps(0) { try $0.next(laneLimit: 0) == nil ? 0 : 1 },
        try steps(1) { try $0.next() == nil ? 0 : 1 },
        try steps(1) { try $0.queued() > 0 ? 1 : 0 },
        try listed(10, JobFilter()), try listed(10, JobFilter(kind: "a")),
        try listed(10, JobFilter(state: .queued, kind: "a")), try listed(0, JobFilter(state: .failed)),
        try listed(0, JobFilter(state: .failed, kind: "b")),
      ]
    }
    try fill(50)
    let few = try costs()
    try fill(5000)
    for (before, after) in zip(few, try costs()) { #expect(after <= before + 50) }
  }

  @Test func listsByModelGoTogetherWithOtherFilters() throws {
    let test = try TestStore()
    try test.makeModel()
    try test.makeModel("other")
    var ids: [String] = []
    for index in 0..<12 {
      ids.append(
        try test.store.write { session in
          try session.jobs.create(
            NewJob(
              kind: index % 2 == 0 ? "a" : "b", request: "{}",
              models: index % 3 == 0 ? ["other"] : ["net", "other"])
          ).id
        })
    }
    func list(_ filter: JobFilter, after: String? = nil) throws -> [Int] {
      try test.store.read { session in
        try session.jobs.list(filter, after: after, limit: 3).items.map { job in
          ids.firstIndex(of: job.id) ?? -1
        }
      }
    }
    #expect(try list(JobFilter(model: "net")) == [11, 10, 8])
    #expect(try list(JobFilter(model: "net"), after: ids[8]) == [7, 5, 4])
    #expect(try list(JobFilter(kind: "a", model: "net")) == [10, 8, 4])
    #expect(try list(JobFilter(state: .queued, kind: "b", model: "other"), after: ids[9]) == [7, 5, 3])
    #expect(try list(JobFilter(kind: "b"), after: ids[9]) == [7, 5, 3])
    #expect(try list(JobFilter(state: .running)) == [])
  }

  @Test func progressOfJobsThatEndedLongAgoGoes() throws {
    let test = try TestStore()
    func job() throws -> String {
      try test.store.write { session in
        let id = try session.jobs.create(NewJob(kind: "k", request: "{}")).id
        _ = try session.jobs.claim()
        for index in 0..<3 {
          try session.events.append(job: id, name: index == 1 ? "state" : "progress", data: "{}")
        }
        try session.jobs.finish(id, .cancelled)
        return id
      }
    }
    let old = try job()
    test.clock.advance(seconds: Store.progressLifetimeSeconds + 1)
    let new = try job()
    try test.store.maintain()
    func events(_ id: String) throws -> [Int] {
      try test.store.read { try $0.events.list(job: id).map(\.id) }
    }
    #expect(try events(old) == [2])
    #expect(try events(new) == [1, 2, 3])
    test.clock.advance(seconds: Store.progressLifetimeSeconds + 1)
    try test.store.maintain()
    #expect(try events(new) == [2])
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

/// Counts the instructions that SQLite runs for a connection's statements, one by one.
private final class StepCounter {
  private(set) var steps = 0

  func attach(to connection: Connection) {
    sqlite3_progress_handler(
      connection.handle, 1,
      { counter in
        guard let counter else { return 0 }
        Unmanaged<StepCounter>.fromOpaque(counter).takeUnretainedValue().steps += 1
        return 0
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  func detach(from connection: Connection) { sqlite3_progress_handler(connection.handle, 0, nil, nil) }
}
