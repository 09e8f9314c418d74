import Formats

/// Refusals of the stores. Each says what would be right.
public enum StorageError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The kind of thing that a name or id belongs to.
  public enum Entity: String, Sendable {
    case dataset = "data set"
    case model, checkpoint, job, artifact, blob, stage
  }

  case alreadyExists(Entity, String)
  case notFound(Entity, String)
  case inUse(Entity, String, by: String)
  /// The job is not in a state that allows the step.
  case wrongState(job: String, state: JobState, expected: String)
  case queueFull(limit: Int)
  /// The key was used with another body.
  case idempotencyKeyReused(String)
  case corruptBlob(BlobID, detail: String)
  case newerSchema(found: Int, supported: Int)
  case foreignDatabase(path: String)
  case notADatabase(path: String, detail: String)
  case readOnly(path: String)
  case cannotOpen(path: String, detail: String)
  case alreadyOpen(path: String)
  case fileExists(path: String)
  case fileFailure(path: String, detail: String)
  case closed

  public var description: String {
    switch self {
    case .alreadyExists(let entity, let name): "the \(entity.rawValue) '\(name)' exists already"
    case .notFound(let entity, let name): "there is no \(entity.rawValue) '\(name)'"
    case .inUse(let entity, let name, let user): "the \(entity.rawValue) '\(name)' is in use by \(user)"
    case .wrongState(let job, let state, let expected):
      "the job '\(job)' is \(state.rawValue); it must be \(expected)"
    case .queueFull(let limit): "\(limit) jobs are queued already, as many as are allowed; try again later"
    case .idempotencyKeyReused(let key):
      "the idempotency key '\(key)' was used with another body; use a new key for a new request"
    case .corruptBlob(let id, let detail):
      "stored blob \(id.rawValue) is damaged: \(detail); restore it from a backup, or make it anew"
    case .newerSchema(let found, let supported):
      "the database has version \(found); this program knows versions up to \(supported): use a newer program"
    case .foreignDatabase(let path): "\(path) is an SQLite database of another program; name another file"
    case .notADatabase(let path, let detail): "\(path) is not a usable SQLite database: \(detail)"
    case .readOnly(let path): "\(path) cannot be written; check the permissions of the file and its directory"
    case .cannotOpen(let path, let detail): "\(path) cannot be opened: \(detail)"
    case .alreadyOpen(let path): "\(path) is open in another process; only one may serve it"
    case .fileExists(let path): "\(path) exists already; name a new file"
    case .fileFailure(let path, let detail): "\(path): \(detail)"
    case .closed: "the database is closed"
    }
  }
}
