import Formats

/// What a request with an idempotency key was answered with.
public struct IdempotencyRecord: Hashable, Sendable {
  public let key: String
  public let status: Int
  /// Where the resource is that it made, such as `/v1/jobs/…`.
  public let resource: String
  public let expires: Timestamp
}

/// Remembers, for a time, which requests with an `Idempotency-Key` were done. To be used in the transaction
/// that does what the request asks: `find` first, then the work, then `record`; of two same requests at once
/// the second then finds the first.
public struct IdempotencyStore {
  let session: Session
  private var connection: Connection { session.connection }

  /// The answer given before, nil for a new key or one that has expired.
  ///
  /// - Parameters:
  ///   - key: the client's key, with what tells routes apart.
  ///   - body: the digest of the request's body.
  ///   - earlier: the digest by which an earlier version of the program has stored the same body, if it was another one.
  /// - Throws: `StorageError.idempotencyKeyReused` where the key came with another body.
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

  /// Returns how many went.
  @discardableResult
  public func removeExpired() throws -> Int {
    try connection.run("DELETE FROM idempotency WHERE expires <= ?", session.now)
  }
}
