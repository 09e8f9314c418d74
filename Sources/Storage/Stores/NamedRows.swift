/// The rows of a table that clients name themselves: data sets and models.
struct NamedRows<Record: Sendable> {
  let connection: Connection
  let entity: StorageError.Entity
  let table: String
  let columns: String
  let read: (Row) throws -> Record

  func find(_ name: String) throws -> Record? {
    try connection.first("SELECT \(columns) FROM \(table) WHERE name = ?", name, read: read)
  }

  /// - Throws: `StorageError.notFound`.
  func get(_ name: String) throws -> Record {
    guard let record = try find(name) else { throw StorageError.notFound(entity, name) }
    return record
  }

  /// The rows that were made before the one with the id `after`, newest first.
  func list(after: String?, limit: Int, id: (Record) -> String) throws -> Page<Record> {
    let rows = try connection.rows(
      "SELECT \(columns) FROM \(table) WHERE ?1 IS NULL OR id < ?1 ORDER BY id DESC LIMIT ?2", after,
      limit + 1, read: read)
    return Page(rows, limit: limit, id: id)
  }
}
