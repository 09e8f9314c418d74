import Influence
import JSON
import Network
import Tensor

/// Makes an update in several rounds, each from the weights of the round before.
///
/// One update is one Newton step within J on the changed risk. A network is not linear, so further rounds
/// correct the error of a large step.
///
/// - A round linearizes the changed risk anew and takes its gradient as it is (`newton`).
/// - A round keeps J and searches for its own scale.
/// - A search ends with the first round that gains nothing on validation samples, or whose solve fails. That
///   round is not kept.
/// - With given scales every round is made and kept.
struct UpdateRounds<Element: Scalar, Goal: UpdateGoal, Group: UpdateGroup> {
  let request: UpdateRequest
  /// Of the first round.
  let basis: UpdateBasis<Element>
  let goal: Goal
  let group: (UpdateRequest) throws -> Group

  /// - Parameter first: makes the first round.
  func follow(
    _ phases: UpdateProgress, first: (UpdateProgress) throws -> ModelUpdate<Element>
  ) throws -> ModelUpdate<Element> {
    guard request.rounds > 1 else { return try first(phases) }
    var update = try first(self.phases(of: 1, phases))
    update.rounds = [UpdateRound(update, isKept: true)]
    basis.releaseCurvature()
    var again = request
    again.gradient = .newton
    var best = update.sweep.best
    for round in 2...request.rounds {
      again.round = round
      let next: ModelUpdate<Element>
      do {
        next = try group(again).basis(
          basis.model, update.edited, basis.environment, basis.compute, keeping: update.selection
        ).update(again, choosingBy: goal, self.phases(of: round, phases))
      } catch {
        // The numbers of one round diverged. The earlier rounds are good and are kept.
        guard request.scales == .auto, let failure = JobFailure(ofComputation: error), failure.isOfNumbers
        else { throw error }
        update.lostRound = "Round \(round) was not made: \(failure.message)"
        break
      }
      let isKept = request.scales != .auto || !goal.hasScore || next.sweep.best.isBetter(than: best)
      update.rounds.append(UpdateRound(next, isKept: isKept))
      guard isKept else { break }
      best = next.sweep.best
      update.edited = next.edited
    }
    return update
  }

  private func phases(of round: Int, _ phases: UpdateProgress) -> UpdateProgress {
    let end = UpdateProgress.Phase.scale.span.upperBound
    func share(_ rounds: Int) -> Double { end * Double(rounds) / Double(request.rounds) }
    return UpdateProgress(
      PartContext(
        phases.context, name: "round \(round)", span: share(round - 1)...share(round), title: "round \(round)"
      ))
  }
}

/// The outcome of one round of an update.
struct UpdateRound {
  /// Whether the model keeps the round; the last one may have gained nothing.
  let isKept: Bool
  let scale: Double
  /// On validation samples; nil if there is no score.
  let score: Double?
  let iterations: Int
  let relativeResidual: Double
  /// Nil if a step was chosen on validation samples.
  let converged: Bool?
  let products: Int
  let warnings: [String]

  init<Element: Scalar>(_ update: ModelUpdate<Element>, isKept: Bool) {
    self.isKept = isKept
    let report = update.solution.report
    scale = update.sweep.best.scale
    score = update.sweep.best.score.isNaN ? nil : update.sweep.best.score
    iterations = report.chosenIteration ?? report.iterations
    relativeResidual = report.relativeResidual
    converged = report.isLeftEarly ? nil : report.converged
    products = report.curvatureProducts
    warnings = update.warnings
  }

  var json: JSONValue {
    [
      "kept": .bool(isKept), "scale": .number(scale), "validation_score": JSONValue(score),
      "iterations": JSONValue(iterations),
      "relative_residual": .number(relativeResidual), "converged": converged.map(JSONValue.bool) ?? .null,
      "curvature_products": JSONValue(products), "warnings": JSONValue(warnings),
    ]
  }
}
