/// The jobs: queued, running, and finished until they are deleted.
public struct JobStore {
  let session: Session
  var connection: Connection { session.connection }

  /// The kind of thing that a job uses. The raw value is the column `role`.
  enum Role: String {
    case model, dataset, checkpoint
  }

  /// Queues a job.
  ///
  /// - Parameter queueLimit: the most queued jobs, this one included.
  /// - Throws: `StorageError.queueFull`; `.notFound` for a model, data set or checkpoint that the job uses.
  @discardableResult
  public func create(_ new: NewJob, queueLimit: Int = .max) throws -> JobRecord {
    guard try queued() < queueLimit else { throw StorageError.queueFull(limit: queueLimit) }
    for name in new.models { try require(.model, name, "SELECT 1 FROM model WHERE name = ?") }
    for name in new.datasets { try require(.dataset, name, "SELECT 1 FROM dataset WHERE name = ?") }
    for id in new.checkpoints { try require(.checkpoint, id, "SELECT 1 FROM checkpoint WHERE id = ?") }
    let record = JobRecord(
      id: session.identifiers.next(), kind: new.kind, state: .queued, priority: new.priority, lane: new.lane,
      attempt: 1, cancelRequested: false, created: session.now, started: nil, finished: nil, progress: nil,
      error: nil, request: new.request, estimate: new.estimate, result: nil)
    try connection.run(
      """
      INSERT INTO job (id, kind, state, priority, lane, attempt, cancel_requested, created, request,
        estimate)
      VALUES (?, ?, 'queued', ?, ?, 1, 0, ?, ?, ?)
      """, record.id, new.kind, new.priority, new.lane, record.created, new.request, new.estimate)
    let uses = [(Role.model, new.models), (.dataset, new.datasets), (.checkpoint, new.checkpoints)]
    for (role, names) in uses {
      for name in names {
        try connection.run(
          "INSERT OR IGNORE INTO job_use (job, role, name) VALUES (?, ?, ?)", record.id, role.rawValue, name)
      }
    }
    return record
  }

  private func require(_ entity: StorageError.Entity, _ name: String, _ query: String) throws {
    guard try connection.first(query, name, read: { _ in true }) != nil else {
      throw StorageError.notFound(entity, name)
    }
  }

  public func find(_ id: String) throws -> JobRecord? {
    try connection.first("SELECT \(Self.columns), result FROM job WHERE id = ?", id, read: Self.record)
  }

  /// - Throws: `StorageError.notFound`.
  public func get(_ id: String) throws -> JobRecord {
    guard let record = try find(id) else { throw StorageError.notFound(.job, id) }
    return record
  }

  /// The jobs that were made before the one with the id `after`, newest first. They come without results, and
  /// of a large request only with its beginning.
  ///
  /// A page costs the same however many jobs there are. One case is an exception: jobs of a model and of one
  /// kind or state are looked for among all jobs of the model.
  public func list(_ filter: JobFilter = .init(), after: String? = nil, limit: Int) throws -> Page<JobRecord>
  {
    var values: [any Bindable] = []
    var conditions: [String] = []
    func add(_ column: String, _ value: String?, _ relation: String = "=") {
      guard let value else { return }
      values.append(value)
      conditions.append("\(column) \(relation) ?\(values.count)")
    }
    add("role", filter.model.map { _ in Role.model.rawValue })
    add("name", filter.model)
    add("kind", filter.kind)
    add("state", filter.state?.rawValue)
    // The column of the table that is walked.
    let key = filter.model == nil ? "job.id" : "job_use.job"
    add(key, after, "<")
    values.append(limit + 1)
    let tables = filter.model == nil ? "job" : "job_use CROSS JOIN job ON job.id = job_use.job"
    func select(_ conditions: [String]) -> String {
      "SELECT \(Self.briefColumns), NULL FROM \(tables)"
        + (conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND "))
    }
    var query = select(conditions)
    if filter.kind != nil, filter.state == nil, filter.model == nil {
      // One walk for each state, merged. So an index by kind and state serves lists by both too.
      query = JobState.allCases.map { select(conditions + ["state = '\($0.rawValue)'"]) }
        .joined(separator: " UNION ALL ")
    }
    let order = filter.model == nil ? "id" : key
    let rows = try connection.rows(
      "\(query) ORDER BY \(order) DESC LIMIT ?\(values.count)", binding: values, read: Self.record)
    return Page(rows, limit: limit, id: \.id)
  }

  /// The number of jobs of each kind in each state. It costs the same however many there are.
  public func counts() throws -> [JobCount] {
    try connection.rows("SELECT kind, state, count FROM job_count ORDER BY kind, state") { row in
      JobCount(kind: row.string(0), state: try row.value(1), count: row.int(2))
    }
  }

  /// The number of queued jobs.
  public func queued() throws -> Int {
    try connection.first("SELECT total(count) FROM job_count WHERE state = 'queued'") { $0.int(0) } ?? 0
  }

  /// Stores the progress of a running job that clients see. A job that no longer runs is not changed.
  public func setProgress(_ id: String, _ progress: String) throws {
    try connection.run("UPDATE job SET progress = ? WHERE id = ? AND state = 'running'", progress, id)
  }

  /// Deletes a finished job with its artifacts and events. Checkpoints that it made stay with their models.
  ///
  /// - Throws: `StorageError.notFound`, `.wrongState`.
  public func delete(_ id: String) throws {
    let state = try get(id).state
    guard state.isFinished else { throw StorageError.wrongState(job: id, state: state, expected: "finished") }
    try connection.run("DELETE FROM job WHERE id = ?", id)
  }

  /// Deletes the oldest jobs that were finished before `time`, at most `limit` of them. Returns how many.
  public func deleteFinished(before time: Timestamp, limit: Int) throws -> Int {
    try connection.run(
      "DELETE FROM job WHERE id IN (SELECT id FROM job WHERE finished < ? ORDER BY finished LIMIT ?)", time,
      limit)
  }

  /// The id of an unfinished job that uses a thing.
  func unfinishedUser(of role: Role, _ name: String) throws -> String? {
    try connection.first(
      """
      SELECT job.id FROM job_use JOIN job ON job.id = job
      WHERE role = ? AND name = ? AND state IN ('queued', 'running') LIMIT 1
      """, role.rawValue, name, read: { $0.string(0) })
  }

  static let columns = """
    id, kind, state, priority, lane, attempt, cancel_requested, created, started, finished, progress, error,
    request, estimate
    """

  /// The length in bytes above which lists show only the kind, model and size of a request.
  static let briefRequestLength = 4096

  private static let briefColumns = columns.replacing(
    "request,",
    with: """
      CASE WHEN length(request) <= \(briefRequestLength) THEN request
        ELSE json_object('kind', kind, 'model', json_extract(request, '$.model'), 'omitted_bytes', length(request))
      END,
      """)

  /// Reads the columns above and the result.
  static func record(_ row: Row) throws -> JobRecord {
    JobRecord(
      id: row.string(0), kind: row.string(1), state: try row.value(2), priority: row.int(3), lane: row.int(4),
      attempt: row.int(5), cancelRequested: row.bool(6), created: row.timestamp(7),
      started: row.optionalTimestamp(8),
      finished: row.optionalTimestamp(9), progress: row.optionalString(10), error: row.optionalString(11),
      request: row.string(12), estimate: row.optionalString(13), result: row.optionalString(14))
  }
}
