import Influence
import Network
import Tensor

/// An update of a model, at the scale that did best on validation samples.
struct ModelUpdate<Element: Scalar> {
  let selection: ParameterSelection
  let solution: Solution<Element>
  let sweep: UpdateSweep
  let edited: NetworkState<Element>
  let warnings: [String]
}

extension UpdateChoice {
  /// Looks for the best scale of a solution.
  /// - Throws: also `JobFailure.notConverged` where the request insists on convergence.
  func update(
    _ solution: Solution<Element>, _ selection: ParameterSelection, _ request: UpdateRequest,
    warnings: [String], _ phases: UpdateProgress
  ) throws -> ModelUpdate<Element> {
    if request.requiresConvergence, !solution.report.converged {
      throw JobFailure(
        .notConverged,
        "The solve stopped at a relative residual of \(solution.report.relativeResidual.shortText) "
          + "(\(solution.report.reason?.rawValue ?? "stagnation")).",
        advice: "Allow more iterations, a larger tolerance or damping.")
    }
    try phases.enter(.scale, "")
    let sweep = try sweep(solution.x, request.scales, phases)
    return ModelUpdate(
      selection: selection, solution: solution, sweep: sweep,
      edited: updated(solution.x, scale: sweep.best.scale), warnings: solution.report.warnings + warnings)
  }
}

/// How a model did before and after an update.
struct UpdateOutcome<Metrics: UpdateMetrics> {
  let before: Metrics
  let after: Metrics
}

extension ModelUpdate {
  /// Measures the update.
  /// - Throws: also `JobFailure.nonFinite` where weights or losses are no numbers.
  func outcome<Goal: UpdateGoal>(
    on goal: Goal, _ basis: UpdateBasis<Element>
  ) throws -> UpdateOutcome<Goal.Metrics> {
    let outcome = UpdateOutcome(
      before: try goal.evaluate(basis.model, basis.state, basis.compute),
      after: try goal.evaluate(basis.model, edited, basis.compute))
    guard edited.parameters.isFinite, outcome.after.isFinite else {
      throw JobFailure(
        .nonFinite,
        "The updated model has weights or losses that are infinite or NaN (scale \(sweep.best.scale.shortText)).",
        advice: "Add damping, or try smaller scales.")
    }
    return outcome
  }

  /// Measures the update and the retrained reference, saves the edited checkpoint, and gives the result's members.
  func finish<Goal: UpdateGoal>(
    on goal: Goal, _ basis: UpdateBasis<Element>, parent checkpoint: String, reference: CatalogCheckpoint?,
    _ phases: UpdateProgress
  ) throws -> JSONObject {
    try phases.enter(.measure, "test samples")
    let outcome = try outcome(on: goal, basis)
    let retrained = try retrainedMetrics(reference, on: goal, basis)
    try phases.enter(.save, "")
    let id = try basis.model.save(
      edited, kind: .edited, parent: checkpoint, metrics: outcome.after.json, phases.context)
    return [
      "checkpoint": .string(id), "scale": .number(sweep.best.scale), "sweep": .array(sweep.rows),
      "parameters": [
        "total": JSONValue(basis.model.layout.parameterCount), "selectable": JSONValue(selection.selectable),
        "selected": JSONValue(selection.indices.count),
      ],
      "layers": .array(layers(basis)), "solver": solution.report.json, "warnings": JSONValue(warnings),
      "before": outcome.before.json, "after": outcome.after.json, "retrained": retrained,
    ]
  }

  private func retrainedMetrics<Goal: UpdateGoal>(
    _ reference: CatalogCheckpoint?, on goal: Goal, _ basis: UpdateBasis<Element>
  ) throws -> JSONValue {
    // A reference of an earlier model of this name may not fit: then there is none.
    guard let reference, let state = try? basis.model.state(reference.id, basis.environment.catalog),
      state.parameters.count == basis.model.layout.parameterCount,
      case .object(var object) = try goal.evaluate(basis.model, state, basis.compute).json
    else { return .null }
    object["checkpoint"] = .string(reference.id)
    return .object(object)
  }

  /// What became of every layer.
  private func layers(_ basis: UpdateBasis<Element>) -> [JSONValue] {
    var difference = edited.parameters
    difference.add(-1, times: basis.state.parameters)
    return zip(basis.model.layout.neuronLayers, selection.layerCounts).map { layer, count in
      func norm(_ vector: [Element]) -> Double {
        let weights = Array(vector[layer.weights..<layer.weights + layer.neurons * layer.fanIn])
        let biases = layer.bias.map { Array(vector[$0..<$0 + layer.neurons]) } ?? []
        return (weights + biases).norm
      }
      let change = norm(difference)
      let size = norm(basis.state.parameters)
      return [
        "name": .string(layer.name), "parameters": JSONValue(layer.parameters), "selected": JSONValue(count),
        "change": .number(change), "relative_change": .number(size > 0 ? change / size : 0),
      ]
    }
  }
}
