import Dispatch
import Foundation
import JSON
import Jobs
import Storage
import Synchronization

/// Takes jobs out of the store and runs them on worker threads that share one compute pool.
///
/// `workers` of them take any job; one more takes only short kinds, so that these never wait behind trainings.
public final class JobQueue: Sendable {
  public struct Settings: Sendable {
    public var workers = 1
    /// Seconds a job may run, all its attempts together; nil is no limit.
    public var timeLimit: Double?

    public init(workers: Int = 1, timeLimit: Double? = nil) {
      self.workers = workers
      self.timeLimit = timeLimit
    }
  }

  /// What happened to a job, for the log and the metrics.
  public struct Notice: Sendable {
    public enum Event: Sendable {
      case started(attempt: Int)
      /// Put back because the service stops.
      case queued
      case ended(JobState, curvatureProducts: Double)
      case message
    }

    public let job: String
    public let kind: String
    public let event: Event
    public let seconds: Double
    /// Empty where there is nothing to say.
    public let message: String
  }

  private struct State {
    var running: [String: RunningJob] = [:]
    var isStopping = false
    var workers = 0
    /// Grows with every reason to look into the queue, so that none is missed between a look and a wait.
    var generation = 0
  }

  private let store: Store
  private let environment: JobEnvironment
  private let kinds: [JobKind]
  private let settings: Settings
  let signals: JobSignals
  private let notify: @Sendable (Notice) -> Void
  private let state = Mutex(State())
  /// Guards nothing: workers wait on it for work and for the stop.
  private let condition = NSCondition()

  init(
    store: Store, environment: JobEnvironment, kinds: [JobKind], settings: Settings, signals: JobSignals,
    notify: @escaping @Sendable (Notice) -> Void = { _ in }
  ) {
    self.store = store
    self.environment = environment
    self.kinds = kinds
    self.settings = settings
    self.signals = signals
    self.notify = notify
  }

  /// The lane of short kinds, and that of the others.
  static let shortLane = 0
  static let longLane = 1

  /// The lane that a job of this kind waits in.
  public static func lane(of kind: JobKind) -> Int { kind.isShort ? shortLane : longLane }

  /// Starts the workers.
  public func start() {
    let count = max(1, settings.workers)
    for index in 0...count {
      let thread = Thread { self.work(laneLimit: index == count ? Self.shortLane : .max) }
      thread.name = "worker-\(index)"
      thread.stackSize = 16 << 20
      state.withLock { $0.workers += 1 }
      thread.start()
    }
  }

  /// To be called after a job was queued.
  public func wake() {
    condition.lock()
    state.withLock { $0.generation += 1 }
    condition.broadcast()
    condition.unlock()
  }

  /// Jobs that run now.
  public var runningCount: Int { state.withLock { $0.running.count } }

  /// Whether the workers take jobs.
  public var isReady: Bool { state.withLock { !$0.isStopping && $0.workers > 0 } }

  func running(_ id: String) -> RunningJob? { state.withLock { $0.running[id] } }

  /// Cancels a job: a queued one at once, a running one within a second.
  /// - Throws: `StorageError.notFound`.
  public func cancel(_ id: String) throws -> JobStore.Cancellation {
    let (outcome, kind) = try store.write { session in
      let kind = try session.jobs.get(id).kind
      let outcome = try session.jobs.cancel(id)
      if outcome == .cancelled { try session.appendState(id, .cancelled) }
      return (outcome, kind)
    }
    switch outcome {
    case .cancelled:
      signals.notify(id)
      notify(
        Notice(
          job: id, kind: kind, event: .ended(.cancelled, curvatureProducts: 0), seconds: 0,
          message: "while queued"))
    case .requested: running(id)?.interrupt(.cancelled)
    case .alreadyFinished: break
    }
    return outcome
  }

  /// Takes no more jobs, asks the running ones to leave off, and waits for them; they are queued again.
  ///
  /// A job that does not leave off in time is put back all the same: the process is about to end.
  /// - Returns: whether all had ended in time.
  public func stop(timeout: Double = 8) -> Bool {
    let running = state.withLock { state in
      state.isStopping = true
      return Array(state.running.values)
    }
    for job in running { job.interrupt(.stopping) }
    let deadline = Date(timeIntervalSinceNow: timeout)
    condition.lock()
    condition.broadcast()
    while state.withLock({ $0.workers > 0 }), Date() < deadline {
      _ = condition.wait(until: min(deadline, Date(timeIntervalSinceNow: 0.1)))
    }
    condition.unlock()
    let late = state.withLock { $0.workers > 0 ? Array($0.running.values) : [] }
    for job in late { try? job.requeue() }
    return late.isEmpty
  }

  // MARK: Workers

  private func work(laneLimit: Int) {
    while true {
      let (isStopping, seen) = state.withLock { ($0.isStopping, $0.generation) }
      if isStopping { break }
      do {
        if let record = try claim(laneLimit) {
          run(record)
          continue
        }
      } catch {
        tell("", "", .message, message: "no job can be taken: \(error)")
        pause(seconds: 2)
      }
      condition.lock()
      if state.withLock({ $0.generation == seen && !$0.isStopping }) {
        _ = condition.wait(until: Date(timeIntervalSinceNow: 5))
      }
      condition.unlock()
    }
    state.withLock { $0.workers -= 1 }
    wake()
  }

  private func claim(_ laneLimit: Int) throws -> JobRecord? {
    // A look costs less than a write.
    guard try store.read({ try $0.jobs.next(laneLimit: laneLimit) }) != nil else { return nil }
    return try store.write { session in
      guard let record = try session.jobs.claim(laneLimit: laneLimit) else { return nil }
      try session.appendState(record.id, .running)
      return record
    }
  }

  private func run(_ record: JobRecord) {
    let started = DispatchTime.now().uptimeNanoseconds
    func tell(_ event: Notice.Event, _ message: String = "") {
      self.tell(
        record.id, record.kind, event, seconds: Double(DispatchTime.now().uptimeNanoseconds - started) / 1e9,
        message: message)
    }
    let job = RunningJob(record, store: store, signals: signals) {
      [notify, id = record.id, kind = record.kind] in
      notify(Notice(job: id, kind: kind, event: .message, seconds: 0, message: $0))
    }
    let isStopping = state.withLock { state in
      state.running[record.id] = job
      return state.isStopping
    }
    if isStopping { job.interrupt(.stopping) }
    // A cancellation may have come between the claim and here.
    if (try? store.read { try $0.jobs.find(record.id) })??.cancelRequested == true {
      job.interrupt(.cancelled)
    }
    tell(.started(attempt: record.attempt))
    signals.notify(record.id)
    let result = Result { try execute(record, job) }
    settle(job, result, tell)
    state.withLock { _ = $0.running.removeValue(forKey: record.id) }
    signals.notify(record.id)
  }

  private func execute(_ record: JobRecord, _ job: RunningJob) throws -> JSONValue {
    try job.throwIfInterrupted()
    var body = try JobBody(try JSONParser.parse(record.request), kinds: kinds)
    let limits = [body.timeLimit, settings.timeLimit].compactMap { $0 }
    let timer = limits.min().map { Self.limit(job, to: $0) }
    defer { timer?.cancel() }
    try body.resolve(environment.catalog)
    return try body.kind.run(body.request, in: environment).run(job)
  }

  /// Interrupts a job when all its attempts together have run for so many seconds.
  private static func limit(_ job: RunningJob, to seconds: Double) -> any DispatchSourceTimer {
    job.setTimeLimit(seconds)
    let timer = DispatchSource.makeTimerSource(queue: .global())
    timer.schedule(deadline: .now() + max(0, seconds - job.earlierSeconds))
    timer.setEventHandler { job.interrupt(.timeLimit) }
    timer.resume()
    return timer
  }

  // MARK: The end of a job

  private func settle(
    _ job: RunningJob, _ result: Result<JSONValue, any Error>, _ tell: (Notice.Event, String) -> Void
  ) {
    do {
      let value = try result.get()
      let products = value["solver"]?["curvature_products"]?.doubleValue ?? 0
      // What the outputs run into when they are stored (a model deleted meanwhile) fails the job.
      try store(job, tell) { try job.succeed(value) }
      tell(.ended(.succeeded, curvatureProducts: products), "")
    } catch {
      do {
        try settle(job, error, tell)
      } catch {
        // It stays `running` in the store and is queued again at the next start.
        tell(.message, "the end of the job could not be stored: \(error)")
      }
    }
  }

  private func settle(
    _ job: RunningJob, _ error: any Error, _ tell: (Notice.Event, String) -> Void
  ) throws {
    // A computation that was interrupted may surface as any error.
    let interruption = (error as? JobInterruption) ?? job.interruption
    switch interruption {
    case .cancelled:
      try store(job, tell) { try job.end(.cancelled, .cancelled) }
      tell(.ended(.cancelled, curvatureProducts: 0), "")
    case .stopping:
      try store(job, tell) { try job.requeue() }
      tell(.queued, "the service stops")
    case .timeLimit:
      let limit = job.timeLimit ?? 0
      let failure = JobFailure(
        .timeLimit,
        "The job ran for its limit of \(Int(exactly: limit).map(String.init) ?? "\(limit)") seconds.",
        advice: "Ask for less, or for a higher time_limit, which the configuration's job_time_limit bounds.")
      try fail(job, failure, tell)
    case nil:
      let failure = JobFailure(running: error)
      if failure.reason == .internal { tell(.message, "\(error)") }
      try fail(job, failure, tell)
    }
  }

  private func fail(_ job: RunningJob, _ failure: JobFailure, _ tell: (Notice.Event, String) -> Void) throws {
    try store(job, tell) { try job.end(.failed(error: JSONWriter.text(failure.json)), .failed) }
    tell(.ended(.failed, curvatureProducts: 0), failure.description)
  }

  /// The end must be written: a disk that is full is waited for, unless the service stops.
  private func store(
    _ job: RunningJob, _ tell: (Notice.Event, String) -> Void, _ write: () throws -> Void
  ) throws {
    var attempt = 1
    while true {
      do {
        return try write()
      } catch let error as DatabaseError where error.mayPass {
        guard !state.withLock({ $0.isStopping }) else { throw error }
        if attempt.nonzeroBitCount == 1 {
          tell(.message, "the end of the job cannot be stored yet: \(error)")
        }
        pause(seconds: min(10, 0.2 * Double(attempt)))
        attempt += 1
      }
    }
  }

  /// Waits, but not when the service is to stop.
  private func pause(seconds: Double) {
    let deadline = Date(timeIntervalSinceNow: seconds)
    condition.lock()
    while !state.withLock({ $0.isStopping }), Date() < deadline { _ = condition.wait(until: deadline) }
    condition.unlock()
  }

  private func tell(
    _ job: String, _ kind: String, _ event: Notice.Event, seconds: Double = 0, message: String = ""
  ) {
    notify(Notice(job: job, kind: kind, event: event, seconds: seconds, message: message))
  }
}
