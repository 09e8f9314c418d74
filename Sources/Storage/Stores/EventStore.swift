/// An event of a job, for clients that follow it. `data` is JSON.
public struct EventRecord: Hashable, Sendable {
  /// Counts the events of a job from 1, with those that were dropped.
  public let id: Int
  public let name: String
  public let data: String
  public let created: Timestamp
}

/// The latest events of each job, for streams that resume after a cut.
public struct EventStore {
  /// The number of events of a job that are kept at least.
  public static let limit = 1000

  /// The number of events after which the oldest are removed.
  public static let pruningStep = 64

  let session: Session
  private var connection: Connection { session.connection }

  /// Adds an event and returns its id. The oldest events are removed if there are too many.
  ///
  /// - Throws: `StorageError.notFound` for a job that is not there.
  @discardableResult
  public func append(job: String, name: String, data: String) throws -> Int {
    let id: Int
    do {
      id =
        try connection.first(
          """
          INSERT INTO event (job, id, name, data, created)
          SELECT ?1, coalesce(max(id), 0) + 1, ?2, ?3, ?4 FROM event WHERE job = ?1 RETURNING id
          """, job, name, data, session.now, read: { $0.int(0) }) ?? 0
    } catch let error as DatabaseError where ResultCode.foreignKeyConstraint ~= error.code {
      throw StorageError.notFound(.job, job)
    }
    // Not at every event, because a deletion costs as much as an insertion.
    if id % Self.pruningStep == 0 {
      try connection.run("DELETE FROM event WHERE job = ? AND id <= ?", job, id - Self.limit)
    }
    return id
  }

  /// The events that came after the one with the id `after`, in order.
  public func list(job: String, after: Int = 0, limit: Int = Self.limit + Self.pruningStep) throws
    -> [EventRecord]
  {
    try connection.rows(
      "SELECT id, name, data, created FROM event WHERE job = ? AND id > ? ORDER BY id LIMIT ?", job, after,
      limit
    ) { row in
      EventRecord(id: row.int(0), name: row.string(1), data: row.string(2), created: row.timestamp(3))
    }
  }

  /// Drops the progress events of the first `limit` jobs that ended in a span of time, and of those that
  /// ended in the same millisecond as the last.
  ///
  /// - Returns: the time when the last of them ended; nil for no job.
  func thin(endedFrom start: Timestamp, to end: Timestamp, limit: Int) throws -> Timestamp? {
    let last = try connection.rows(
      "SELECT finished FROM job WHERE finished >= ? AND finished < ? ORDER BY finished LIMIT ?", start, end,
      limit, read: { $0.timestamp(0) }
    ).last
    guard let last else { return nil }
    try connection.run(
      """
      DELETE FROM event WHERE name = 'progress' AND job IN
        (SELECT id FROM job WHERE finished >= ? AND finished <= ?)
      """, start, last)
    return last
  }

  /// The id of the latest event; 0 for no event.
  public func latest(job: String) throws -> Int {
    try connection.first("SELECT max(id) FROM event WHERE job = ?", job, read: { $0.int(0) }) ?? 0
  }
}
