import Tensor

/// Minimises a function step by step, until its gradient is as small as requested or rounding ends the
/// search. A minimisation can be interrupted after any step, and later go on with the same bits.
///
/// The last point is a minimum if the decrease that the curvature predicts there, ½gᵀH⁻¹g, is small beside
/// the value.
public final class Minimizer<Problem: Objective> {
  public let options: MinimizationOptions
  /// The present point; after the end the answer.
  public private(set) var theta: [Double]
  /// On the present point. It is complete after the end.
  public private(set) var report: MinimizationReport
  public private(set) var isDone = false
  /// The Newton step at the answer; nil before the end, and if there is no answer.
  public private(set) var lastStep: [Double]?

  private let problem: Problem
  private var present: ObjectiveValue
  private var history: QuasiNewtonHistory
  /// The norm of ∇R one step before. This norm and the following ones are those of P⁻¹: √(gᵀP⁻¹g).
  private var previousNorm: Double?
  /// The smallest value so far.
  private var lowest: Double
  /// The number of flat steps in a row. A flat step lowers the value by no more than its resolution, and
  /// leaves a gradient that is not a tenth below `flatNorm`.
  private var flatSteps = 0
  /// The smallest gradient after the last step that was not flat. So many small gains add up to a large one.
  private var flatNorm: Double
  /// The point of the smallest gradient since the values no longer fall.
  private var best: (theta: [Double], norm: Double)

  /// - Parameter memory: the state of an earlier minimisation of the same function, which then goes on.
  ///   `start` is not used then.
  /// - Precondition: vectors have the function's dimension.
  public init(
    _ problem: Problem, from start: [Double], options: MinimizationOptions, memory: MinimizerMemory? = nil
  ) throws {
    self.problem = problem
    self.options = options
    theta = memory?.theta ?? start
    precondition(theta.count == problem.dimension, "A point has the dimension of the function.")
    report = MinimizationReport()
    report.tolerance = options.gradientNorm ?? 0
    let limit =
      if case .lbfgs(let history) = options.method { max(1, history) } else { 0 }
    history = QuasiNewtonHistory(limit: limit)
    present = try problem.evaluate(theta)
    best = (theta, 0)
    flatNorm = 0
    lowest = present.value
    best.norm = norm(present.gradient)
    flatNorm = best.norm
    if let memory {
      for (step, change) in zip(memory.steps, memory.changes) { history.append(step: step, change: change) }
      report.iterations = memory.iterations
      report.evaluations = memory.evaluations
      report.curvatureProducts = memory.curvatureProducts
      report.roundingFloor = memory.roundingFloor
      previousNorm = memory.previousNorm
      flatSteps = memory.flatSteps
      flatNorm = memory.flatNorm
      best = (memory.best, memory.bestNorm)
      lowest = memory.lowest
    } else {
      report.evaluations = 1
      report.roundingFloor = try roundingFloor(theta)
    }
    try settle()
  }

  /// The state that a later minimiser needs to go on with the same bits.
  public var memory: MinimizerMemory {
    MinimizerMemory(
      theta: theta, best: best.theta, steps: history.pairs.map(\.step), changes: history.pairs.map(\.change),
      iterations: report.iterations, evaluations: report.evaluations,
      curvatureProducts: report.curvatureProducts, flatSteps: flatSteps, flatNorm: flatNorm,
      roundingFloor: report.roundingFloor, lowest: lowest, bestNorm: best.norm, previousNorm: previousNorm)
  }

  /// Makes steps until the end is reached.
  /// - Parameter progress: called after every step; an error that it throws ends the minimisation.
  public func run(progress: (MinimizationReport) throws -> Void = { _ in }) throws -> MinimizationReport {
    while !isDone {
      try step()
      try progress(report)
    }
    return report
  }

  /// Ends the minimisation at the present point, which is no minimum.
  public func stop(_ reason: MinimizationReason) {
    report.reason = reason
    isDone = true
  }

  /// Makes one step, unless the end is reached.
  /// - Throws: the errors of the function, and `SolveError.nonFinite` of its curvature.
  public func step() throws {
    if isDone { return }
    let direction = try direction()
    let slope = present.gradient.dot(direction)
    guard slope < 0, slope.isFinite else { return try retry() }
    let search = LineSearch(
      problem: problem, origin: theta, start: present, direction: direction, slope: slope,
      acceptsSmallerGradients: options.method == .newton)
    let (found, evaluations) = try search.run(first: firstStep)
    report.evaluations += evaluations
    guard let found else { return try retry() }

    if case .lbfgs = options.method {
      var step = found.theta
      step.add(-1, times: theta)
      var change = found.value.gradient
      change.add(-1, times: present.gradient)
      history.append(step: step, change: change)
    }
    previousNorm = norm(present.gradient)
    theta = found.theta
    present = found.value
    report.iterations += 1
    note()
    try settle()
  }

  /// √(gᵀP⁻¹g). In this norm columns of very different sizes count alike.
  private func norm(_ gradient: [Double]) -> Double {
    max(0, gradient.dot(problem.preconditioned(gradient))).squareRoot()
  }

  private func direction() throws -> [Double] {
    switch options.method {
    case .lbfgs: return history.direction(present.gradient) { problem.preconditioned($0) }
    case .newton:
      let step = try NewtonDirection(
        problem, try problem.curvature(theta), gradient: present.gradient,
        forcing: forcing(norm(present.gradient)), keepsFlat: problem.leastCurvature > 0)
      report.curvatureProducts += step.products
      return step.direction
    }
  }

  /// Eisenstat and Walker 1996, choice 2 with γ = 0.9 and α = 2.
  private func forcing(_ norm: Double) -> Double {
    guard let previousNorm else { return 0.1 }
    let ratio = norm / previousNorm
    return min(max(0.9 * ratio * ratio, 8 * unitRoundoff(Double.self)), 0.1)
  }

  /// If P has about the size of the Hessian, a step of 1 is about right. The length of a plain gradient says
  /// nothing about the right step.
  private var firstStep: Double {
    guard case .lbfgs = options.method, history.pairs.isEmpty, problem.preconditionerDiagonal == nil else {
      return 1
    }
    return min(1, 1 / present.gradient.norm)
  }

  /// If no step was found, tries once more without the history, and then ends.
  private func retry() throws {
    if history.pairs.isEmpty {
      try end(.stagnation)
    } else {
      history.forget()
    }
  }

  private func roundingFloor(_ theta: [Double]) throws -> Double {
    64 * unitRoundoff(Double.self) * (try problem.gradientScale(theta))
  }

  /// Whether the flat steps in a row are so many that the minimisation ends. L-BFGS is allowed more of them
  /// than Newton's method, because its gradient goes up and down on the way.
  private func isFlat() throws -> Bool {
    switch options.method {
    case .newton: return flatSteps >= 4
    case .lbfgs:
      if flatSteps < 6 { return false }
      if flatSteps >= 40 { return true }
      if flatSteps % 6 != 0 { return false }
      return try present.gradient.norm <= roundingFloor(theta)
    }
  }

  private func note() {
    let norm = norm(present.gradient)
    let hasFallen = present.value < lowest - present.resolution
    lowest = min(lowest, present.value)
    if hasFallen || norm < best.norm { best = (theta, norm) }
    if hasFallen || norm < 0.9 * flatNorm {
      flatSteps = 0
      flatNorm = best.norm
    } else {
      flatSteps += 1
    }
  }

  /// Ends the minimisation if the end is reached.
  private func settle() throws {
    report.value = present.value
    report.gradientNorm = problem.gradientNorm(present.gradient)
    guard present.isFinite else {
      report.reason = .nonFinite
      isDone = true
      return
    }
    let goal = max(report.tolerance, options.sufficientNorm ?? 0)
    if report.gradientNorm <= goal || report.gradientNorm == 0 {
      try end(nil)
    } else if try isFlat() {
      try end(.stagnation)
    } else if report.iterations >= options.iterationLimit {
      try end(.iterationLimit)
    }
  }

  /// - Parameter reason: why no further step is made; nil if the gradient is as small as requested.
  private func end(_ reason: MinimizationReason?) throws {
    isDone = true
    if reason != nil, best.norm < norm(present.gradient) {
      theta = best.theta
      present = try problem.evaluate(theta)
      report.evaluations += 1
      report.value = present.value
      report.gradientNorm = problem.gradientNorm(present.gradient)
    }
    let scale = problem.decreaseScale(present)
    report.decreaseTolerance = options.decreaseShare * scale
    let last = try NewtonDirection(
      problem, try problem.curvature(theta), gradient: present.gradient, forcing: 0.1,
      enough: report.decreaseTolerance, keepsFlat: true)
    report.curvatureProducts += last.products
    report.expectedDecrease = last.decrease
    lastStep = last.direction
    report.reason = judge(last, reason, scale)
    report.converged = report.reason == nil
  }

  /// Why the answer is no minimum; nil if it is one.
  private func judge(
    _ last: NewtonDirection, _ reason: MinimizationReason?, _ scale: Double
  ) -> MinimizationReason? {
    if report.gradientNorm == 0, !last.bendsDown { return nil }
    if let wanted = options.gradientNorm {
      guard report.gradientNorm <= wanted else { return reason ?? .stagnation }
      if last.bendsDown { return .negativeCurvature }
      let isCoarse = last.decrease > MinimizationOptions.coarseShare * scale
      return last.isResolved && isCoarse ? .coarseGradientNorm : nil
    }
    if last.decrease <= report.decreaseTolerance, !last.bendsDown {
      return last.isResolved ? nil : .unresolvedCurvature
    }
    if let reason { return reason }
    return last.bendsDown ? .negativeCurvature : .stagnation
  }
}

/// A minimisation after a step.
public struct MinimizerMemory: Sendable, Equatable {
  public var theta: [Double]
  public var best: [Double]
  /// Pairs of L-BFGS, oldest first.
  public var steps: [[Double]]
  public var changes: [[Double]]
  public var iterations: Int
  public var evaluations: Int
  public var curvatureProducts: Int
  public var flatSteps: Int
  public var flatNorm: Double
  public var roundingFloor: Double
  public var lowest: Double
  public var bestNorm: Double
  public var previousNorm: Double?

  public init(
    theta: [Double], best: [Double], steps: [[Double]], changes: [[Double]], iterations: Int,
    evaluations: Int, curvatureProducts: Int, flatSteps: Int, flatNorm: Double, roundingFloor: Double,
    lowest: Double, bestNorm: Double, previousNorm: Double?
  ) {
    self.theta = theta
    self.best = best
    self.steps = steps
    self.changes = changes
    self.iterations = iterations
    self.evaluations = evaluations
    self.curvatureProducts = curvatureProducts
    self.flatSteps = flatSteps
    self.flatNorm = flatNorm
    self.roundingFloor = roundingFloor
    self.lowest = lowest
    self.bestNorm = bestNorm
    self.previousNorm = previousNorm
  }
}
