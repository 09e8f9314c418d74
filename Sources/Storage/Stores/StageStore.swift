/// A state that a running job has saved, to go on from after a crash or a stop. `detail` is JSON.
public struct StageRecord: Hashable, Sendable {
  public let name: String
  public let detail: String
  public let blob: BlobRecord
  public let saved: Timestamp
}

/// Named blobs that a job saves while it runs. They are dropped when it ends.
public struct StageStore {
  let session: Session
  private var connection: Connection { session.connection }

  /// Saves a stage, and replaces an earlier one of that name.
  ///
  /// - Throws: `StorageError.notFound`; `.wrongState` unless the job runs, so that a worker that lost its job
  ///   leaves nothing behind.
  public func save(job: String, name: String, detail: String = "{}", blob: BlobID) throws {
    let state = try session.jobs.get(job).state
    guard state == .running else {
      throw StorageError.wrongState(job: job, state: state, expected: "running")
    }
    try connection.run(
      """
      INSERT INTO job_stage (job, name, detail, blob, saved) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET detail = excluded.detail, blob = excluded.blob, saved = excluded.saved
      """, job, name, detail, blob.rawValue, session.now)
  }

  public func find(job: String, name: String) throws -> StageRecord? {
    try connection.first("\(Self.select) WHERE job = ? AND name = ?", job, name, read: Self.record)
  }

  /// The stages of a job, by name.
  public func list(job: String) throws -> [StageRecord] {
    try connection.rows("\(Self.select) WHERE job = ? ORDER BY name", job, read: Self.record)
  }

  public func remove(job: String, name: String) throws {
    try connection.run("DELETE FROM job_stage WHERE job = ? AND name = ?", job, name)
  }

  func removeAll(of job: String) throws {
    try connection.run("DELETE FROM job_stage WHERE job = ?", job)
  }

  private static let select = """
    SELECT name, detail, saved, blob.id, size, sha256 FROM job_stage JOIN blob ON blob.id = blob
    """

  private static func record(_ row: Row) throws -> StageRecord {
    StageRecord(
      name: row.string(0), detail: row.string(1), blob: try BlobStore.record(row, at: 3),
      saved: row.timestamp(2))
  }
}
