import Tensor

/// How a function is minimised.
public enum MinimizationMethod: Sendable, Hashable {
  /// Limited-memory BFGS (Liu and Nocedal 1989) with `history` pairs of a step and its change of gradient.
  case lbfgs(history: Int)
  /// Newton's method with exact Hessian products. Steps come from conjugate gradients, to the residual of
  /// Eisenstat and Walker (1996), or from a dense factorisation if there are few parameters.
  case newton

  /// The names that requests use.
  public enum Name: String, Sendable, CaseIterable { case lbfgs, newton }

  public var name: Name {
    switch self {
    case .lbfgs: .lbfgs
    case .newton: .newton
    }
  }

  public static let standardHistory = 20
}

/// When a minimisation ends, and when its end is a minimum.
public struct MinimizationOptions: Sendable, Equatable {
  public var method: MinimizationMethod
  /// ‖∇R‖₂ that must be reached; nil goes as far as rounding allows.
  public var gradientNorm: Double?
  /// ‖∇R‖₂ at which the minimisation may end. An end above it may still be a minimum.
  public var sufficientNorm: Double?
  /// At a minimum the function is expected to fall by at most this share of its value.
  public var decreaseShare = standardDecreaseShare
  public var iterationLimit: Int

  public static let standardDecreaseShare = 1e-10
  /// An end from which the function can fall by more than this share is no minimum, even if the requested
  /// gradient norm was reached.
  public static let coarseShare = 1e-3

  public init(_ method: MinimizationMethod, gradientNorm: Double? = nil, iterationLimit: Int) {
    self.method = method
    self.gradientNorm = gradientNorm
    self.iterationLimit = iterationLimit
  }
}

/// Why the end of a minimisation is not a minimum.
public enum MinimizationReason: String, Sendable, CaseIterable {
  case iterationLimit = "iteration_limit"
  /// Because of rounding no step makes the function or its gradient smaller.
  case stagnation
  /// The function, or its gradient, is infinite or NaN at the start.
  case nonFinite = "non_finite"
  /// The gradient is as small as requested, but the function can still fall by much.
  case coarseGradientNorm = "gradient_norm_too_large"
  /// The function bends down along some direction: a saddle.
  case negativeCurvature = "negative_curvature"
  /// The allowed products were not enough to find how much the function can still fall.
  case unresolvedCurvature = "unresolved_curvature"
  /// The function falls for ever while θ grows.
  case noMinimum = "no_minimum"
  /// The minimum was found, but weights of the model's precision cannot hold it.
  case precision
}

/// The course of a minimisation and the quality of its answer.
public struct MinimizationReport: Sendable, Equatable {
  public var iterations = 0
  /// Evaluations of the function with its gradient.
  public var evaluations = 0
  public var curvatureProducts = 0
  public var value = 0.0
  /// ‖∇R‖₂ at the answer.
  public var gradientNorm = 0.0
  /// The norm that ends the minimisation; 0 for as far as rounding allows.
  public var tolerance = 0.0
  /// How far the norm may fall, for estimates of progress: 64 roundings of the gradient's terms at the start.
  public var roundingFloor = 0.0
  /// ½gᵀH⁻¹g at the answer (the Newton decrement): the amount that the function can still fall by.
  public var expectedDecrease = 0.0
  /// The most that `expectedDecrease` may be at a minimum.
  public var decreaseTolerance = 0.0
  /// By how much the value rose when θ was rounded to the model's precision.
  public var roundingRise = 0.0
  /// The relative error of the value in the model's own arithmetic; nil if that is `Double`.
  public var arithmeticError: Double?
  public var converged = false
  /// The reason if the minimisation did not converge.
  public var reason: MinimizationReason?

  public init() {}
}
