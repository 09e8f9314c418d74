import Formats

/// The answer to a request with an idempotency key.
public struct IdempotencyRecord: Hashable, Sendable {
  public let key: String
  public let status: Int
  /// The address of the resource that it made, such as `/v1/jobs/…`.
  public let resource: String
  public let expires: Timestamp
}

/// Remembers, for a time, the requests with an `Idempotency-Key` that were done. Use it in the transaction of
/// the request: `find` first, then the work, then `record`. Of two equal requests at once the second then
/// finds the first.
public struct IdempotencyStore {
  let session: Session
  private var connection: Connection { session.connection }

  /// The answer that was given before; nil for a new or expired key.
  ///
  /// - Parameters:
  ///   - key: the client's key, with the name of the route.
  ///   - body: the digest of the request's body.
  ///   - earlier: the digest of the same body by an earlier version of the program, if it was another.
  /// - Throws: `StorageError.idempotencyKeyReused` if the key came with another body.
  public func find(
    key: String, body: SHA256.Digest, earlier: SHA256.Digest? = nil
  ) throws -> IdempotencyRecord? {
    let found = try connection.first(
      "SELECT status, resource, expires, fingerprint FROM idempotency WHERE key = ? AND expires > ?", key,
      session.now
    ) { row in
      (
        IdempotencyRecord(key: key, status: row.int(0), resource: row.string(1), expires: row.timestamp(2)),
        row.string(3)
      )
    }
    guard let (record, fingerprint) = found else { return nil }
    guard fingerprint == body.hexadecimal || fingerprint == earlier?.hexadecimal else {
      throw StorageError.idempotencyKeyReused(key)
    }
    return record
  }

  public func record(
    key: String, body: SHA256.Digest, status: Int, resource: String, lifetimeSeconds: Double = 86400
  ) throws {
    try connection.run(
      """
      INSERT INTO idempotency (key, fingerprint, status, resource, expires) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET fingerprint = excluded.fingerprint, status = excluded.status,
        resource = excluded.resource, expires = excluded.expires
      """, key, body.hexadecimal, status, resource, session.now.advanced(bySeconds: lifetimeSeconds))
  }

  /// Removes expired keys. Returns how many.
  @discardableResult
  public func removeExpired() throws -> Int {
    try connection.run("DELETE FROM idempotency WHERE expires <= ?", session.now)
  }
}
