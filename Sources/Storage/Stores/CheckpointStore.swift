import Formats

/// How a checkpoint came to be.
public struct CheckpointKind: RawRepresentable, Hashable, Sendable {
  public let rawValue: String

  public init(rawValue: String) {
    self.rawValue = rawValue
  }

  public static let initial = CheckpointKind(rawValue: "initial")
  public static let trained = CheckpointKind(rawValue: "trained")
  public static let uploaded = CheckpointKind(rawValue: "uploaded")
  public static let edited = CheckpointKind(rawValue: "edited")
  public static let retrained = CheckpointKind(rawValue: "retrained")
}

/// The weights of a model at one time. `metrics`, `training` (the recipe of trained weights) and `record`
/// (the edits of the training data since) are JSON. `training` and `record` are nil in lists of a model's
/// checkpoints. `job` and `parent` may name things that were deleted since.
public struct CheckpointRecord: Hashable, Sendable {
  public let id: String
  public let model: String
  public let kind: CheckpointKind
  public let job: String?
  public let parent: String?
  public let metrics: String
  public let training: String?
  public let record: String?
  public let blob: BlobRecord
  public let created: Timestamp
}

public struct NewCheckpoint: Sendable {
  public var model: String
  public var kind: CheckpointKind
  public var job: String?
  public var parent: String?
  public var metrics: String
  public var training: String?
  public var record: String?
  public var blob: BlobID
  /// An id from `Store.makeIdentifier`; nil takes a new one.
  public var id: String?

  public init(
    model: String, kind: CheckpointKind, job: String? = nil, parent: String? = nil, metrics: String = "{}",
    training: String? = nil, record: String? = nil, blob: BlobID, id: String? = nil
  ) {
    self.id = id
    self.model = model
    self.kind = kind
    self.job = job
    self.parent = parent
    self.metrics = metrics
    self.training = training
    self.record = record
    self.blob = blob
  }
}

public struct CheckpointStore {
  let session: Session
  private var connection: Connection { session.connection }

  /// - Throws: `StorageError.notFound` for a model or blob that is not there.
  @discardableResult
  public func create(_ new: NewCheckpoint) throws -> CheckpointRecord {
    _ = try session.models.get(new.model)
    let record = CheckpointRecord(
      id: new.id ?? session.identifiers.next(), model: new.model, kind: new.kind, job: new.job,
      parent: new.parent,
      metrics: new.metrics, training: new.training, record: new.record, blob: try session.blobs.get(new.blob),
      created: session.now)
    try connection.run(
      """
      INSERT INTO checkpoint (id, model, kind, job, parent, metrics, training, record, blob, created)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """,
      record.id, new.model, new.kind.rawValue, new.job, new.parent, new.metrics, new.training,
      new.record, new.blob.rawValue, record.created)
    return record
  }

  public func find(_ id: String) throws -> CheckpointRecord? {
    try connection.first("\(Self.select()) WHERE checkpoint.id = ?", id, read: Self.record)
  }

  /// - Throws: `StorageError.notFound`.
  public func get(_ id: String) throws -> CheckpointRecord {
    guard let record = try find(id) else { throw StorageError.notFound(.checkpoint, id) }
    return record
  }

  /// The checkpoints of a model that were made before the one with the id `after`, newest first. They come
  /// without recipes and records, which may be long.
  public func list(model: String, after: String? = nil, limit: Int) throws -> Page<CheckpointRecord> {
    let rows = try connection.rows(
      """
      \(Self.select(whole: false)) WHERE model = ?1 AND (?2 IS NULL OR checkpoint.id < ?2)
      ORDER BY checkpoint.id DESC LIMIT ?3
      """, model, after, limit + 1, read: Self.record)
    return Page(rows, limit: limit, id: \.id)
  }

  /// The checkpoints of a job, oldest first.
  public func list(job: String) throws -> [CheckpointRecord] {
    try connection.rows("\(Self.select()) WHERE job = ? ORDER BY checkpoint.id", job, read: Self.record)
  }

  /// The newest checkpoint of a model that is of one of these kinds; of any kind if none is given.
  public func latest(model: String, kinds: [CheckpointKind] = []) throws -> CheckpointRecord? {
    let condition = kinds.isEmpty ? "" : "AND kind IN (\(kinds.map { _ in "?" }.joined(separator: ", ")))"
    return try connection.first(
      "\(Self.select()) WHERE model = ? \(condition) ORDER BY checkpoint.id DESC LIMIT 1",
      binding: [model] + kinds.map(\.rawValue), read: Self.record)
  }

  /// The newest checkpoint of a model that has exactly these bytes.
  public func newest(model: String, sha256: SHA256.Digest) throws -> CheckpointRecord? {
    try connection.first(
      "\(Self.select()) WHERE model = ? AND sha256 = ? ORDER BY checkpoint.id DESC LIMIT 1", model,
      sha256.hexadecimal, read: Self.record)
  }

  /// - Throws: `StorageError.notFound`.
  public func update(_ id: String, metrics: String) throws {
    guard try connection.run("UPDATE checkpoint SET metrics = ? WHERE id = ?", metrics, id) == 1 else {
      throw StorageError.notFound(.checkpoint, id)
    }
  }

  /// - Throws: `StorageError.notFound`; `.inUse` while an unfinished job uses it.
  public func delete(_ id: String) throws {
    if let job = try session.jobs.unfinishedUser(of: .checkpoint, id) {
      throw StorageError.inUse(.checkpoint, id, by: "the job '\(job)'")
    }
    guard try connection.run("DELETE FROM checkpoint WHERE id = ?", id) == 1 else {
      throw StorageError.notFound(.checkpoint, id)
    }
  }

  /// Deletes the oldest edited checkpoints that were made before `time` and that no unfinished job uses, at
  /// most `limit` of them. Returns how many.
  public func deleteEdited(before time: Timestamp, limit: Int) throws -> Int {
    try connection.run(
      """
      DELETE FROM checkpoint WHERE id IN (
        SELECT id FROM checkpoint WHERE kind = 'edited' AND created < ? AND NOT EXISTS (
          SELECT 1 FROM job_use JOIN job ON job.id = job_use.job
          WHERE role = 'checkpoint' AND name = checkpoint.id AND state IN ('queued', 'running'))
        ORDER BY created LIMIT ?)
      """, time, limit)
  }

  private static func select(whole: Bool = true) -> String {
    """
    SELECT checkpoint.id, model, kind, job, parent, metrics, \(whole ? "training, record" : "NULL, NULL"),
      checkpoint.created, blob.id, size, sha256
    FROM checkpoint JOIN blob ON blob.id = blob
    """
  }

  private static func record(_ row: Row) throws -> CheckpointRecord {
    CheckpointRecord(
      id: row.string(0), model: row.string(1), kind: CheckpointKind(rawValue: row.string(2)),
      job: row.optionalString(3), parent: row.optionalString(4), metrics: row.string(5),
      training: row.optionalString(6), record: row.optionalString(7), blob: try BlobStore.record(row, at: 9),
      created: row.timestamp(8))
  }
}
