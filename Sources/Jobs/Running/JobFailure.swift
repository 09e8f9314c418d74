import JSON

/// Why a job ended as `failed`: what went wrong, and what to change in the request.
public struct JobFailure: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Reason: String, Sendable, CaseIterable {
    /// A NaN or an infinity came up in training, in a solve or in a metric.
    case nonFinite = "non_finite"
    /// The solve did not converge and the request has `require_convergence`.
    case notConverged = "not_converged"
    /// A stored thing the job needs is gone or does not fit any more.
    case missing = "missing"
    /// What the request asks cannot be done with these data or this model.
    case unacceptable = "unacceptable"
    /// More memory or storage than the configuration allows, or the disk has.
    case outOfResources = "out_of_resources"
    /// Stored bytes are not what was written.
    case corrupt = "corrupt"
    /// Longer than the time limit of the configuration.
    case timeLimit = "time_limit"
    /// The process ended three times while the job ran.
    case crashed = "crashed"
    /// A fault of the service.
    case `internal` = "internal"
  }

  public var reason: Reason
  /// One sentence: what happened, with the value that was wrong.
  public var message: String
  /// One sentence: what would help. Empty if nothing is known.
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

/// Why a running job must leave off, thrown by `JobContext.throwIfInterrupted` and passed on by the run.
public enum JobInterruption: Error, Hashable, Sendable {
  /// A user cancelled the job: it ends as `cancelled` and what it wrote is taken back.
  case cancelled
  /// The service stops: the job is queued again and goes on from its resume state.
  case stopping
  /// The job ran longer than the configuration allows: it ends as `failed`.
  case timeLimit
}
