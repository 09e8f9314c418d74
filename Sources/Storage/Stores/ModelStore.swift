/// A stored model: its description in JSON, and its data set. Its weights are checkpoints.
public struct ModelRecord: Hashable, Sendable {
  public let id: String
  public let name: String
  public let dataset: String
  public let description: String
  public let created: Timestamp
}

public struct ModelStore {
  let session: Session
  private var connection: Connection { session.connection }
  private var rows: NamedRows<ModelRecord> {
    NamedRows(
      connection: connection, entity: .model, table: "model", columns: Self.columns, read: Self.record)
  }

  /// - Throws: `StorageError.alreadyExists`; `.notFound` for a data set that is not there.
  @discardableResult
  public func create(name: String, dataset: String, description: String) throws -> ModelRecord {
    guard try find(name) == nil else { throw StorageError.alreadyExists(.model, name) }
    _ = try session.datasets.get(dataset)
    let record = ModelRecord(
      id: session.identifiers.next(), name: name, dataset: dataset, description: description,
      created: session.now)
    try connection.run(
      "INSERT INTO model (id, name, dataset, description, created) VALUES (?, ?, ?, ?, ?)",
      record.id, name, dataset, description, record.created)
    return record
  }

  public func find(_ name: String) throws -> ModelRecord? {
    try rows.find(name)
  }

  /// - Throws: `StorageError.notFound`.
  public func get(_ name: String) throws -> ModelRecord {
    try rows.get(name)
  }

  /// The models that were made before the one with the id `after`, newest first.
  public func list(after: String? = nil, limit: Int) throws -> Page<ModelRecord> {
    try rows.list(after: after, limit: limit, id: \.id)
  }

  /// - Throws: `StorageError.notFound`.
  public func update(_ name: String, description: String) throws {
    guard try connection.run("UPDATE model SET description = ? WHERE name = ?", description, name) == 1 else {
      throw StorageError.notFound(.model, name)
    }
  }

  /// Deletes the model with its checkpoints.
  ///
  /// - Throws: `StorageError.notFound`; `.inUse` while an unfinished job uses it.
  public func delete(_ name: String) throws {
    _ = try get(name)
    if let job = try session.jobs.unfinishedUser(of: .model, name) {
      throw StorageError.inUse(.model, name, by: "the job '\(job)'")
    }
    try connection.run("DELETE FROM model WHERE name = ?", name)
  }

  private static let columns = "id, name, dataset, description, created"

  private static func record(_ row: Row) -> ModelRecord {
    ModelRecord(
      id: row.string(0), name: row.string(1), dataset: row.string(2), description: row.string(3),
      created: row.timestamp(4))
  }
}
