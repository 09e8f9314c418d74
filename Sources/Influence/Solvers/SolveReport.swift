import Tensor

/// The course of a solve and the quality of its answer.
public struct SolveReport: Sendable, Equatable {
  public var solver: String
  /// Steps taken, over all restarts.
  public var iterations = 0
  /// The step of the path whose answer was taken, if a watcher chose one.
  public var chosenIteration: Int?
  /// Whether the true residual meets the tolerance. With the default tolerance of the precision, a residual
  /// at the rounding floor counts as met; with a tolerance that the caller chose it does not.
  public var converged = false
  /// The reason if the tolerance was not met.
  public var reason: StopReason?
  /// Recomputed from the answer at the end: ‖g − Hx‖/‖g‖, for least squares ‖Aᵀ(g − Ax) − δ²x‖/‖Aᵀg‖.
  public var relativeResidual = 1.0
  /// The residual after each step, by the recurrence.
  public var residualHistory: [Double] = []
  /// The tolerance on the relative residual that was aimed at.
  public var tolerance: Double
  /// An estimate of the residual that rounding in this precision leaves in the best case.
  public var roundingFloor = 0.0
  /// A residual at the rounding floor counts as met only up to this floor. Above it the answer of a nearly
  /// singular system is all rounding.
  public static let largestFloor = 1e-3
  /// δ.
  public var damping: Double
  /// c of the series solvers.
  public var scale: Double?
  /// Products with the operator, with those that measure c and the residual. A product with AᵀA counts as
  /// two.
  public var curvatureProducts = 0
  /// How many eigenpairs or singular values the answer is made of, for `direct` and `arnoldi`.
  public var rank: Int?
  /// Eigenvalues below zero, for `direct` and `arnoldi`.
  public var negativeEigenvalues: Int?

  public init(solver: String, tolerance: Double, damping: Double = 0) {
    self.solver = solver
    self.tolerance = tolerance
    self.damping = damping
  }
}

extension SolveReport {
  /// Whether a true residual is as small as asked for.
  /// - Parameter isStrict: whether the caller chose the tolerance; then a rounding floor is no excuse.
  func meets(_ residual: Double, isStrict: Bool) -> Bool {
    residual <= tolerance || (!isStrict && residual <= min(roundingFloor, Self.largestFloor))
  }
}

/// An answer and its report.
public struct Solution<Element: Scalar>: Sendable {
  public var x: [Element]
  public var report: SolveReport

  public init(x: [Element], report: SolveReport) {
    self.x = x
    self.report = report
  }
}

/// The progress of a solve.
public struct SolveProgress: Sendable, Equatable {
  /// Steps done, from 1.
  public var iteration: Int
  /// Steps allowed.
  public var limit: Int
  /// The relative residual as the recurrence has it.
  public var relativeResidual: Double
}

/// The decision of the watcher of a solution path.
public enum PathDecision: Sendable {
  case proceed
  /// End the solve with the present iterate.
  case stop
}

/// How a caller watches a solve: progress and cancellation, and the iterates themselves.
///
/// The answers after few steps follow the strong curvature alone, as with regularisation. So a caller may
/// evaluate the answers step by step.
public struct SolveMonitor<Element: Scalar> {
  /// Called after every step; an error that it throws ends the solve.
  public var progress: ((SolveProgress) throws -> Void)?
  /// Called after every step with its number, from 1, and the answer so far.
  public var observe: ((Int, [Element]) throws -> PathDecision)?

  public init(
    progress: ((SolveProgress) throws -> Void)? = nil,
    observe: ((Int, [Element]) throws -> PathDecision)? = nil
  ) {
    self.progress = progress
    self.observe = observe
  }
}
