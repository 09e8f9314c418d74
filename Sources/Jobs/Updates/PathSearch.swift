import Influence
import Tensor

/// Measures some steps of a solver's path, each at its best scale, and keeps the best step. Early steps
/// follow the strong curvature, late steps follow noise.
final class PathSearch<Element: Scalar, Goal: UpdateGoal> {
  private let choice: UpdateChoice<Element, Goal>
  private var next = 1
  /// The best scale of the step measured before; nil if no scale was clearly better than the first.
  private var scale: Double?
  /// The score that counted as the last gain.
  private var milestone = -Double.infinity
  private var looksWithoutGain = 0
  private var best: ScaleTrial?
  private(set) var bestIteration = 0
  private var bestStep: [Element]?

  init(_ choice: UpdateChoice<Element, Goal>) { self.choice = choice }

  /// Measures the step if its turn has come. Returns whether the path has been followed far enough.
  /// - Parameter iterate: gives the step's iterate over J; called only for a step that is measured.
  func look(_ iteration: Int, _ iterate: () -> [Element]) throws -> Bool {
    guard iteration >= next else { return false }
    let x = iterate()
    next = Self.look(after: iteration)
    let trial = try bestTrial(of: x)
    // A gain within a sample or two is no reason to go on for long.
    if trial.score >= milestone + UpdateSolver.gain {
      milestone = trial.score
      looksWithoutGain = 0
    } else {
      looksWithoutGain += 1
    }
    if best.map({ trial.isBetter(than: $0) }) ?? true {
      best = trial
      bestIteration = iteration
      bestStep = x
    }
    return looksWithoutGain >= UpdateSolver.patience
  }

  /// The step at which the search ends if no later step brings a gain. The estimate of the time left uses it.
  var expectedEnd: Int {
    // Few searches end before this step.
    let usual = 12
    var step = next
    for _ in 1..<max(1, UpdateSolver.patience - looksWithoutGain) { step = Self.look(after: step) }
    return max(step, usual)
  }

  /// Steps 1, 2, 3, 4, 5, 7, 9, 12, 16, 21, 27, …
  private static func look(after step: Int) -> Int { max(step + 1, Int((Double(step) * 1.3).rounded())) }

  /// The best scale for a step. The search starts near the best scale of the step before, or sweeps all
  /// scales at first.
  private func bestTrial(of x: [Element]) throws -> ScaleTrial {
    func trial(_ scale: Double) throws -> ScaleTrial {
      try choice.trial(x, scale: scale, on: choice.pathGoal).trial
    }
    let start: ScaleTrial
    if let scale {
      start = try trial(scale)
    } else {
      let trials = try ScaleSearch.sweep(trial)
      start = ScaleSearch.best(trials)
      guard start.score > trials[0].score + 0.01 else { return start }
    }
    let best = try ScaleSearch.climb(from: start, trial)
    scale = best.score.isNaN ? nil : best.scale
    return best
  }

  /// The best step as a solution; the last step if no other was better.
  ///
  /// - Parameter residual: the true residual of a step. If it is nil, the residual of the recurrence takes
  ///   its place, as for an iterate that is only partly known.
  func best(
    _ last: Solution<Element>, residual: ([Element]) throws -> (value: Double, products: Int)?
  ) throws -> Solution<Element> {
    guard let bestStep, bestIteration < last.report.iterations || last.report.reason == .observer else {
      return last
    }
    var report = last.report
    let history = report.residualHistory
    if let measured = try residual(bestStep) {
      report.curvatureProducts += measured.products
      report.relativeResidual = measured.value
    } else if history.indices.contains(bestIteration - 1) {
      report.relativeResidual = history[bestIteration - 1]
    }
    report.chosenIteration = bestIteration
    report.converged = report.relativeResidual <= report.tolerance
    if report.converged {
      report.reason = nil
    } else if report.reason?.isOfTheOperator != true {
      report.reason = .iterationLimit
    }
    return Solution(x: bestStep, report: report)
  }
}
