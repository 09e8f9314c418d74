import Dispatch
import Foundation
import JSON
import Jobs
import Storage
import Synchronization

/// Takes jobs out of the store and runs them on worker threads that share one compute pool.
///
/// `workers` of them take any job. One more takes only short kinds, so that short jobs never wait behind
/// trainings.
public final class JobQueue: Sendable {
  public struct Settings: Sendable {
    public var workers = 1
    /// Seconds that a job may run, all its attempts together; nil is no limit.
    public var timeLimit: Double?

    public init(workers: Int = 1, timeLimit: Double? = nil) {
      self.workers = workers
      self.timeLimit = timeLimit
    }
  }

  /// An event in the life of a job, for the log and the metrics.
  public struct Notice: Sendable {
    public enum Event: Sendable {
      case started(attempt: Int)
      /// The job was put back because the service stops.
      case queued
      case ended(JobState, curvatureProducts: Double)
      case message
    }

    public let job: String
    public let kind: String
    public let event: Event
    public let seconds: Double
    /// Empty if there is nothing to say.
    public let message: String
  }

  private struct State {
    var running: [String: RunningJob] = [:]
    var isStopping = false
    var workers = 0
    /// Grows with every reason to look into the queue, so that no reason is missed between a look and a wait.
    var generation = 0
  }

  let store: Store
  let environment: JobEnvironment
  let kinds: [JobKind]
  let settings: Settings
  let signals: JobSignals
  let notify: @Sendable (Notice) -> Void
  private let state = Mutex(State())
  /// Rung when there may be work, when a worker ends, and at the stop.
  private let bell = Bell()

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

  /// The lane of short kinds, and the lane of the other kinds.
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

  /// Must be called after a job was queued.
  public func wake() {
    state.withLock { $0.generation += 1 }
    bell.ring()
  }

  /// The number of running jobs.
  public var runningCount: Int { state.withLock { $0.running.count } }

  /// Whether the service stops and takes no more jobs.
  var isStopping: Bool { state.withLock { $0.isStopping } }

  /// Whether the workers take jobs.
  public var isReady: Bool { state.withLock { !$0.isStopping && $0.workers > 0 } }

  func running(_ id: String) -> RunningJob? { state.withLock { $0.running[id] } }

  /// Cancels a job: a queued job at once, a running job within a second.
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

  /// Takes no more jobs, interrupts the running jobs, and waits for them. They are queued again.
  ///
  /// A job that does not stop in time is put back all the same, because the process is about to end.
  /// - Returns: whether all jobs ended in time.
  public func stop(timeout: Double = 8) -> Bool {
    let running = state.withLock { state in
      state.isStopping = true
      return Array(state.running.values)
    }
    for job in running { job.interrupt(.stopping) }
    let deadline = Date(timeIntervalSinceNow: timeout)
    bell.ring()
    bell.wait(until: deadline) { state.withLock { $0.workers == 0 } }
    let late = state.withLock { $0.workers > 0 ? Array($0.running.values) : [] }
    for job in late {
      do {
        try job.requeue()
      } catch {
        // The job stays `running` in the store and is queued again at the next start.
        notify(
          Notice(
            job: job.id, kind: job.kind, event: .message, seconds: 0,
            message: "the job could not be queued again: \(error)"))
      }
    }
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
        notify(
          Notice(job: "", kind: "", event: .message, seconds: 0, message: "no job can be taken: \(error)"))
        pause(seconds: 2)
      }
      bell.wait(until: Date(timeIntervalSinceNow: 5)) {
        state.withLock { $0.generation != seen || $0.isStopping }
      }
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
    let attempt = JobAttempt(record, of: self)
    let isStopping = state.withLock { state in
      state.running[record.id] = attempt.job
      return state.isStopping
    }
    if isStopping { attempt.job.interrupt(.stopping) }
    attempt.run()
    state.withLock { _ = $0.running.removeValue(forKey: record.id) }
    signals.notify(record.id)
  }

  /// Waits, but returns early if the service stops.
  func pause(seconds: Double) {
    bell.wait(until: Date(timeIntervalSinceNow: seconds)) { isStopping }
  }
}
