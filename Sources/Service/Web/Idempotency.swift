import HTTP
import Storage

/// An earlier request with the same key, and the path of the resource that it made.
struct Repeated: Error {
  let path: String
}

extension Session {
  /// The earlier request with the same key and body.
  ///
  /// Throws `StorageError.idempotencyKeyReused`.
  func known(_ key: Call.IdempotencyKey?) throws -> Repeated? {
    guard let key else { return nil }
    return try idempotency.find(key: key.key, body: key.body, earlier: key.bytes)
      .map { Repeated(path: $0.resource) }
  }

  /// Remembers the resource of a request, in the transaction that makes the resource.
  func record(_ key: Call.IdempotencyKey?, status: Int, made: MadeResource) throws {
    guard let key else { return }
    try idempotency.record(key: key.key, body: key.body, status: status, resource: made.path)
  }
}

extension Application {
  /// The answer if a request with the same key was done before. The key is checked before the body, because
  /// the resource itself may now conflict with the body.
  func known(_ key: Call.IdempotencyKey?) throws -> Response? {
    guard key != nil, let earlier = try store.read({ try $0.known(key) }) else { return nil }
    return try repeated(earlier)
  }

  /// The answer to a repeated request: the resource as it is now.
  ///
  /// Throws a `Problem` (409) if the resource was deleted since.
  func repeated(_ earlier: Repeated) throws -> Response {
    do {
      guard let made = MadeResource(path: earlier.path) else {
        throw Problem(.notFound, "there is nothing at \(earlier.path)")
      }
      return .json(bytes: try representation(of: made), headers: ["Location": made.path])
    } catch let error where Problem(error)?.status == .notFound {
      throw Problem(
        .conflict,
        "what this Idempotency-Key made, \(earlier.path), was deleted; send another key to make it anew")
    }
  }
}
