import JSON

/// What becomes of an answer whose solve is not exact: the member `require_convergence` of jobs that rank samples.
public enum ConvergenceDemand: Hashable, Sendable {
  /// The default: the job fails where a relative residual is above `largestResidual`, for such an answer is no ranking.
  case reliable
  /// `true`: the job fails where a solve misses its tolerance.
  case tolerance
  /// `false`: every answer is given; those above `largestResidual` are marked.
  case none

  /// The largest relative residual ‖g − (H + δI)x‖/‖g‖ of an answer that is given as a ranking.
  public static let largestResidual = 0.1

  static func read(_ reader: FieldReader) -> ConvergenceDemand {
    guard reader.has("require_convergence") else { return .reliable }
    return reader.flag("require_convergence", default: true) ? .tolerance : .none
  }

  var json: JSONValue {
    switch self {
    case .reliable: .null
    case .tolerance: true
    case .none: false
    }
  }
}
