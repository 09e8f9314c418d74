import Datasets
import Dispatch
import Foundation
import HTTP
import JSON
import Jobs
import Storage
import Synchronization
import Tensor

/// The whole service. It puts the store, the workers and the server together, and takes them apart in order.
public final class Service: Sendable {
  public let configuration: Configuration
  package let store: Store
  private let queue: JobQueue
  private let server: Server
  private let application: Application
  private let pool: ComputePool
  private let signals: JobSignals
  private let log: Log
  private let maintenance = Mutex<(any DispatchSourceTimer)?>(nil)

  /// Opens the database and puts the parts together. Nothing is served yet.
  ///
  /// - Throws: `StorageError`, `DatabaseError`.
  public init(configuration: Configuration, kinds: [JobKind] = StandardJobs.kinds, log: Log? = nil) throws {
    let log = log ?? Log(format: configuration.logFormat, level: configuration.logLevel)
    self.configuration = configuration
    self.log = log
    let store = try Store(path: configuration.database, maximumAttempts: configuration.crashLimit)
    self.store = store
    let pool =
      configuration.computeThreads > 0 ? ComputePool(threads: configuration.computeThreads) : ComputePool()
    self.pool = pool
    let library = DatasetLibrary(
      store: store, directory: DataDirectory(configuration.dataDirectory),
      byteLimit: configuration.datasetCache)
    let catalog = StoredCatalog(store: store, library: library)
    let signals = JobSignals()
    let router = RouteTable.service
    let metrics = Metrics(routes: router.routes.map(\.pattern))
    self.signals = signals
    queue = JobQueue(
      store: store,
      environment: JobEnvironment(
        catalog: catalog, pool: pool, memoryLimit: configuration.memoryLimit,
        saveInterval: configuration.saveInterval),
      kinds: kinds,
      settings: .init(
        workers: configuration.workers,
        timeLimit: configuration.jobTimeLimit > 0 ? configuration.jobTimeLimit : nil),
      signals: signals
    ) { Self.tell($0, log, metrics) }
    let application = Application(
      configuration: configuration, store: store, catalog: catalog, library: library, queue: queue,
      kinds: kinds,
      pool: pool, machine: try configuration.machine(pool), signals: signals, router: router,
      metrics: metrics,
      log: log)
    self.application = application
    var http = ServerConfiguration()
    http.host = configuration.host
    http.port = UInt16(clamping: configuration.port)
    http.bodyBytes = configuration.jsonLimit
    // A body that is somewhat too large is still read to its end, so that any client sees the 413.
    http.drainBytes = 2 * min(configuration.blobLimit, .max / 4)
    http.connections = configuration.connections
    http.connectionsPerAddress = configuration.connectionsPerAddress
    http.headDeadline = .seconds(configuration.headDeadline)
    http.bodyDeadline = .seconds(configuration.bodyDeadline)
    http.idleDeadline = .seconds(configuration.idleDeadline)
    http.writeDeadline = .seconds(configuration.writeDeadline)
    http.renderError = { Problem($0.status, $0.detail, headers: $0.problem.headers).response }
    http.onCompletion = { application.completed($0) }
    server = Server(configuration: http) { application.handle($0) }
    try settleRecovered()
  }

  /// Every route that is served, as method and pattern.
  package var routes: [(method: String, pattern: String)] { application.routes }

  /// Starts the workers and listens.
  ///
  /// - Returns: the port.
  /// - Throws: `SocketError`.
  @discardableResult
  public func start() throws -> UInt16 {
    let port = try server.start()
    queue.start()
    startMaintenance()
    log.write(
      .info, "service.started",
      [
        "version": .string(Version.number), "host": .string(configuration.host), "port": JSONValue(Int(port)),
        "database": .string(configuration.database), "compute_threads": JSONValue(pool.threads),
        "workers": JSONValue(configuration.workers), "token": .bool(configuration.token != nil),
      ])
    return port
  }

  /// Stops the service within the configured deadline.
  ///
  /// It takes no more work, puts running jobs back into the queue with their saved state, ends the
  /// connections and closes the database.
  public func stop() {
    log.write(.info, "service.stopping")
    let deadline = configuration.stopDeadline
    maintenance.withLock { $0?.cancel() }
    let ended = DispatchSemaphore(value: 0)
    server.stop(grace: .seconds(deadline)) { ended.signal() }
    if !queue.stop(timeout: deadline * 0.9) {
      log.write(
        .warning, "service.stopping", ["message": "a job did not leave off in time; it was queued again"])
    }
    // Clients that wait for a job or follow its events are answered now.
    signals.notifyAll()
    _ = ended.wait(timeout: .now() + .milliseconds(Int(deadline * 250)))
    store.close()
    log.write(.info, "service.stopped")
    log.flush()
  }

  // MARK: At the start

  /// Sends the outcome of jobs after a crash to the clients that follow them.
  private func settleRecovered() throws {
    let recovery = store.recovery
    let states: [([String], JobState)] = [
      (recovery.requeued, .queued), (recovery.failed, .failed), (recovery.cancelled, .cancelled),
    ]
    for (jobs, state) in states where !jobs.isEmpty {
      try store.write { session in
        for id in jobs {
          if state == .failed { try session.setCrashed(id) }
          try session.appendState(id, state)
        }
      }
      for id in jobs {
        log.write(.warning, "job.recovered", ["job": .string(id), "state": .string(state.rawValue)])
      }
    }
    if recovery.abandonedBlobs > 0 {
      log.write(.info, "store.recovered", ["abandoned_blobs": JSONValue(recovery.abandonedBlobs)])
    }
  }

  // MARK: While it runs

  private func startMaintenance() {
    maintenance.withLock { held in
      let timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "service.maintenance"))
      timer.schedule(deadline: .now() + 30, repeating: 60)
      timer.setEventHandler { [store, configuration, log] in Self.maintain(store, configuration, log) }
      timer.resume()
      held = timer
    }
  }

  private static func maintain(_ store: Store, _ configuration: Configuration, _ log: Log) {
    do {
      if configuration.retentionDays > 0 {
        let before = Timestamp.now().advanced(bySeconds: -86400 * configuration.retentionDays)
        while try store.write({ try $0.jobs.deleteFinished(before: before, limit: 200) }) == 200 {}
      }
      if configuration.editedRetentionDays > 0 {
        let before = Timestamp.now().advanced(bySeconds: -86400 * configuration.editedRetentionDays)
        while try store.write({ try $0.checkpoints.deleteEdited(before: before, limit: 200) }) == 200 {}
      }
      try store.maintain()
    } catch StorageError.closed {
    } catch {
      log.write(.warning, "store.maintenance", ["error": .string("\(error)")])
    }
  }

  private static func tell(_ notice: JobQueue.Notice, _ log: Log, _ metrics: Metrics) {
    var fields: JSONObject = ["job": .string(notice.job), "kind": .string(notice.kind)]
    if !notice.message.isEmpty { fields["message"] = .string(notice.message) }
    switch notice.event {
    case .started(let attempt):
      fields["attempt"] = JSONValue(attempt)
      log.write(.info, "job.running", fields)
    case .queued:
      fields["seconds"] = .milliseconds(notice.seconds)
      log.write(.info, "job.queued", fields)
    case .ended(let state, let products):
      fields["seconds"] = .milliseconds(notice.seconds)
      log.write(.info, "job.\(state.rawValue)", fields)
      metrics.recordJob(
        kind: notice.kind, state: state.rawValue, seconds: notice.seconds, curvatureProducts: products)
    case .message: log.write(.info, "job.message", fields)
    }
  }
}

extension Session {
  /// Gives a job that the store has given up an error, as every failed job has.
  fileprivate func setCrashed(_ id: String) throws {
    let attempts = try jobs.get(id).attempt
    let failure = JobFailure(
      .crashed, "The service ended \(attempts) times while the job ran, which may be the job's doing.",
      advice: "Look into the log, check the memory the job needs, then post it again.")
    try connection.run("UPDATE job SET error = ? WHERE id = ?", JSONWriter.text(failure.json), id)
  }
}
