import Dispatch
import Foundation
import Jobs
import Storage
import Synchronization
import Tensor

/// Takes jobs out of the store and runs them on worker threads that share one compute pool.
///
/// The first worker takes any job; with more than one, the last is kept for short kinds, so that these do not wait behind
/// trainings.
public final class JobQueue: Sendable {
  public struct Configuration: Sendable {
    public var workers = 2
    /// Seconds a job may run; nil is no limit.
    public var timeLimit: Double?

    public init(workers: Int = 2, timeLimit: Double? = nil) {
      self.workers = workers
      self.timeLimit = timeLimit
    }
  }

  /// What happened to a job, for the log and the metrics.
  public struct Notice: Sendable {
    public let job: String
    public let kind: String
    /// `started`, `queued`, a final state, or `log`.
    public let state: String
    public let seconds: Double
    public let message: String
  }

  private struct State {
    var running: [String: RunningJob] = [:]
    var isStopping = false
    var workers = 0
  }

  private let store: Store
  private let environment: JobEnvironment
  private let kinds: [JobKind]
  private let configuration: Configuration
  private let notify: @Sendable (Notice) -> Void
  private let state = Mutex(State())
  /// Guards nothing: workers wait on it for work and for the stop.
  private let condition = NSCondition()

  public init(
    store: Store, environment: JobEnvironment, kinds: [JobKind], configuration: Configuration = .init(),
    notify: @escaping @Sendable (Notice) -> Void = { _ in }
  ) {
    self.store = store
    self.environment = environment
    self.kinds = kinds
    self.configuration = configuration
    self.notify = notify
  }

  /// The lane of short kinds, and that of the others.
  static let shortLane = 0
  static let longLane = 1

  /// The lane that a job of this kind waits in.
  public static func lane(of kind: JobKind) -> Int { kind.isShort ? shortLane : longLane }

  /// Starts the workers.
  public func start() {
    for index in 0..<max(1, configuration.workers) {
      let isKept = configuration.workers > 1 && index == configuration.workers - 1
      let thread = Thread { self.work(laneLimit: isKept ? Self.shortLane : .max) }
      thread.name = "worker-\(index)"
      thread.stackSize = 16 << 20
      state.withLock { $0.workers += 1 }
      thread.start()
    }
  }

  /// To be called after a job was queued.
  public func wake() {
    condition.lock()
    condition.broadcast()
    condition.unlock()
  }

  /// Jobs that run now.
  public var runningCount: Int { state.withLock { $0.running.count } }

  /// Whether the workers take jobs.
  public var isReady: Bool { state.withLock { !$0.isStopping && $0.workers > 0 } }

  /// Cancels a job: a queued one at once, a running one within a second.
  /// - Throws: `StorageError.notFound`.
  public func cancel(_ id: String) throws -> JobStore.Cancellation {
    let outcome = try store.write { session in
      let outcome = try session.jobs.cancel(id)
      if outcome == .cancelled {
        try session.events.append(job: id, name: "state", data: JSONWriter.text(["state": "cancelled"]))
      }
      return outcome
    }
    if outcome == .requested { state.withLock { $0.running[id] }?.interrupt(.cancelled) }
    return outcome
  }

  /// Takes no more jobs, asks the running ones to leave off, and waits for them; they are queued again.
  /// - Returns: whether all had ended in time.
  public func stop(timeout: Double = 8) -> Bool {
    let running = state.withLock { state in
      state.isStopping = true
      return Array(state.running.values)
    }
    for job in running { job.interrupt(.stopping) }
    let deadline = Date(timeIntervalSinceNow: timeout)
    condition.lock()
    defer { condition.unlock() }
    condition.broadcast()
    while state.withLock({ $0.workers > 0 }) {
      if !condition.wait(until: min(deadline, Date(timeIntervalSinceNow: 0.1))), Date() >= deadline {
        return false
      }
    }
    return true
  }

  // MARK: Workers

  private func work(laneLimit: Int) {
    while !state.withLock({ $0.isStopping }) {
      do {
        if let record = try store.write({ try $0.jobs.claim(laneLimit: laneLimit) }) {
          run(record)
          continue
        }
      } catch {
        notify(Notice(job: "", kind: "", state: "log", seconds: 0, message: "no job can be taken: \(error)"))
      }
      condition.lock()
      _ = condition.wait(until: Date(timeIntervalSinceNow: 1))
      condition.unlock()
    }
    state.withLock { $0.workers -= 1 }
    wake()
  }

  private func run(_ record: JobRecord) {
    let started = DispatchTime.now().uptimeNanoseconds
    func tell(_ state: String, _ message: String = "") {
      let seconds = Double(DispatchTime.now().uptimeNanoseconds - started) / 1e9
      notify(Notice(job: record.id, kind: record.kind, state: state, seconds: seconds, message: message))
    }
    let job = RunningJob(record, store: store) { [notify, id = record.id, kind = record.kind] message in
      notify(Notice(job: id, kind: kind, state: "log", seconds: 0, message: message))
    }
    let isStopping = state.withLock { state in
      state.running[record.id] = job
      return state.isStopping
    }
    defer { state.withLock { _ = $0.running.removeValue(forKey: record.id) } }
    if isStopping { job.interrupt(.stopping) }
    if record.cancelRequested { job.interrupt(.cancelled) }
    let limit = timeLimit(job)
    defer { limit?.cancel() }
    _ = try? store.write(durability: .relaxed) { session in
      try session.events.append(job: record.id, name: "state", data: JSONWriter.text(["state": "running"]))
    }
    tell("started")
    do {
      try settle(job, Result { try execute(record, job) }, tell)
    } catch {
      // The store cannot take the end of the job: it stays `running` there and is queued again at the next start.
      tell("log", "the end of the job could not be stored: \(error)")
    }
  }

  private func timeLimit(_ job: RunningJob) -> (any DispatchSourceTimer)? {
    guard let seconds = configuration.timeLimit else { return nil }
    let timer = DispatchSource.makeTimerSource(queue: .global())
    timer.schedule(deadline: .now() + seconds)
    timer.setEventHandler { job.interrupt(.timeLimit) }
    timer.resume()
    return timer
  }

  private func execute(_ record: JobRecord, _ job: RunningJob) throws -> JSONValue {
    var body = try JobBody(try JSONParser.parse(record.request), kinds: kinds)
    try body.resolve(environment.catalog)
    return try body.kind.run(body.request, in: environment).run(job)
  }

  private func settle(
    _ job: RunningJob, _ result: Result<JSONValue, any Error>, _ tell: (String, String) -> Void
  ) throws {
    do {
      try job.succeed(try result.get())
      tell("succeeded", "")
    } catch let interruption as JobInterruption {
      switch interruption {
      case .cancelled:
        try job.end(.cancelled, state: "cancelled")
        tell("cancelled", "")
      case .stopping:
        try job.requeue()
        tell("queued", "the service stops")
      case .timeLimit:
        let limit = configuration.timeLimit ?? 0
        try fail(
          job,
          JobFailure(
            .timeLimit, "The job ran longer than the \(Int(limit)) seconds that the configuration allows.",
            advice: "Ask for less, or raise the time limit."), tell)
      }
    } catch {
      try fail(job, JobFailure(running: error), tell)
    }
  }

  private func fail(_ job: RunningJob, _ failure: JobFailure, _ tell: (String, String) -> Void) throws {
    try job.end(.failed(error: JSONWriter.text(failure.json)), state: "failed")
    tell("failed", failure.description)
  }
}

extension JobFailure {
  /// The failure that an error of a run means to a user.
  init(running error: any Error) {
    switch error {
    case let failure as JobFailure: self = failure
    case let rejection as RequestRejection:
      self.init(.unacceptable, "The request no longer fits: \(rejection).")
    case let unknown as UnknownResource: self.init(.missing, "By now \(unknown).")
    case let taken as NameTaken:
      self.init(.unacceptable, "By now \(taken).", advice: "Post it with another name.")
    case let database as DatabaseError where ResultCode.full ~= database.code:
      self.init(
        .outOfResources, "The disk or the database is full.", advice: "Free space and post the job again.")
    case let storage as StorageError:
      if case .corruptBlob = storage {
        self.init(.corrupt, "\(storage).")
      } else {
        self.init(.internal, "The store refused an output: \(storage).")
      }
    default: self.init(.internal, "An error that the service does not know ended the job: \(error).")
    }
  }
}
