/// A stored data set. `source` and `description` are JSON.
public struct DatasetRecord: Hashable, Sendable {
  public let id: String
  public let name: String
  public let state: DatasetState
  public let source: String
  public let description: String
  public let created: Timestamp
}

public enum DatasetState: String, Sendable, CaseIterable {
  /// Parts are missing. They come by upload or by a job.
  case incomplete
  case ready, failed
}

/// A stored array of a data set. `part` is `inputs` or `labels`, `split` is `train` or `test`, and `detail`
/// is JSON such as the shape of the array.
public struct DatasetPart: Hashable, Sendable {
  public let split: String
  public let part: String
  public let detail: String
  public let blob: BlobRecord
  public let created: Timestamp
}

/// The data sets, and the arrays of those that are stored here.
public struct DatasetStore {
  let session: Session
  private var connection: Connection { session.connection }
  private var rows: NamedRows<DatasetRecord> {
    NamedRows(
      connection: connection, entity: .dataset, table: "dataset", columns: Self.columns, read: Self.record)
  }

  /// - Throws: `StorageError.alreadyExists`.
  @discardableResult
  public func create(name: String, state: DatasetState, source: String, description: String) throws
    -> DatasetRecord
  {
    guard try find(name) == nil else { throw StorageError.alreadyExists(.dataset, name) }
    let record = DatasetRecord(
      id: session.identifiers.next(), name: name, state: state, source: source, description: description,
      created: session.now)
    try connection.run(
      "INSERT INTO dataset (id, name, state, source, description, created) VALUES (?, ?, ?, ?, ?, ?)",
      record.id, name, state.rawValue, source, description, record.created)
    return record
  }

  public func find(_ name: String) throws -> DatasetRecord? {
    try rows.find(name)
  }

  /// - Throws: `StorageError.notFound`.
  public func get(_ name: String) throws -> DatasetRecord {
    try rows.get(name)
  }

  /// The data sets that were made before the one with the id `after`, newest first.
  public func list(after: String? = nil, limit: Int) throws -> Page<DatasetRecord> {
    try rows.list(after: after, limit: limit, id: \.id)
  }

  /// Changes the members that are given.
  ///
  /// - Throws: `StorageError.notFound`.
  public func update(
    _ name: String, state: DatasetState? = nil, source: String? = nil, description: String? = nil
  ) throws {
    let changed = try connection.run(
      """
      UPDATE dataset SET state = coalesce(?, state), source = coalesce(?, source),
        description = coalesce(?, description)
      WHERE name = ?
      """, state?.rawValue, source, description, name)
    guard changed == 1 else { throw StorageError.notFound(.dataset, name) }
  }

  /// - Throws: `StorageError.notFound`; `.inUse` while a model or an unfinished job uses it.
  public func delete(_ name: String) throws {
    try checkUnused(name)
    guard try connection.run("DELETE FROM dataset WHERE name = ?", name) == 1 else {
      throw StorageError.notFound(.dataset, name)
    }
  }

  /// Stores an array, and replaces an earlier one.
  ///
  /// - Throws: `StorageError.notFound`; `.inUse` while a model or an unfinished job uses the data set.
  public func put(_ name: String, split: String, part: String, detail: String, blob: BlobID) throws {
    _ = try get(name)
    try checkUnused(name)
    try connection.run(
      """
      INSERT INTO dataset_part (dataset, split, part, detail, blob, created) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET detail = excluded.detail, blob = excluded.blob, created = excluded.created
      """, name, split, part, detail, blob.rawValue, session.now)
  }

  /// The stored arrays, by split and part.
  public func parts(of name: String) throws -> [DatasetPart] {
    try connection.rows(
      """
      SELECT split, part, detail, dataset_part.created, blob.id, size, sha256
      FROM dataset_part JOIN blob ON blob.id = blob WHERE dataset = ? ORDER BY split, part
      """, name
    ) { row in
      DatasetPart(
        split: row.string(0), part: row.string(1), detail: row.string(2),
        blob: try BlobStore.record(row, at: 4),
        created: row.timestamp(3))
    }
  }

  private func checkUnused(_ name: String) throws {
    let model = try connection.first("SELECT name FROM model WHERE dataset = ? LIMIT 1", name) {
      $0.string(0)
    }
    if let model { throw StorageError.inUse(.dataset, name, by: "the model '\(model)'") }
    if let job = try session.jobs.unfinishedUser(of: .dataset, name) {
      throw StorageError.inUse(.dataset, name, by: "the job '\(job)'")
    }
  }

  private static let columns = "id, name, state, source, description, created"

  private static func record(_ row: Row) throws -> DatasetRecord {
    DatasetRecord(
      id: row.string(0), name: row.string(1), state: try row.value(2), source: row.string(3),
      description: row.string(4), created: row.timestamp(5))
  }
}

extension Row {
  /// A column that holds the name of an enumeration's case.
  func value<Value: RawRepresentable<String>>(_ column: Int) throws -> Value {
    guard let value = Value(rawValue: string(column)) else {
      throw DatabaseError(code: .corrupt, message: "'\(string(column))' is not a \(Value.self)")
    }
    return value
  }
}
