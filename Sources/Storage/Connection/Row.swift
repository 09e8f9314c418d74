import CSQLite

/// The present row of a statement, valid only while it is being read. Columns are counted from 0.
///
/// Reading follows SQLite's conversions: a NULL is 0, "" or no bytes unless the value is optional. The types
/// and NOT NULL of the schema keep that from happening.
public struct Row {
  let statement: OpaquePointer

  public func isNull(_ column: Int) -> Bool {
    sqlite3_column_type(statement, Int32(column)) == SQLITE_NULL
  }

  public func int64(_ column: Int) -> Int64 { sqlite3_column_int64(statement, Int32(column)) }

  public func int(_ column: Int) -> Int { Int(int64(column)) }

  public func bool(_ column: Int) -> Bool { int64(column) != 0 }

  public func double(_ column: Int) -> Double { sqlite3_column_double(statement, Int32(column)) }

  public func string(_ column: Int) -> String {
    guard let text = sqlite3_column_text(statement, Int32(column)) else { return "" }
    let count = Int(sqlite3_column_bytes(statement, Int32(column)))
    return String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self)
  }

  public func bytes(_ column: Int) -> [UInt8] { withBytes(column) { Array($0) } }

  /// Lends the bytes of a column without a copy.
  public func withBytes<Result>(_ column: Int, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows
    -> Result
  {
    let start = sqlite3_column_blob(statement, Int32(column))
    let count = Int(sqlite3_column_bytes(statement, Int32(column)))
    return try body(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count))
  }

  public func optionalInt64(_ column: Int) -> Int64? { isNull(column) ? nil : int64(column) }

  public func optionalString(_ column: Int) -> String? { isNull(column) ? nil : string(column) }
}
