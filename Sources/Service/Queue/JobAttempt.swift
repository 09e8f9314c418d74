import Dispatch
import JSON
import Jobs
import Storage

/// One attempt at a job on a worker: runs it to an end and stores that end.
struct JobAttempt {
  let job: RunningJob
  private let record: JobRecord
  private let queue: JobQueue
  private let started = DispatchTime.now().uptimeNanoseconds

  init(_ record: JobRecord, of queue: JobQueue) {
    self.record = record
    self.queue = queue
    job = RunningJob(record, store: queue.store, signals: queue.signals) {
      [notify = queue.notify, id = record.id, kind = record.kind] in
      notify(JobQueue.Notice(job: id, kind: kind, event: .message, seconds: 0, message: $0))
    }
  }

  func run() {
    tell(.started(attempt: record.attempt))
    queue.signals.notify(record.id)
    do {
      let result = try compute()
      // If the outputs cannot be stored, for instance because their model was deleted, the job fails.
      try store { try job.succeed(result) }
      let products = result["solver"]?["curvature_products"]?.doubleValue ?? 0
      tell(.ended(.succeeded, curvatureProducts: products))
    } catch {
      do {
        try end(error)
      } catch {
        // The job stays `running` in the store and is queued again at the next start.
        tell(.message, "the end of the job could not be stored: \(error)")
      }
    }
  }

  /// Reads the request again and runs it. Stored things may have changed while the job waited.
  private func compute() throws -> JSONValue {
    // A cancellation may have come between the claim of the job and its entry among the running jobs.
    if try queue.store.read({ try $0.jobs.find(record.id) })?.cancelRequested == true {
      job.interrupt(.cancelled)
    }
    try job.throwIfInterrupted()
    var body = try JobBody(record.requestJSON, kinds: queue.kinds)
    let limits = [body.timeLimit, queue.settings.timeLimit].compactMap { $0 }
    let timer = limits.min().map(limit)
    defer { timer?.cancel() }
    try body.resolve(queue.environment.catalog)
    return try body.kind.run(body.request, in: queue.environment).run(job)
  }

  /// Interrupts the job when all its attempts together have run for `seconds`.
  private func limit(to seconds: Double) -> any DispatchSourceTimer {
    job.setTimeLimit(seconds)
    let timer = DispatchSource.makeTimerSource(queue: .global())
    timer.schedule(deadline: .now() + max(0, seconds - job.earlierSeconds))
    timer.setEventHandler { [job] in job.interrupt(.timeLimit) }
    timer.resume()
    return timer
  }

  // MARK: The end

  /// Stores the end of a job that has no result.
  private func end(_ error: any Error) throws {
    // An interrupted computation may end with any error.
    switch (error as? JobInterruption) ?? job.interruption {
    case .cancelled:
      try store { try job.end(.cancelled, .cancelled) }
      tell(.ended(.cancelled, curvatureProducts: 0))
    case .stopping:
      try store { try job.requeue() }
      tell(.queued, "the service stops")
    case .timeLimit:
      let limit = job.timeLimit ?? 0
      try fail(
        JobFailure(
          .timeLimit,
          "The job ran for its limit of \(Int(exactly: limit).map(String.init) ?? "\(limit)") seconds.",
          advice: "Ask for less, or for a higher time_limit, which the configuration's job_time_limit bounds."
        )
      )
    case nil:
      let failure = JobFailure(running: error)
      if failure.reason == .internal { tell(.message, "\(error)") }
      try fail(failure)
    }
  }

  private func fail(_ failure: JobFailure) throws {
    try store { try job.end(.failed(error: JSONWriter.text(failure.json)), .failed) }
    tell(.ended(.failed, curvatureProducts: 0), failure.description)
  }

  /// The end must be written. On a full disk the write is repeated, unless the service stops.
  private func store(_ write: () throws -> Void) throws {
    var attempt = 1
    while true {
      do {
        return try write()
      } catch let error as DatabaseError where error.mayPass {
        guard !queue.isStopping else { throw error }
        if attempt.nonzeroBitCount == 1 {
          tell(.message, "the end of the job cannot be stored yet: \(error)")
        }
        queue.pause(seconds: min(10, 0.2 * Double(attempt)))
        attempt += 1
      }
    }
  }

  private func tell(_ event: JobQueue.Notice.Event, _ message: String = "") {
    let seconds = Double(DispatchTime.now().uptimeNanoseconds - started) / 1e9
    queue.notify(
      JobQueue.Notice(job: record.id, kind: record.kind, event: event, seconds: seconds, message: message))
  }
}
