import Tensor

/// Minimises a function, a step at a time, until its gradient is as small as asked for or rounding ends it. What it does
/// depends on the function and the start alone, and it can be taken up after any step with the same bits.
public final class Minimizer<Problem: Objective> {
  public typealias Element = Problem.Element

  public let options: MinimizationOptions
  /// The present point; after the end the answer.
  public private(set) var theta: [Element]
  /// As of the present point; complete after the end.
  public private(set) var report: MinimizationReport
  public private(set) var isDone = false

  private let problem: Problem
  private var present: ObjectiveValue<Element>
  private var history: QuasiNewtonHistory<Element>
  /// ‖∇R‖ one step before.
  private var previousNorm: Double?
  /// The smallest value so far.
  private var lowest: Double
  /// Steps in a row that neither lowered that by more than its resolution nor left a gradient a tenth below `flatNorm`.
  private var flatSteps = 0
  /// The smallest gradient when the last step that was not flat was made: many small gains are one large one.
  private var flatNorm: Double
  /// The point of the smallest gradient since values stopped to fall.
  private var best: (theta: [Element], norm: Double, value: Double)

  /// - Parameter memory: of an earlier minimisation of the same function to go on with, in place of `start`.
  /// - Precondition: vectors have the function's dimension.
  public init(
    _ problem: Problem, from start: [Element], options: MinimizationOptions,
    memory: MinimizerMemory<Element>? = nil
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
    best = (theta, present.gradient.norm, present.value)
    flatNorm = best.norm
    lowest = present.value
    if let memory {
      for (step, change) in zip(memory.steps, memory.changes) { history.append(step: step, change: change) }
      report.iterations = memory.iterations
      report.evaluations = memory.evaluations
      report.curvatureProducts = memory.curvatureProducts
      report.roundingFloor = memory.roundingFloor
      previousNorm = memory.previousNorm
      flatSteps = memory.flatSteps
      flatNorm = memory.flatNorm
      best = (memory.best, memory.bestNorm, memory.bestValue)
      lowest = memory.lowest
    } else {
      report.evaluations = 1
      report.roundingFloor = 64 * unitRoundoff(Element.self) * (try problem.gradientScale(theta))
    }
    settle()
  }

  /// What a later minimiser needs to go on with the same bits.
  public var memory: MinimizerMemory<Element> {
    MinimizerMemory(
      theta: theta, best: best.theta, steps: history.pairs.map(\.step), changes: history.pairs.map(\.change),
      iterations: report.iterations, evaluations: report.evaluations,
      curvatureProducts: report.curvatureProducts, flatSteps: flatSteps, flatNorm: flatNorm,
      roundingFloor: report.roundingFloor,
      lowest: lowest, bestNorm: best.norm, bestValue: best.value,
      previousNorm: previousNorm)
  }

  /// Steps to the end.
  /// - Parameter progress: called after every step; what it throws ends the minimisation.
  public func run(progress: (MinimizationReport) throws -> Void = { _ in }) throws -> MinimizationReport {
    while !isDone {
      try step()
      try progress(report)
    }
    return report
  }

  /// Makes one step, unless the end is reached.
  /// - Throws: what the function throws, and `SolveError.nonFinite` of its curvature.
  public func step() throws {
    if isDone { return }
    let direction = try direction()
    let slope = present.gradient.dot(direction)
    guard slope < 0, slope.isFinite else { return retry() }
    let search = LineSearch(
      problem: problem, origin: theta, start: present, direction: direction, slope: slope,
      acceptsSmallerGradients: options.method == .newton)
    let (found, evaluations) = try search.run(first: firstStep)
    report.evaluations += evaluations
    guard let found else { return retry() }

    if case .lbfgs = options.method {
      var step = found.theta
      step.add(-1, times: theta)
      var change = found.value.gradient
      change.add(-1, times: present.gradient)
      history.append(step: step, change: change)
    }
    previousNorm = present.gradient.norm
    theta = found.theta
    present = found.value
    report.iterations += 1
    note()
    settle()
  }

  private func direction() throws -> [Element] {
    switch options.method {
    case .lbfgs: return history.direction(present.gradient)
    case .newton:
      let norm = present.gradient.norm
      let (direction, products) = try NewtonDirection.direction(
        try problem.curvature(theta), gradient: present.gradient, forcing: forcing(norm))
      report.curvatureProducts += products
      return direction
    }
  }

  /// Eisenstat and Walker 1996, choice 2 with γ = 0.9 and α = 2; never further than the tolerance asks for.
  private func forcing(_ norm: Double) -> Double {
    guard let previousNorm else { return 0.1 }
    let ratio = norm / previousNorm
    let least = max(0.5 * report.tolerance / norm, 8 * unitRoundoff(Element.self))
    return min(max(0.9 * ratio * ratio, least), 0.1)
  }

  private var firstStep: Double {
    guard case .lbfgs = options.method, history.pairs.isEmpty else { return 1 }
    return min(1, 1 / present.gradient.norm)
  }

  /// No step was found: once more without a history, else the end.
  private func retry() {
    if history.pairs.isEmpty {
      end(.stagnation)
    } else {
      history.forget()
    }
  }

  /// The most flat steps: the gradient of L-BFGS goes up and down on its way, Newton's does not.
  private var patience: Int {
    let isAtFloor = best.norm <= report.roundingFloor
    return options.method == .newton ? (isAtFloor ? 2 : 4) : (isAtFloor ? 6 : 40)
  }

  private func note() {
    let norm = present.gradient.norm
    let hasFallen = present.value < lowest - present.resolution
    lowest = min(lowest, present.value)
    if hasFallen || norm < best.norm { best = (theta, norm, present.value) }
    if hasFallen || norm < 0.9 * flatNorm {
      flatSteps = 0
      flatNorm = best.norm
    } else {
      flatSteps += 1
    }
  }

  /// Looks whether the end is reached.
  private func settle() {
    report.value = present.value
    report.gradientNorm = present.gradient.norm
    guard present.isFinite else { return end(.nonFinite) }
    if report.gradientNorm <= report.tolerance || report.gradientNorm == 0 {
      report.converged = true
      isDone = true
    } else if flatSteps >= patience {
      end(.stagnation)
    } else if report.iterations >= options.iterationLimit {
      end(.iterationLimit)
    }
  }

  private func end(_ reason: MinimizationReason) {
    isDone = true
    if reason != .nonFinite, best.norm < report.gradientNorm {
      theta = best.theta
      report.gradientNorm = best.norm
      report.value = best.value
    }
    let isReached =
      reason != .nonFinite && options.gradientNorm == nil && report.gradientNorm <= report.roundingFloor
    report.converged = isReached
    report.reason = isReached ? nil : reason
  }
}

/// A minimisation after a step.
public struct MinimizerMemory<Element: Scalar>: Sendable, Equatable {
  public var theta: [Element]
  public var best: [Element]
  /// Pairs of L-BFGS, oldest first.
  public var steps: [[Element]]
  public var changes: [[Element]]
  public var iterations: Int
  public var evaluations: Int
  public var curvatureProducts: Int
  public var flatSteps: Int
  public var flatNorm: Double
  public var roundingFloor: Double
  public var lowest: Double
  public var bestNorm: Double
  public var bestValue: Double
  public var previousNorm: Double?

  public init(
    theta: [Element], best: [Element], steps: [[Element]], changes: [[Element]], iterations: Int,
    evaluations: Int, curvatureProducts: Int, flatSteps: Int, flatNorm: Double, roundingFloor: Double,
    lowest: Double,
    bestNorm: Double, bestValue: Double, previousNorm: Double?
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
    self.bestValue = bestValue
    self.previousNorm = previousNorm
  }
}
