import Influence
import JSON
import Network
import Tensor

/// An update of a model, at the scale that did best on validation samples.
struct ModelUpdate<Element: Scalar> {
  let selection: ParameterSelection
  let solution: Solution<Element>
  let sweep: UpdateSweep
  var edited: NetworkState<Element>
  /// Every round with the first, if the update was made in several rounds; otherwise empty.
  var rounds: [UpdateRound] = []
  /// The model with the update of the first round at another scale.
  let scaled: (Double) -> NetworkState<Element>
  let warnings: [String]
  /// The reason that a further round was not made, if its numbers diverged.
  var lostRound: String?
}

extension UpdateChoice {
  /// Looks for the best scale of a solution.
  /// - Throws: also `JobFailure.notConverged` if the request insists on convergence.
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
      edited: updated(solution.x, scale: sweep.best.scale), scaled: { updated(solution.x, scale: $0) },
      warnings: solution.report.warnings + warnings)
  }
}

extension ModelUpdate {
  /// The metrics of the updated model.
  /// - Throws: also `JobFailure.nonFinite` if weights or losses are no numbers.
  func metrics<Goal: UpdateGoal>(
    on goal: Goal, _ basis: UpdateBasis<Element>
  ) throws -> Goal.Metrics {
    let metrics = try goal.evaluate(basis.model, edited, basis.compute)
    guard edited.parameters.isFinite, metrics.isFinite else {
      throw JobFailure(
        .nonFinite,
        "The updated model has weights or losses that are infinite or NaN (scale \(sweep.best.scale.shortText)).",
        advice: "Add damping, or try smaller scales.")
    }
    return metrics
  }

  /// Measures the update at the scales of the request's curve. Also writes an artifact: a row for each scale,
  /// with its numbers.
  private func curve<Goal: UpdateGoal>(
    _ scales: [Double], on goal: Goal, _ basis: UpdateBasis<Element>, _ phases: UpdateProgress
  ) throws -> JSONObject {
    guard !scales.isEmpty else { return [:] }
    var rows: [JSONObject] = []
    for (place, scale) in scales.enumerated() {
      try phases.advance(Double(place) / Double(scales.count), "scale \(scale.shortText)")
      let metrics = try goal.evaluate(basis.model, scaled(scale), basis.compute)
      rows.append(
        metrics.numbers.reduce(into: ["scale": .number(scale)]) { $0[$1.name] = JSONValue($1.value) })
    }
    let table = rows.flatMap { row in row.members.map { $0.value.doubleValue ?? .nan } }
    try phases.context.writeArtifact(
      "curve.npy", type: .float64, shape: [rows.count, table.count / rows.count]
    ) { sink in try table.withUnsafeBytes { try sink($0) } }
    return ["curve": .array(rows.map { .object($0) })]
  }

  /// Measures the update and the retrained reference, and saves the edited checkpoint. Returns the result's
  /// members.
  /// - Parameter changed: the model over the training data that the edited checkpoint stands for.
  func finish<Goal: UpdateGoal>(
    on goal: Goal, _ basis: UpdateBasis<Element>, parent checkpoint: String,
    standingFor changed: LoadedModel<Element>, curve scales: [Double], _ phases: UpdateProgress
  ) throws -> JSONObject {
    try phases.enter(.measure, "test samples")
    let curve = try curve(scales, on: goal, basis, phases)
    let before = try goal.evaluate(basis.model, basis.state, basis.compute)
    let after = try metrics(on: goal, basis)
    let retrained = try basis.model.metrics(
      of: changed.reference(basis.environment.catalog), on: goal, basis.environment, basis.compute)
    try phases.enter(.save, "")
    let id = try changed.save(
      edited, kind: .edited, parent: checkpoint, metrics: after.json, phases.context)
    let result: JSONObject = [
      "checkpoint": .string(id), "scale": .number(sweep.best.scale), "sweep": .array(sweep.rows),
      "parameters": [
        "total": JSONValue(basis.model.layout.parameterCount), "selectable": JSONValue(selection.selectable),
        "selected": JSONValue(selection.indices.count),
      ],
      "layers": .array(layers(basis)), "solver": solution.report.json,
      "warnings": JSONValue(
        warnings + (lostRound.map { [$0] } ?? [])
          + UpdateCautions(
            update: self, before: before, after: after, parameters: basis.state.parameters
          ).warnings),
      "before": before.json, "after": after.json, "retrained": retrained,
    ]
    let again: JSONObject = rounds.isEmpty ? [:] : ["rounds": .array(rounds.map(\.json))]
    return result.merging(again).merging(curve)
  }

  /// The selected parameters and the norm of the change in every layer.
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

extension LoadedModel {
  /// The metrics of the retrained reference, with its checkpoint; null if there is no reference.
  /// - Throws: `JobFailure.corrupt` if the weights of the reference are not what was stored.
  func metrics<Goal: UpdateGoal>(
    of reference: CatalogCheckpoint?, on goal: Goal, _ environment: JobEnvironment, _ compute: Compute
  ) throws -> JSONValue {
    guard let reference else { return .null }
    let state: NetworkState<Element>
    do {
      state = try self.state(reference.id, environment.catalog)
    } catch let failure as JobFailure where failure.reason == .missing {
      // The reference was deleted since it was found.
      return .null
    }
    guard case .object(var object) = try goal.evaluate(self, state, compute).json else { return .null }
    object["checkpoint"] = .string(reference.id)
    return .object(object)
  }
}
