extension JobStore {
  /// The outcome of a request to cancel.
  public enum Cancellation: Equatable, Sendable {
    /// The job was queued, and is cancelled.
    case cancelled
    /// The job runs. Its worker must stop it and call `finish`.
    case requested
    case alreadyFinished(JobState)
  }

  /// Takes the next job for a worker: the highest priority first, the oldest of the same. Nil if none waits.
  ///
  /// - Parameter laneLimit: the highest lane to take from, so that a worker can be kept for short jobs.
  public func claim(laneLimit: Int = .max) throws -> JobRecord? {
    guard let id = try next(laneLimit: laneLimit) else { return nil }
    return try connection.first(
      """
      UPDATE job SET state = 'running', started = coalesce(started, ?) WHERE id = ?
      RETURNING \(Self.columns), result
      """, session.now, id, read: Self.record)
  }

  /// The job that `claim` would take. It looks at the first job of each lane, however many wait.
  public func next(laneLimit: Int = .max) throws -> String? {
    var best: (priority: Int, id: String)?
    var lane = Int.min
    while true {
      let found = try connection.first(
        """
        SELECT lane FROM job INDEXED BY job_lane WHERE state = 'queued' AND lane > ? AND lane <= ?
        ORDER BY lane LIMIT 1
        """, lane, laneLimit, read: { $0.int(0) })
      guard let found else { return best?.id }
      lane = found
      let first = try connection.first(
        """
        SELECT priority, id FROM job INDEXED BY job_lane WHERE state = 'queued' AND lane = ?
        ORDER BY priority DESC, id LIMIT 1
        """, lane, read: { (priority: $0.int(0), id: $0.string(1)) })
      guard let first else { continue }
      if let known = best, (known.priority, first.id) > (first.priority, known.id) { continue }
      best = first
    }
  }

  /// Ends a running job, and drops its stages.
  ///
  /// - Throws: `StorageError.notFound`, `.wrongState`.
  public func finish(_ id: String, _ outcome: JobOutcome) throws {
    var (result, error): (String?, String?) = (nil, nil)
    switch outcome {
    case .succeeded(let text): result = text
    case .failed(let text): error = text
    case .cancelled: break
    }
    let changed = try connection.run(
      """
      UPDATE job SET state = ?, finished = ?, result = ?, error = ?, cancel_requested = 0
      WHERE id = ? AND state = 'running'
      """, outcome.state.rawValue, session.now, result, error, id)
    guard changed == 1 else { throw try wrongState(id, expected: "running") }
    try session.stages.removeAll(of: id)
  }

  /// Puts a running job back into the queue when the program stops in good order. Later it goes on from its
  /// stages.
  ///
  /// - Throws: `StorageError.notFound`, `.wrongState`.
  public func requeue(_ id: String) throws {
    let changed = try connection.run(
      "UPDATE job SET state = 'queued' WHERE id = ? AND state = 'running'", id)
    guard changed == 1 else { throw try wrongState(id, expected: "running") }
  }

  /// - Throws: `StorageError.notFound`.
  public func cancel(_ id: String) throws -> Cancellation {
    switch try get(id).state {
    case .queued:
      try connection.run(
        "UPDATE job SET state = 'cancelled', finished = ? WHERE id = ?", session.now, id)
      try session.stages.removeAll(of: id)
      return .cancelled
    case .running:
      try connection.run("UPDATE job SET cancel_requested = 1 WHERE id = ?", id)
      return .requested
    case let state: return .alreadyFinished(state)
    }
  }

  /// Handles the jobs that ran when the program died. A job is cancelled if that was asked for, failed if it
  /// has run `maximumAttempts` times, and queued again otherwise.
  func recover(maximumAttempts: Int) throws -> (requeued: [String], failed: [String], cancelled: [String]) {
    let cancelled = try connection.rows(
      """
      UPDATE job SET state = 'cancelled', finished = ?, cancel_requested = 0
      WHERE state = 'running' AND cancel_requested = 1 RETURNING id
      """, session.now, read: { $0.string(0) })
    let failed = try connection.rows(
      """
      UPDATE job SET state = 'failed', finished = ?, error = json_object(
        'title', 'The program died while the job ran', 'detail',
        'the program died ' || attempt || ' times while this job ran, which may be the reason: '
        || 'check the memory it needs and the log, then post it again')
      WHERE state = 'running' AND attempt >= ? RETURNING id
      """, session.now, maximumAttempts, read: { $0.string(0) })
    for id in cancelled + failed { try session.stages.removeAll(of: id) }
    let requeued = try connection.rows(
      "UPDATE job SET state = 'queued', attempt = attempt + 1 WHERE state = 'running' RETURNING id",
      read: { $0.string(0) })
    return (requeued.sorted(), failed.sorted(), cancelled.sorted())
  }

  private func wrongState(_ id: String, expected: String) throws -> StorageError {
    .wrongState(job: id, state: try get(id).state, expected: expected)
  }
}
