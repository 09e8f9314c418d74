import Influence
import Tensor

/// Looks at some steps of a solver's path, each at the best scale for it, and keeps the best: early steps follow the
/// strong curvature, late ones noise.
final class PathSearch<Element: Scalar, Goal: UpdateGoal> {
  private let choice: UpdateChoice<Element, Goal>
  private var next = 1
  /// The best scale of the look before; nil if that told nothing.
  private var scale: Double?
  /// The score that counted as the last gain.
  private var milestone = -Double.infinity
  private var looksWithoutGain = 0
  private var best: ScaleTrial?
  private(set) var bestIteration = 0
  private var bestStep: [Element]?

  init(_ choice: UpdateChoice<Element, Goal>) { self.choice = choice }

  /// Whether the path has been followed far enough.
  /// - Parameter iterate: the step's iterate over J; only asked for where it is looked at.
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

  /// The step at which the search will have seen enough if none of the next looks brings a gain: what an estimate of the
  /// time left goes by.
  var expectedEnd: Int {
    // Few searches have seen enough before.
    let usual = 12
    var step = next
    for _ in 1..<max(1, UpdateSolver.patience - looksWithoutGain) { step = Self.look(after: step) }
    return max(step, usual)
  }

  /// Steps 1, 2, 3, 4, 5, 7, 9, 12, 16, 21, 27, …
  private static func look(after step: Int) -> Int { max(step + 1, Int((Double(step) * 1.3).rounded())) }

  /// The best scale for a step: near the best of the look before, or of the whole sweep at first, and as long as that changes
  /// little.
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

  /// The best step as a solution; the last one where no look was better.
  /// - Parameter residual: the true residual of a step; nil if the whole of its iterate is not known: then the
  ///   recurrence's own stands for it.
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
    // Where the path was left on purpose, its iterations were limited; where it ended by itself, that is the reason.
    report.reason =
      report.converged ? nil : report.reason == .negativeCurvature ? .negativeCurvature : .iterationLimit
    return Solution(x: bestStep, report: report)
  }
}
