import Tensor

/// How a function is minimised.
public enum MinimizationMethod: Sendable, Equatable {
  /// Limited-memory BFGS (Liu and Nocedal 1989) with so many pairs.
  case lbfgs(history: Int)
  /// Newton's method with exact Hessian products: conjugate gradients to the forcing of Eisenstat and Walker 1996, or a
  /// dense factorisation for few parameters.
  case newton

  public static let standardHistory = 20
}

/// When a minimisation ends.
public struct MinimizationOptions: Sendable, Equatable {
  public var method: MinimizationMethod
  /// ‖∇R‖₂ aimed at; nil is as far as rounding allows.
  public var gradientNorm: Double?
  public var iterationLimit: Int

  public init(_ method: MinimizationMethod, gradientNorm: Double? = nil, iterationLimit: Int) {
    self.method = method
    self.gradientNorm = gradientNorm
    self.iterationLimit = iterationLimit
  }
}

/// Why a minimisation ended before its gradient was small enough.
public enum MinimizationReason: String, Sendable, CaseIterable {
  case iterationLimit = "iteration_limit"
  /// No step makes the function or its gradient smaller: rounding.
  case stagnation
  /// The function, or its gradient, is infinite or NaN where it began.
  case nonFinite = "non_finite"
}

/// What a minimisation did and how good its answer is.
public struct MinimizationReport: Sendable, Equatable {
  public var iterations = 0
  /// Of the function with its gradient.
  public var evaluations = 0
  public var curvatureProducts = 0
  public var value = 0.0
  /// ‖∇R‖₂ at the answer.
  public var gradientNorm = 0.0
  /// The norm aimed at; 0 for as far as rounding allows.
  public var tolerance = 0.0
  /// The norm that counts as reached where nothing was asked for: 64 roundings of what the gradient is summed of.
  public var roundingFloor = 0.0
  public var converged = false
  /// Why not, where not.
  public var reason: MinimizationReason?

  public init() {}
}
