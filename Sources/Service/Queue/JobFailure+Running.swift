import Datasets
import Formats
import Influence
import JSON
import Jobs
import Storage

extension JobFailure {
  /// The failure that a user sees for an error of a run.
  init(running error: any Error) {
    switch error {
    case let failure as JobFailure: self = failure
    case let rejection as RequestRejection:
      self.init(.unacceptable, "The request no longer fits: \(rejection).")
    case let unknown as UnknownResource: self.init(.missing, "By now \(unknown).")
    case let taken as NameTaken:
      self.init(.unacceptable, "By now \(taken).", advice: "Post it with another name.")
    case let database as DatabaseError where ResultCode.full ~= database.code:
      self.init(.outOfResources, "The disk is full.", advice: "Free space and post the job again.")
    case let storage as StorageError:
      switch storage {
      case .corruptBlob:
        self.init(.corrupt, "\(storage).", advice: "Use another checkpoint, or restore a backup.")
      case .notFound(let entity, let name):
        self.init(.missing, "There is no \(entity.rawValue) \(name) any more.")
      case .alreadyExists(let entity, let name):
        self.init(
          .unacceptable, "A \(entity.rawValue) named \(name) exists by now.",
          advice: "Post it with another name.")
      default: self.init(.internal, "The store refused an output: \(storage).")
      }
    case let error as DatasetError: self.init(.missing, "The data set cannot be used: \(error).")
    case let error as SolveError: self.init(.unacceptable, "\(error).")
    case let error as SafetensorsError: self.init(.corrupt, "The weights cannot be read: \(error).")
    default:
      // The words of the error may name files or statements, so they go to the log.
      self.init(
        .internal, "A fault inside the service ended the job.",
        advice: "If the same request fails again, the log of the service says more.")
    }
  }
}
