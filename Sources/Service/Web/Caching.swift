import Formats
import HTTP

/// What may be kept of a route's answers (RFC 9111). Every route that answers a `GET` must choose one; the application
/// writes the fields, so that no handler does.
enum Caching: Sendable {
  /// What is so at this moment, such as the progress of a job; and answers to what changes something. `no-store`.
  case never
  /// What a name stands for now. The name may be deleted and given anew, or what it names may change, so a cache must ask
  /// again each time: `no-cache` with an entity tag, and 304 where nothing has changed.
  case latest
  /// Bytes of an id that is never given twice and whose bytes never change. `immutable`.
  case forever

  /// The field's value; nothing is for caches that several clients share.
  var control: String {
    switch self {
    case .never: "no-store"
    case .latest: "private, no-cache"
    case .forever: "private, max-age=31536000, immutable"
    }
  }

  /// Whether answers have an entity tag.
  var isValidated: Bool { self != .never }

  /// The answer as it is sent: with `Cache-Control`, an entity tag, and as 304 or 412 where the request's preconditions say
  /// so (RFC 9110 §13). A body that is in memory gets the SHA-256 of its bytes for a tag; one that is not brings its own and
  /// has looked at the preconditions.
  func applied(to response: Response, of request: Request) throws(Problem) -> Response {
    guard response.status.code < 400 else { return response }
    var response = response
    response.headers.set("Cache-Control", control)
    guard isValidated, response.status == .ok, case .bytes(let bytes) = response.body else { return response }
    let tag =
      response.headers.first(named: "ETag").flatMap { EntityTag(parsing: $0) }
      ?? EntityTag(SHA256.digest(of: bytes).hexadecimal)
    response.headers.set("ETag", tag.description)
    switch Precondition.evaluate(request, entityTag: tag) {
    case .proceed: return response
    case .failed: throw Problem(.preconditionFailed, "what is here now is not what If-Match names")
    case .notModified:
      var headers: Headers = [:]
      for name in ["ETag", "Cache-Control", "Vary"] {
        if let value = response.headers.first(named: name) { headers.set(name, value) }
      }
      return Response(.notModified, headers: headers)
    }
  }
}
