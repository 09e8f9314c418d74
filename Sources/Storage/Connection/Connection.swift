import CSQLite

/// A connection to a database file. One thread uses it at a time: `Database` ensures that.
///
/// Prepared statements are kept by their text. If a body runs the text of a statement that is running, it
/// gets a statement of its own.
public final class Connection {
  package let handle: OpaquePointer
  /// Whether `synchronous` is `FULL`; nil before it was set.
  var isSynchronous: Bool?
  private var statements: [String: Statement] = [:]

  /// A prepared statement, and whether it is running.
  private final class Statement {
    let handle: OpaquePointer
    var isRunning = false

    init(_ handle: OpaquePointer) {
      self.handle = handle
    }

    deinit {
      sqlite3_finalize(handle)
    }
  }

  /// - Throws: `DatabaseError`.
  init(path: String, flags: Int32, fileSystem: String? = nil) throws {
    var opened: OpaquePointer?
    let result = sqlite3_open_v2(
      path, &opened, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, fileSystem)
    guard let opened, result == SQLITE_OK else {
      let error = DatabaseError(connection: opened, result: result)
      sqlite3_close_v2(opened)
      throw error
    }
    handle = opened
  }

  deinit {
    statements = [:]
    sqlite3_close_v2(handle)
  }

  /// Runs one statement to its end, and returns how many rows it changed.
  @discardableResult
  public func run(_ sql: String, _ values: any Bindable...) throws -> Int {
    try run(sql, binding: values)
  }

  /// As above, with the values in an array.
  @discardableResult
  public func run(_ sql: String, binding values: [any Bindable]) throws -> Int {
    try withStatement(sql, values) { statement in
      while try step(statement, sql) {}
      return Int(sqlite3_changes64(handle))
    }
  }

  /// The rows of one statement, each mapped by `read`.
  public func rows<Value>(
    _ sql: String, _ values: any Bindable..., read: (Row) throws -> Value
  ) throws -> [Value] {
    try rows(sql, binding: values, read: read)
  }

  /// As above, with the values in an array.
  public func rows<Value>(
    _ sql: String, binding values: [any Bindable], read: (Row) throws -> Value
  ) throws -> [Value] {
    try withStatement(sql, values) { statement in
      var found: [Value] = []
      while try step(statement, sql) { found.append(try read(Row(statement: statement))) }
      return found
    }
  }

  /// The first row of one statement, or nil. The statement runs to its end, so a statement that writes has
  /// written.
  public func first<Value>(
    _ sql: String, _ values: any Bindable..., read: (Row) throws -> Value
  ) throws -> Value? {
    try first(sql, binding: values, read: read)
  }

  /// As above, with the values in an array.
  public func first<Value>(
    _ sql: String, binding values: [any Bindable], read: (Row) throws -> Value
  ) throws -> Value? {
    try withStatement(sql, values) { statement in
      guard try step(statement, sql) else { return nil }
      let value = try read(Row(statement: statement))
      while try step(statement, sql) {}
      return value
    }
  }

  /// Runs any number of statements without values.
  public func script(_ sql: String) throws {
    let result = sqlite3_exec(handle, sql, nil, nil, nil)
    guard result == SQLITE_OK else { throw DatabaseError(connection: handle, result: result, sql: sql) }
  }

  /// Runs `body` as a whole. All its changes are kept or, if it throws, none. Within another transaction it
  /// is a savepoint.
  public func transaction<Result>(_ body: () throws -> Result) throws -> Result {
    let nested = isInTransaction
    try run(nested ? "SAVEPOINT inner_transaction" : "BEGIN IMMEDIATE")
    let result: Result
    do {
      result = try body()
      try run(nested ? "RELEASE inner_transaction" : "COMMIT")
    } catch {
      // Some failures (a full disk) have ended the transaction already. Then nothing is to be rolled back.
      if isInTransaction { takeBack(nested: nested) }
      throw error
    }
    return result
  }

  /// Takes the changes of a failed transaction back. If a savepoint cannot be taken back, the whole
  /// transaction is: the outer commit must not keep the changes of a part that failed.
  private func takeBack(nested: Bool) {
    do {
      if nested {
        try run("ROLLBACK TO inner_transaction")
        try run("RELEASE inner_transaction")
        return
      }
    } catch {
      // The rollback below takes the inner changes back too.
    }
    _ = try? run("ROLLBACK")
  }

  public var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

  public var lastInsertedRow: Int64 { sqlite3_last_insert_rowid(handle) }

  private func withStatement<Result>(
    _ sql: String, _ values: [any Bindable], _ body: (OpaquePointer) throws -> Result
  ) throws -> Result {
    let prepared = try self.prepared(sql)
    let statement = prepared.handle
    prepared.isRunning = true
    defer {
      sqlite3_reset(statement)
      sqlite3_clear_bindings(statement)
      prepared.isRunning = false
    }
    precondition(
      sqlite3_bind_parameter_count(statement) == values.count,
      "The statement \"\(sql)\" must be given as many values as it has parameters, not \(values.count).")
    for (index, value) in values.enumerated() {
      let result = value.bind(to: statement, at: Int32(index + 1))
      guard result == SQLITE_OK else { throw DatabaseError(connection: handle, result: result, sql: sql) }
    }
    return try withExtendedLifetime(values) { try body(statement) }
  }

  private func prepared(_ sql: String) throws -> Statement {
    if let known = statements[sql], !known.isRunning { return known }
    let statement = Statement(try prepare(sql))
    if statements[sql] == nil { statements[sql] = statement }
    return statement
  }

  private func prepare(_ sql: String) throws -> OpaquePointer {
    var statement: OpaquePointer?
    let result = sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
    guard let statement, result == SQLITE_OK else {
      throw DatabaseError(connection: handle, result: result, sql: sql)
    }
    return statement
  }

  private func step(_ statement: OpaquePointer, _ sql: String) throws -> Bool {
    switch sqlite3_step(statement) {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    case let result: throw DatabaseError(connection: handle, result: result, sql: sql)
    }
  }
}
