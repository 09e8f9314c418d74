import Influence
import JSON
import Network
import Tensor

/// The most samples that judge an update: `own` are to change, `test` are to stay.
struct JudgedSamples {
  let own: Int
  let test: Int

  /// For the choice of a scale.
  static let scales = JudgedSamples(own: 1024, test: 4096)
  /// For every step measured along a solver's path.
  static let path = JudgedSamples(own: 512, test: 1024)

  /// The samples that one trial uses out of `samples`.
  func count(of samples: Double) -> Double { min(samples, Double(own + test)) }
}

/// Chooses between updates by the updated model's score on validation samples, never on the test split.
struct UpdateChoice<Element: Scalar, Goal: UpdateGoal> {
  let model: LoadedModel<Element>
  let state: NetworkState<Element>
  /// J.
  let indices: [Int]
  /// Δ_J is the solution times this factor.
  let factor: Double
  let goal: Goal
  /// The goal on fewer samples, for the many measurements along a solver's path.
  let pathGoal: Goal
  let yardstick: UpdateRequest.Yardstick
  let compute: Compute

  init(
    model: LoadedModel<Element>, state: NetworkState<Element>, indices: [Int], factor: Double,
    goal: Goal, yardstick: UpdateRequest.Yardstick, seed: UInt64, compute: Compute
  ) {
    self.model = model
    self.state = state
    self.indices = indices
    self.factor = factor
    self.yardstick = yardstick
    self.goal = goal.limited(to: .scales, seed: seed)
    pathGoal = goal.limited(to: .path, seed: seed)
    self.compute = compute
  }

  /// The model with θ_J + scale·factor·x.
  func updated(_ x: [Element], scale: Double) -> NetworkState<Element> {
    var updated = state
    updated.parameters.add(Element(scale * factor), times: x, at: indices)
    return updated
  }

  /// Tries a scale.
  func trial(
    _ x: [Element], scale: Double, on goal: Goal
  ) throws -> (trial: ScaleTrial, metrics: Goal.Metrics) {
    let metrics = try goal.evaluate(model, updated(x, scale: scale), compute)
    return (metrics.trial(scale, by: yardstick), metrics)
  }

  /// Tries the scales of the request, or searches. Without a score, the scale is 1, as in theory.
  func sweep(_ x: [Element], _ scales: UpdateRequest.Scales, _ progress: UpdateProgress) throws
    -> UpdateSweep
  {
    var rows: [JSONValue] = []
    var done = 0
    let expected: Int
    func trial(_ scale: Double) throws -> ScaleTrial {
      try progress.advance(Double(done) / Double(expected), "scale \(scale.shortText)")
      done += 1
      let (trial, metrics) = try self.trial(x, scale: scale, on: goal)
      rows.append([
        "scale": .number(scale), "validation": metrics.json, "score": JSONValue(metrics.score),
        "likelihood_score": JSONValue(metrics.score.map { _ in metrics.likelihoodScore }),
      ])
      return trial
    }
    switch scales {
    case .list(let list):
      expected = list.count
      return UpdateSweep(best: ScaleSearch.best(try list.map(trial)), rows: rows)
    case .auto where goal.hasScore:
      expected = ScaleSearch.scales.count + 6
      let best = try ScaleSearch.search(trial).best
      return UpdateSweep(best: best, rows: rows)
    case .auto:
      expected = 1
      return UpdateSweep(best: try trial(1), rows: rows)
    }
  }
}

/// The scales tried and the one chosen.
struct UpdateSweep {
  let best: ScaleTrial
  let rows: [JSONValue]
}
