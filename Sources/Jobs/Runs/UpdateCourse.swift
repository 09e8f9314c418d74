import Influence
import Network
import Tensor

/// Makes an update in steps and rounds, each from where the last one led, on the same J, with a linearization and drawn
/// samples of its own.
///
/// An update is linear and networks are not: one that is sure of the group's samples has small gradients there until it
/// begins to forget them. `steps` change the group in parts (`GroupPart`), so that every direction is taken where the last
/// step led. A scale is looked for as if all that is left went in that direction; the step goes its part of that way, the
/// last step all of it. The more steps, the nearer the minima without ever more of the group, which retraining finds.
///
/// `rounds` come after: each is one step of Newton's method on the changed risk, its gradient taken as it is, and puts right
/// what is left behind. Where scales are searched for, they end with the first that gains nothing on validation
/// samples, and that one is not kept.
struct UpdateCourse<Element: Scalar, Goal: UpdateGoal, Group: UpdateGroup> {
  let request: UpdateRequest
  /// Of the first step.
  let basis: UpdateBasis<Element>
  let goal: Goal
  let group: (UpdateRequest) throws -> Group

  /// Whether ends are compared on validation samples.
  private var compares: Bool { request.scales == .auto && goal.hasScore }

  /// - Parameter first: makes the first step, all the way.
  func follow(
    _ phases: UpdateProgress, first: (UpdateProgress) throws -> ModelUpdate<Element>
  ) throws -> ModelUpdate<Element> {
    guard request.steps + request.rounds > 2 else { return try first(phases) }
    var update = try first(self.phases(of: 1, phases))
    update.steps = [UpdateTurn(update, isKept: true)]
    basis.releaseCurvature()
    var best = update.sweep.best
    if request.steps > 1 { try follow(&update, &best, phases) }
    if request.rounds > 1 { try putRight(&update, &best, phases) }
    return update
  }

  /// The steps after the first; ends at the best end of them all, or where ends are not compared at the last.
  private func follow(
    _ update: inout ModelUpdate<Element>, _ best: inout ScaleTrial, _ phases: UpdateProgress
  ) throws {
    var kept = 1
    func share(_ step: Int) -> Double { 1 / Double(request.steps - step + 1) }
    var state = update.scaled(update.sweep.best.scale * share(1))
    for step in 2...request.steps {
      var again = request
      again.turn = step
      let next = try make(again, from: state, keeping: update.selection, phases)
      update.steps.append(UpdateTurn(next, isKept: true))
      if !compares || next.sweep.best.isBetter(than: best) {
        best = next.sweep.best
        update.edited = next.edited
        kept = step
      }
      state = next.scaled(next.sweep.best.scale * share(step))
    }
    update.steps = update.steps.enumerated().map { $1.with(isKept: $0 < kept) }
  }

  /// The rounds after the first.
  private func putRight(
    _ update: inout ModelUpdate<Element>, _ best: inout ScaleTrial, _ phases: UpdateProgress
  ) throws {
    for round in 2...request.rounds {
      var again = request
      again.gradient = .newton
      again.turn = request.steps + round - 1
      let next = try make(again, from: update.edited, keeping: update.selection, phases)
      let isKept = !compares || next.sweep.best.isBetter(than: best)
      update.rounds.append(UpdateTurn(next, isKept: isKept))
      guard isKept else { break }
      best = next.sweep.best
      update.edited = next.edited
    }
  }

  private func make(
    _ request: UpdateRequest, from state: NetworkState<Element>, keeping selection: ParameterSelection,
    _ phases: UpdateProgress
  ) throws -> ModelUpdate<Element> {
    try group(request).basis(
      basis.model, state, basis.environment, basis.compute, keeping: selection
    ).update(request, choosingBy: goal, self.phases(of: request.turn, phases))
  }

  private func phases(of turn: Int, _ phases: UpdateProgress) -> UpdateProgress {
    let end = UpdateProgress.Phase.scale.span.upperBound
    let turns = Double(request.steps + request.rounds - 1)
    func share(_ turn: Int) -> Double { end * Double(turn) / turns }
    let name =
      turn <= request.steps && request.steps > 1 ? "step \(turn)" : "round \(turn - request.steps + 1)"
    return UpdateProgress(
      PartContext(phases.context, name: name, span: share(turn - 1)...share(turn), title: name))
  }
}

/// What a step or a round of an update came to.
struct UpdateTurn {
  /// Whether the model has it: the last ones may have gained nothing.
  private(set) var isKept: Bool
  /// Of the whole way that was left.
  let scale: Double
  /// On validation samples, of the whole way that was left; nil where there is no score.
  let score: Double?
  let iterations: Int
  let relativeResidual: Double
  let products: Int

  init<Element: Scalar>(_ update: ModelUpdate<Element>, isKept: Bool) {
    self.isKept = isKept
    let report = update.solution.report
    scale = update.sweep.best.scale
    score = update.sweep.best.score.isNaN ? nil : update.sweep.best.score
    iterations = report.chosenIteration ?? report.iterations
    relativeResidual = report.relativeResidual
    products = report.curvatureProducts
  }

  func with(isKept: Bool) -> UpdateTurn {
    var turn = self
    turn.isKept = isKept
    return turn
  }

  var json: JSONValue {
    [
      "kept": .bool(isKept), "scale": .number(scale), "validation_score": JSONValue(score),
      "iterations": JSONValue(iterations), "relative_residual": .number(relativeResidual),
      "curvature_products": JSONValue(products),
    ]
  }
}
