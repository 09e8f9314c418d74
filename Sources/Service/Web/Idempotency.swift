import HTTP
import Storage

/// An earlier request with the same key made this.
struct Repeated: Error {
  let resource: String
}

extension Session {
  /// What a request with the same key and body made before.
  ///
  /// Throws `StorageError.idempotencyKeyReused`.
  func known(_ key: Call.IdempotencyKey?) throws -> String? {
    guard let key else { return nil }
    return try idempotency.find(key: key.key, body: key.body, earlier: key.bytes)?.resource
  }

  /// Remembers what a request made, in the transaction that makes it.
  func record(_ key: Call.IdempotencyKey?, status: Int, resource: String) throws {
    guard let key else { return }
    try idempotency.record(key: key.key, body: key.body, status: status, resource: resource)
  }
}

extension Application {
  /// The answer where a request with the same key was done before; asked before the body is looked at, since what it
  /// made may now be in its way.
  func known(_ key: Call.IdempotencyKey?) throws -> Response? {
    guard key != nil, let resource = try store.read({ try $0.known(key) }) else { return nil }
    return try repeated(resource)
  }

  /// The answer to a request that made `resource` before.
  ///
  /// Throws a `Problem` (409) where that was deleted since.
  func repeated(_ resource: String) throws -> Response {
    do {
      var response = try represent(resource)
      response.headers.set("Location", resource)
      return response
    } catch let error where Problem(error)?.status == .notFound {
      throw Problem(
        .conflict,
        "what this Idempotency-Key made, \(resource), was deleted; send another key to make it anew")
    }
  }
}
