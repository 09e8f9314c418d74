import Formats
import HTTP

/// The caching of a route's answers (RFC 9111). Every route that answers a `GET` must choose one. The
/// application writes the header fields, so no handler does.
enum Caching: Sendable {
  /// For momentary state, such as the progress of a job, and for answers to changes: `no-store`.
  case never
  /// For the present resource of a name. The name may later stand for another resource, or the resource may
  /// change. So a cache must ask each time: `no-cache` with an entity tag, and 304 if nothing has changed.
  case latest
  /// For the bytes of an id that is never reused and whose bytes never change: `immutable`.
  case forever

  /// The value of `Cache-Control`. No answer is for caches that several clients share.
  var control: String {
    switch self {
    case .never: "no-store"
    case .latest: "private, no-cache"
    case .forever: "private, max-age=31536000, immutable"
    }
  }

  /// Whether answers have an entity tag.
  var isValidated: Bool { self != .never }

  /// The answer as it is sent: with `Cache-Control` and an entity tag, or as 304 or 412 by the request's
  /// preconditions (RFC 9110 §13).
  ///
  /// The tag of a body in memory is the SHA-256 of its bytes. Another body brings its own tag and has checked
  /// the preconditions.
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
