import Tensor

/// How a function is minimised.
public enum MinimizationMethod: Sendable, Hashable {
  /// Limited-memory BFGS (Liu and Nocedal 1989) with so many pairs.
  case lbfgs(history: Int)
  /// Newton's method with exact Hessian products: conjugate gradients to the forcing of Eisenstat and Walker
  /// 1996, or a dense factorisation for few parameters.
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
  /// The share of the function's value by which it may still be expected to fall at a minimum.
  public var decreaseShare = standardDecreaseShare
  public var iterationLimit: Int

  public static let standardDecreaseShare = 1e-10
  /// The share that is too much even if a requested gradient norm was reached.
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
  /// No step makes the function or its gradient smaller: rounding.
  case stagnation
  /// The function, or its gradient, is infinite or NaN at the start.
  case nonFinite = "non_finite"
  /// The gradient is as small as asked for, but the function can still fall by much.
  case coarseGradientNorm = "gradient_norm_too_large"
  /// The function bends down along some direction: a saddle.
  case negativeCurvature = "negative_curvature"
  /// How much the function can still fall could not be found within the products allowed.
  case unresolvedCurvature = "unresolved_curvature"
  /// The function falls for ever while θ grows.
  case noMinimum = "no_minimum"
  /// The minimum was found, but weights of the model's precision cannot hold it.
  case precision
}

/// The course of a minimisation and the quality of its answer.
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
  /// 64 roundings of the terms of the gradient at the start: how far the norm may fall, for estimates of
  /// progress.
  public var roundingFloor = 0.0
  /// ½gᵀH⁻¹g at the answer (the Newton decrement): the amount that the function can still fall by.
  public var expectedDecrease = 0.0
  /// The most that this may be at a minimum.
  public var decreaseTolerance = 0.0
  /// By how much the value rose when θ was rounded to the model's precision.
  public var roundingRise = 0.0
  /// The error of the value in the model's own arithmetic, as a share of it; nil if that is `Double`.
  public var arithmeticError: Double?
  public var converged = false
  /// Why not, if it did not.
  public var reason: MinimizationReason?

  public init() {}
}
