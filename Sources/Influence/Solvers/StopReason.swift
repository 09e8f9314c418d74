/// Why a solve ended before its tolerance was met. Everything about a reason stands here.
public enum StopReason: String, Sendable, CaseIterable {
  /// The iterations allowed are used up.
  case iterationLimit = "iteration_limit"
  /// The operator is not positive definite. The answer is that of the step before.
  case negativeCurvature = "negative_curvature"
  /// No further step can make the residual smaller: rounding, or no exact solution exists.
  case stagnation
  /// The answer is made of the strongest eigenpairs only.
  case lowRank = "low_rank"
  /// The watcher of the path asked to stop.
  case observer

  /// Advice for the user, in the words of requests.
  public var advice: String {
    switch self {
    case .iterationLimit: "Allow more iterations or a larger tolerance."
    case .negativeCurvature: "Add damping, use hessian gauss_newton, or the solver lsmr or minres."
    case .stagnation: "Add damping, allow a larger tolerance, or compute in float64."
    case .lowRank: "Raise the rank, or choose complement solved."
    case .observer: ""
    }
  }

  /// Whether the reason tells something of the operator. Then a user must know the reason even if an earlier
  /// step of the path was chosen. Any other end of such a path counts as `iteration_limit`.
  public var isOfTheOperator: Bool {
    switch self {
    case .negativeCurvature: true
    case .iterationLimit, .stagnation, .lowRank, .observer: false
    }
  }
}
