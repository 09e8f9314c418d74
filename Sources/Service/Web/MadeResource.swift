import HTTP
import JSON
import Storage

/// A resource that a `POST` made. A repeated `POST` with the same key is answered with it again.
enum MadeResource: Equatable {
  case dataset(String)
  case model(String)
  case job(String)

  /// The resource's path. The store remembers the resource by it.
  var path: String {
    switch self {
    case .dataset(let name): "/v1/datasets/\(name)"
    case .model(let name): "/v1/models/\(name)"
    case .job(let id): "/v1/jobs/\(id)"
    }
  }

  /// Nil for a path that no `POST` makes.
  init?(path: String) {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 4, parts[0].isEmpty, parts[1] == "v1" else { return nil }
    switch parts[2] {
    case "datasets": self = .dataset(parts[3])
    case "models": self = .model(parts[3])
    case "jobs": self = .job(parts[3])
    default: return nil
    }
  }
}

extension Application {
  /// The JSON that `GET` of the resource's path gives.
  ///
  /// Throws `UnknownResource` if it was deleted.
  func representation(of made: MadeResource) throws -> [UInt8] {
    switch made {
    case .dataset(let name): JSONWriter.bytes(try representation(try dataset(name)))
    case .model(let name): JSONWriter.bytes(try modelRepresentation(name))
    case .job(let id): representationBytes(try job(id))
    }
  }
}
