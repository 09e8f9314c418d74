import Dispatch
import HTTP
import JSON
import Jobs
import Storage
import Synchronization

extension RouteTable {
  func addJobs() {
    blocking(.get, "/v1/jobs", .never) { application, call in
      try call.checkQuery("state", "kind", "model", "limit", "after")
      let paging = try call.paging()
      let filter = JobFilter(
        state: try call.choice("state", JobState.self),
        kind: try call.choice("kind", of: application.kinds.map(\.name)),
        model: try call.resourceName("model"))
      let page = try application.store.read {
        try $0.jobs.list(filter, after: paging.after, limit: paging.limit)
      }
      let items = try page.items.map { try application.representation($0, brief: true) }
      return try call.respond(items: items, next: page.next, text: JobTable.list)
    }
    deferredJSON(.post, "/v1/jobs") { application, call, exchange in
      try application.createJob(call, exchange)
    }
    exchange(.get, "/v1/jobs/{id}") { application, call, exchange in
      try call.checkQuery("wait")
      let wait = min(try call.integer("wait", in: 0...Int(Int32.max), default: 0), 300)
      let representation = try call.representation()
      if wait == 0, representation == .json {
        exchange.respond(.json(line: try application.jobLine(call.parameter("id"))))
        return
      }
      JobWait(application, id: call.parameter("id"), exchange: exchange, representation).begin(seconds: wait)
    }
    blocking(.delete, "/v1/jobs/{id}", .never) { application, call in
      try call.checkQuery()
      let id = call.parameter("id")
      try application.store.write { try $0.jobs.delete(id) }
      return Response(.noContent)
    }
    blocking(.post, "/v1/jobs/{id}/cancel", .never) { application, call in
      try call.checkQuery()
      let key = try call.idempotencyKey()
      if let known = try application.known(key) { return known }
      let id = call.parameter("id")
      if case .alreadyFinished(let state) = try application.queue.cancel(id), state != .cancelled {
        throw Problem(.conflict, "the job has \(state.rawValue) already")
      }
      if key != nil {
        try application.store.write { session in
          if try session.known(key) == nil {
            try session.record(key, status: 202, made: .job(id))
          }
        }
      }
      return .json(bytes: application.representationBytes(try application.job(id)), .accepted)
    }
    blocking(.get, "/v1/jobs/{id}/result", .latest) { application, call in
      try call.checkQuery()
      let record = try application.job(call.parameter("id"))
      guard let result = record.result else {
        throw Problem(
          .conflict,
          record.state.isFinished
            ? "the job has \(record.state.rawValue == "failed" ? "failed" : "been cancelled"): it has no result"
            : "the job is \(record.state.rawValue): its result comes at its end")
      }
      switch try call.representation() {
      case .json: return .json(bytes: Array(result.utf8))
      case .text: return .table(TextTable.object(try record.resultJSON.objectValue ?? [:]))
      }
    }
    loading(.get, "/v1/jobs/{id}/artifacts/{name}", .forever) { application, call in
      try call.checkQuery()
      let (id, name) = (call.parameter("id"), call.parameter("name"))
      _ = try application.job(id)
      let artifact = try application.store.read { try $0.artifacts.get(job: id, name: name) }
      return try BlobResponse.of(
        artifact.blob, in: application.store, request: call.request, fileName: "\(id)-\(name)",
        type: "application/octet-stream")
    }
    exchange(.get, "/v1/jobs/{id}/events") { application, call, exchange in
      try EventStream.answer(application, call, exchange)
    }
  }
}

extension Application {
  func job(_ id: String) throws -> JobRecord {
    guard let record = try store.read({ try $0.jobs.find(id) }) else { throw UnknownResource(.job, id) }
    return record
  }

  /// A job as `GET /v1/jobs/{id}` answers it. Clients poll jobs much more often than jobs change, so the text
  /// is kept until the next commit.
  func jobLine(_ id: String) throws -> [UInt8] {
    let version = store.version
    if let known = rendered.find(id, version: version) { return known }
    let record = try job(id)
    var line = representationBytes(record)
    line.append(0x0A)
    // The progress of a running job moves between commits.
    if record.state != .running { rendered.keep(id, line, version: version) }
    return line
  }

  /// A job as in `GET /v1/jobs/{id}`; in lists without its result.
  func representation(_ record: JobRecord, brief: Bool = false) throws -> JSONValue {
    try StoredText.read(of: record.thing) {
      try JSONParser.parse(representationBytes(record, brief: brief))
    }
  }

  /// The same as JSON text. Stored JSON is inserted unread, because jobs are polled often and results are
  /// large.
  func representationBytes(_ record: JobRecord, brief: Bool = false) -> [UInt8] {
    func stored(_ text: String?) -> WrittenJSON { text.map(WrittenJSON.init(stored:)) ?? .null }
    let running = record.state == .running ? queue.running(record.id) : nil
    let path = MadeResource.job(record.id).path
    var job = WrittenObject()
    job.append("id", .string(record.id))
    job.append("kind", .string(record.kind))
    job.append("state", .string(record.state.rawValue))
    job.append("priority", JSONValue(record.priority))
    job.append("attempt", JSONValue(record.attempt))
    job.append("created_at", .string(record.created.description))
    job.append("started_at", JSONValue(record.started?.description))
    job.append("finished_at", JSONValue(record.finished?.description))
    job.append("progress", running.map { WrittenJSON($0.progressJSON) } ?? stored(record.progress))
    job.append("request", stored(record.request))
    job.append("estimate", stored(record.estimate))
    job.append("error", stored(record.error))
    if !brief { job.append("result", stored(record.result)) }
    job.append(
      "links",
      [
        "self": .string(path), "events": .string(path + "/events"), "result": .string(path + "/result"),
        "cancel": .string(path + "/cancel"),
      ])
    return job.bytes
  }

  fileprivate func createJob(_ call: Call, _ exchange: Exchange) throws {
    try call.checkQuery()
    let key = try call.idempotencyKey()
    if let known = try known(key) {
      exchange.respond(known)
      return
    }
    try requireWorkers()
    let limits = JobBody.Limits(timeLimit: configuration.jobTimeLimit)
    let body = try JobBody(call.json(), kinds: kinds, catalog: catalog, limits: limits)
    let new = newJob(body, try checked(body.request.estimate(catalog, machine), timeLimit: body.timeLimit))
    let limit = configuration.queueLimit
    queueJob(key, exchange) { session in
      let record = try session.jobs.create(new, queueLimit: limit)
      try session.appendState(record.id, .queued)
      try session.record(key, status: 202, made: .job(record.id))
      return record
    }
  }

  /// Refuses new work while the service stops.
  func requireWorkers() throws {
    guard queue.isReady else {
      throw Problem(.serviceUnavailable, "the service is stopping", headers: ["Retry-After": "5"])
    }
  }

  /// Refuses a job whose estimate exceeds the configured limits or its own time limit.
  func checked(_ estimate: JobEstimate?, timeLimit: Double? = nil) throws -> JobEstimate? {
    guard let estimate else { return nil }
    var limits = limits
    limits.seconds = timeLimit ?? limits.seconds
    let faults = limits.faults(estimate)
    guard faults.isEmpty else { throw RequestRejection(faults: faults) }
    return estimate
  }

  func newJob(_ body: JobBody, _ estimate: JobEstimate?) -> NewJob {
    let uses = body.request.uses
    return NewJob(
      kind: body.kind.name, request: JSONWriter.text(body.json),
      estimate: estimate.map { JSONWriter.text($0.json) }, priority: body.priority,
      lane: JobQueue.lane(of: body.kind), models: uses.models, datasets: uses.datasets,
      checkpoints: uses.checkpoints)
  }

  /// Queues a job in a transaction. After the commit, answers with the job, or with the resource of an
  /// earlier request with the same key.
  func queueJob(
    _ key: Call.IdempotencyKey?, _ exchange: Exchange,
    _ create: @escaping @Sendable (Session) throws -> JobRecord
  ) {
    store.write { session -> Result<JobRecord, Repeated> in
      if let earlier = try session.known(key) { return .failure(earlier) }
      return .success(try create(session))
    } completion: { [self] outcome in
      switch outcome {
      case .success(.success(let record)): exchange.respond(queued(record))
      case .success(.failure(let earlier)):
        // The look-up runs on another thread, because this one may be the writing thread.
        block(exchange) { try $0.repeated(earlier) }
      case .failure(let error): exchange.respond(response(to: error))
      }
    }
  }

  /// The answer to the request that queued a job. Also wakes the workers and writes the log.
  private func queued(_ record: JobRecord) -> Response {
    queue.wake()
    signals.notify(record.id)
    log.write(.info, "job.queued", ["job": .string(record.id), "kind": .string(record.kind)])
    return .json(
      bytes: representationBytes(record), .accepted, headers: ["Location": MadeResource.job(record.id).path])
  }
}

/// Tables of jobs for people.
enum JobTable {
  static func list(_ jobs: [JSONValue]) -> String {
    TextTable.rows(
      ["ID", "KIND", "MODEL", "STATE", "DONE", "CREATED", "DETAIL"],
      jobs.map { job in
        let done = job["progress"]?["fraction"]?.doubleValue.map { "\(Int($0 * 100)) %" } ?? "-"
        return [
          job["id"] ?? .null, job["kind"] ?? .null, job["request"]?["model"] ?? .null, job["state"] ?? .null,
          .string(done), job["created_at"] ?? .null,
          job["error"]?["message"] ?? job["progress"]?["detail"] ?? .null,
        ]
      })
  }
}

/// Answers `GET /v1/jobs/{id}`, at once or when the job has ended.
private final class JobWait: Sendable {
  private let application: Application
  private let id: String
  private let exchange: Exchange
  private let representation: Call.Representation
  private let token = Mutex<JobSignals.Token?>(nil)
  private let isAnswered = Atomic<Bool>(false)

  init(_ application: Application, id: String, exchange: Exchange, _ representation: Call.Representation) {
    self.application = application
    self.id = id
    self.exchange = exchange
    self.representation = representation
  }

  func begin(seconds: Int) {
    guard seconds > 0 else { return answer(isFinal: true) }
    let subscription = application.signals.subscribe(id) { [self] in
      // Signals come from writers and loops, which must not wait for the store.
      application.threads.run { self.answer(isFinal: !self.application.queue.isReady) }
    }
    token.withLock { $0 = subscription }
    // A signal may have answered before the token existed.
    if isAnswered.load(ordering: .sequentiallyConsistent) { leave() }
    exchange.onClose { [self] in
      // A client that closed only its sending side still gets the present state.
      application.threads.run { self.answer(isFinal: true) }
    }
    DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(seconds)) { [weak self] in
      guard let self else { return }
      application.threads.run { self.answer(isFinal: true) }
    }
    answer(isFinal: false)
  }

  /// Answers if the job has ended, or in any case if the answer is final.
  private func answer(isFinal: Bool) {
    guard !isAnswered.load(ordering: .relaxed) else { return }
    let response: Response
    do {
      let record = try application.job(id)
      guard isFinal || record.state.isFinished else { return }
      response =
        representation == .json
        ? .json(bytes: application.representationBytes(record))
        : .table(TextTable.object(try application.representation(record).objectValue ?? [:]))
    } catch {
      response = application.response(to: error)
    }
    guard !isAnswered.exchange(true, ordering: .relaxed) else { return }
    leave()
    exchange.respond(response)
  }

  private func leave() {
    let subscription = token.withLock { token in
      defer { token = nil }
      return token
    }
    if let subscription { application.signals.unsubscribe(subscription) }
  }
}
