import JSON

/// Why a job ended as `failed`, and how to change the request.
public struct JobFailure: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Reason: String, Sendable, CaseIterable {
    /// Training, a solve or a metric gave a NaN or an infinity.
    case nonFinite = "non_finite"
    /// The solve did not converge and the request has `require_convergence`.
    case notConverged = "not_converged"
    /// A stored thing that the job needs is gone or does not fit any more.
    case missing = "missing"
    /// The request is impossible with these data or this model.
    case unacceptable = "unacceptable"
    /// The job needs more memory or storage than the configuration allows or the disk has.
    case outOfResources = "out_of_resources"
    /// Stored bytes differ from the written bytes.
    case corrupt = "corrupt"
    /// The job ran longer than its time limit.
    case timeLimit = "time_limit"
    /// The process ended three times while the job ran.
    case crashed = "crashed"
    /// A fault of the service.
    case `internal` = "internal"
  }

  public var reason: Reason
  /// One sentence: what happened, with the value that was wrong.
  public var message: String
  /// One sentence that tells how to avoid the failure. Empty if nothing is known.
  public var advice: String

  public init(_ reason: Reason, _ message: String, advice: String = "") {
    self.reason = reason
    self.message = message
    self.advice = advice
  }

  public var description: String { advice.isEmpty ? message : "\(message) \(advice)" }
}

/// A job's `error` member.
extension JobFailure {
  public var json: JSONValue {
    ["reason": .string(reason.rawValue), "message": .string(message), "advice": .string(advice)]
  }
}

/// Why a running job must stop. `JobContext.throwIfInterrupted` throws it and the run passes it on.
public enum JobInterruption: Error, Hashable, Sendable {
  /// A user cancelled the job. The job ends as `cancelled` and its outputs are deleted.
  case cancelled
  /// The service stops. The job is queued again and continues from its resume state.
  case stopping
  /// The job ran longer than its time limit. It ends as `failed`.
  case timeLimit
}
