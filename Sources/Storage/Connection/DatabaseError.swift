import CSQLite

/// A refusal of SQLite, with its own words and the statement.
public struct DatabaseError: Error, Equatable, Sendable, CustomStringConvertible {
  public let code: ResultCode
  public let message: String
  public let sql: String?

  public init(code: ResultCode, message: String, sql: String? = nil) {
    self.code = code
    self.message = message
    self.sql = sql
  }

  /// Whether the same call may succeed later: the disk is full, cannot be written for the moment, or the file
  /// is locked.
  public var mayPass: Bool {
    switch code {
    case ResultCode.full, ResultCode.inputOutput, ResultCode.readOnly, ResultCode.busy, ResultCode.cannotOpen,
      ResultCode.outOfMemory:
      true
    default: false
    }
  }

  /// The latest error of the connection. Ask for it before the connection does anything else.
  init(connection handle: OpaquePointer?, result: Int32, sql: String? = nil) {
    let extended = handle.map { sqlite3_extended_errcode($0) } ?? result
    // The connection's own code is finer, if it belongs to the same failure.
    code = ResultCode(rawValue: extended & 0xff == result & 0xff ? extended : result)
    message = handle.flatMap { sqlite3_errmsg($0) }.map { String(cString: $0) } ?? code.description
    self.sql = sql
  }

  public var description: String {
    "SQLite error \(code.rawValue): \(message)" + (sql.map { " in \"\($0)\"" } ?? "")
  }
}
