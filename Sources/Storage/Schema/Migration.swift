/// A step of the schema, from the version before it. Released steps never change. New steps are added at the
/// end.
package struct Migration: Sendable {
  package let version: Int
  package let name: String
  package let run: @Sendable (Connection) throws -> Void

  package init(version: Int, name: String, run: @escaping @Sendable (Connection) throws -> Void) {
    self.version = version
    self.name = name
    self.run = run
  }

  /// A step that is a script of SQL.
  package init(version: Int, name: String, sql: String) {
    self.init(version: version, name: name) { try $0.script(sql) }
  }

  /// Runs the steps that the file has not had yet. Each runs in a transaction together with its version
  /// number, so it is done or not done.
  ///
  /// - Throws: `StorageError.newerSchema` if the file has had steps that are not known here.
  package static func run(_ migrations: [Migration], on connection: Connection) throws {
    let found = try connection.first("PRAGMA user_version") { $0.int(0) } ?? 0
    let supported = migrations.last?.version ?? 0
    guard found <= supported else { throw StorageError.newerSchema(found: found, supported: supported) }
    for migration in migrations where migration.version > found {
      try connection.transaction {
        try migration.run(connection)
        try connection.script(
          "PRAGMA user_version=\(migration.version); PRAGMA application_id=\(Database.applicationID)")
      }
    }
  }
}
