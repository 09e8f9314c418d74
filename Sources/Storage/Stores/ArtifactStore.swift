/// A large array that a job's result refers to.
public struct ArtifactRecord: Hashable, Sendable {
  public let job: String
  public let name: String
  public let dtype: String
  public let shape: [Int]
  public let blob: BlobRecord
  public let created: Timestamp
}

public struct ArtifactStore {
  let session: Session
  private var connection: Connection { session.connection }

  /// - Throws: `StorageError.notFound` for a job or blob that is not there; `.alreadyExists`.
  @discardableResult
  public func create(job: String, name: String, dtype: String, shape: [Int], blob: BlobID) throws
    -> ArtifactRecord
  {
    _ = try session.jobs.get(job)
    guard try find(job: job, name: name) == nil else { throw StorageError.alreadyExists(.artifact, name) }
    let record = ArtifactRecord(
      job: job, name: name, dtype: dtype, shape: shape, blob: try session.blobs.get(blob),
      created: session.now)
    try connection.run(
      "INSERT INTO artifact (job, name, dtype, shape, blob, created) VALUES (?, ?, ?, ?, ?, ?)",
      job, name, dtype, shape.map(String.init).joined(separator: ","), blob.rawValue, record.created)
    return record
  }

  public func find(job: String, name: String) throws -> ArtifactRecord? {
    try connection.first("\(Self.select) WHERE job = ? AND name = ?", job, name, read: Self.record)
  }

  /// - Throws: `StorageError.notFound`.
  public func get(job: String, name: String) throws -> ArtifactRecord {
    guard let record = try find(job: job, name: name) else { throw StorageError.notFound(.artifact, name) }
    return record
  }

  /// The artifacts of a job, by name.
  public func list(job: String) throws -> [ArtifactRecord] {
    try connection.rows("\(Self.select) WHERE job = ? ORDER BY name", job, read: Self.record)
  }

  private static let select = """
    SELECT job, name, dtype, shape, artifact.created, blob.id, size, sha256
    FROM artifact JOIN blob ON blob.id = blob
    """

  private static func record(_ row: Row) throws -> ArtifactRecord {
    ArtifactRecord(
      job: row.string(0), name: row.string(1), dtype: row.string(2),
      shape: row.string(3).split(separator: ",").compactMap { Int($0) },
      blob: try BlobStore.record(row, at: 5),
      created: row.timestamp(4))
  }
}
