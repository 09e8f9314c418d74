import Influence
import Network
import Tensor

/// Takes a group of training samples out of a model by one influence update.
///
/// Stages: choose J by what the group does to the neurons; linearize the remaining risk; solve for Δ_J; look for the
/// scale on validation samples; measure on the test split; save the edited checkpoint.
struct RemoveRun: PreciseRun {
  let request: RemoveRequest
  let environment: JobEnvironment

  var model: String { request.target.model }

  func run<Element: Scalar>(
    _ model: LoadedModel<Element>, _ context: any JobContext, _ compute: Compute
  ) throws -> JSONValue {
    guard let checkpoint = request.target.checkpoint else {
      throw JobFailure(.missing, "The model \(model.record.name) has no checkpoint.")
    }
    let state = try model.state(checkpoint, environment.catalog)
    let group = try RemovalGroup(request, model)
    let phases = RemovalProgress(context)

    try phases.enter(.select, "\(group.members.count) samples of the group")
    let selection = try select(model, state, group, compute)
    guard !selection.indices.isEmpty else {
      throw JobFailure(
        .unacceptable,
        "The modification ratio \(request.modificationRatio) of the largest layer is less than one parameter.",
        advice: "Raise the modification ratio.")
    }

    try phases.enter(.linearize, "\(group.curvature.count) samples")
    let change = try groupChange(model, state, group, compute)
    let curvature = try request.curvature.curvature(
      of: model, at: state, over: group.curvature, environment, compute)

    let choice = UpdateChoice(
      model: model, state: state, indices: selection.indices, factor: change.factor,
      samples: model.choiceSamples(request.group, members: group.members, partition: group.partition),
      seed: UInt64(request.seed), compute: compute)
    let (total, chosen) = (model.layout.parameterCount, selection.indices.count)
    try request.curvature.requireMemoryForDirect(
      rows: request.estimator == .fif ? chosen : total, columns: request.estimator == .pif ? total : chosen,
      environment)
    try phases.enter(.solve, "")
    let solution = try UpdateSolver(request: request, phases: phases).solve(
      curvature, change.gradient, selection.indices, choice)
    if request.requiresConvergence, !solution.report.converged {
      throw JobFailure(
        .notConverged,
        "The solve stopped at a relative residual of \(solution.report.relativeResidual.shortText) "
          + "(\(solution.report.reason?.rawValue ?? "stagnation")).",
        advice: "Allow more iterations, a larger tolerance or damping.")
    }

    try phases.enter(.scale, "")
    let sweep = try choice.sweep(solution.x, request.scales, phases)
    try phases.enter(.measure, "test samples")
    let edited = choice.updated(solution.x, scale: sweep.best.scale)
    let report = model.reportSamples(request.group, members: group.members)
    let before = try report.evaluate(model, state, compute)
    let after = try report.evaluate(model, edited, compute)
    guard edited.parameters.isFinite, after.isFinite else {
      throw JobFailure(
        .nonFinite,
        "The updated model has weights or losses that are infinite or NaN (scale \(sweep.best.scale.shortText)).",
        advice: "Add damping, or try smaller scales.")
    }
    let retrained = try retrainedMetrics(model, report, compute)

    try phases.enter(.save, "")
    let id = try model.save(
      edited, kind: .edited, parent: checkpoint, metrics: after.json, context)
    return .object(
      result(
        model, state, edited, selection, solution, sweep, checkpoint: id, group,
        warnings: solution.report.warnings + curvature.memoryWarnings(environment)
      ).merging([
        "before": before.json, "after": after.json, "retrained": retrained ?? .null,
      ]))
  }

  private func select<Element: Scalar>(
    _ model: LoadedModel<Element>, _ state: NetworkState<Element>, _ group: RemovalGroup, _ compute: Compute
  ) throws -> ParameterSelection {
    if request.estimator == .if { return ParameterSelection(everyParameterOf: model.layout) }
    let samples = model.dataset.train.samples(group.members)
    let means: NeuronMeans? =
      switch request.selection.basis {
      case .outputs: try model.network.meanOutputs(state, on: samples, compute: compute)
      case .gradients:
        try model.network.meanOutputGradients(state, on: samples, loss: model.loss, compute: compute)
      case .nothing: nil
      }
    return ParameterSelection(
      request.selection, ratio: request.modificationRatio, layout: model.layout, means: means,
      parameters: state.parameters, seed: UInt64(request.seed))
  }

  private func groupChange<Element: Scalar>(
    _ model: LoadedModel<Element>, _ state: NetworkState<Element>, _ group: RemovalGroup, _ compute: Compute
  ) throws -> GroupChange<Element> {
    func gradient(_ indices: [Int]) throws -> [Element] {
      try model.network.gradient(
        state, on: model.dataset.train.samples(indices), loss: model.loss, compute: compute
      ).gradient
    }
    switch request.gradient {
    case .influence:
      return GroupChange(
        removing: group.members.count, of: group.partition.training.count,
        groupGradient: try gradient(group.gradient), parameters: state.parameters,
        weightDecay: model.weightDecay)
    case .newton:
      return GroupChange(
        newtonOn: try gradient(group.remaining), parameters: state.parameters, weightDecay: model.weightDecay)
    }
  }

  private func retrainedMetrics<Element: Scalar>(
    _ model: LoadedModel<Element>, _ samples: ForgettingSamples, _ compute: Compute
  ) throws -> JSONValue? {
    guard
      let reference = try environment.catalog.retrained(model.record.name, request.group, recovers: false)
    else { return nil }
    // A reference of an earlier model of this name may not fit: then there is none.
    guard let state = try? model.state(reference.id, environment.catalog),
      state.parameters.count == model.layout.parameterCount
    else { return nil }
    guard case .object(var object) = try samples.evaluate(model, state, compute).json else { return nil }
    object["checkpoint"] = .string(reference.id)
    return .object(object)
  }

  private func result<Element: Scalar>(
    _ model: LoadedModel<Element>, _ state: NetworkState<Element>, _ edited: NetworkState<Element>,
    _ selection: ParameterSelection, _ solution: Solution<Element>, _ sweep: UpdateSweep, checkpoint: String,
    _ group: RemovalGroup, warnings: [String]
  ) -> JSONObject {
    let layers: [JSONValue] = zip(model.layout.neuronLayers, selection.layerCounts).map { layer, count in
      func norm(_ vector: [Element]) -> Double {
        let weights = Array(vector[layer.weights..<layer.weights + layer.neurons * layer.fanIn])
        let biases = layer.bias.map { Array(vector[$0..<$0 + layer.neurons]) } ?? []
        return (weights + biases).norm
      }
      var difference = edited.parameters
      difference.add(-1, times: state.parameters)
      let change = norm(difference)
      let size = norm(state.parameters)
      return [
        "name": .string(layer.name), "parameters": JSONValue(layer.parameters), "selected": JSONValue(count),
        "change": .number(change), "relative_change": .number(size > 0 ? change / size : 0),
      ]
    }
    return [
      "checkpoint": .string(checkpoint), "scale": .number(sweep.best.scale), "sweep": .array(sweep.rows),
      "samples": [
        "train": JSONValue(group.partition.training.count), "group": JSONValue(group.members.count),
        "validation": JSONValue(group.partition.validation.count),
        "hessian": JSONValue(group.curvature.count), "gradient": JSONValue(group.gradient.count),
      ],
      "parameters": [
        "total": JSONValue(model.layout.parameterCount), "selectable": JSONValue(selection.selectable),
        "selected": JSONValue(selection.indices.count),
      ],
      "layers": .array(layers), "solver": solution.report.json, "warnings": JSONValue(warnings),
    ]
  }
}

/// The samples of a removal: the group, what remains, and those that are drawn for gradient and curvature.
struct RemovalGroup {
  let partition: Partition
  /// U: the group's samples that the model was trained on.
  let members: [Int]
  let remaining: [Int]
  /// Drawn from U for ḡ_U.
  let gradient: [Int]
  /// Drawn for the curvature: from the remaining samples, or from all.
  let curvature: [Int]

  init<Element: Scalar>(_ request: RemoveRequest, _ model: LoadedModel<Element>) throws {
    partition = model.partition()
    let named = Set(request.group.indices(in: model.dataset))
    members = partition.training.filter { named.contains($0) }
    remaining = partition.training.filter { !named.contains($0) }
    guard !members.isEmpty else {
      throw JobFailure(
        .unacceptable, "The model was not trained on any sample of the group.",
        advice: "Name samples of its training part; its recipe holds out or leaves out the ones given.")
    }
    guard !remaining.isEmpty else {
      throw JobFailure(
        .unacceptable, "The group is everything that the model was trained on.", advice: "Leave some samples."
      )
    }
    gradient = request.gradientSamples.draw(of: members, "gradient samples", seed: request.seed)
    curvature = request.curvature.samples.draw(
      of: request.takesGroupOut ? remaining : partition.training, "hessian samples", seed: request.seed)
  }
}

/// Says how far a removal is, a phase at a time.
final class RemovalProgress {
  enum Phase: String {
    case select, linearize, solve, scale, measure, save

    /// The share of the job that is done when the phase begins and ends.
    var span: ClosedRange<Double> {
      switch self {
      case .select: 0...0.02
      case .linearize: 0.02...0.08
      case .solve: 0.08...0.85
      case .scale: 0.85...0.94
      case .measure: 0.94...0.99
      case .save: 0.99...1
      }
    }
  }

  let context: any JobContext
  private var phase = Phase.select

  init(_ context: any JobContext) { self.context = context }

  /// - Throws: `JobInterruption`.
  func enter(_ phase: Phase, _ detail: String) throws(JobInterruption) {
    self.phase = phase
    try advance(0, detail)
  }

  /// - Parameter share: of the present phase.
  /// - Throws: `JobInterruption`.
  func advance(_ share: Double, _ detail: String) throws(JobInterruption) {
    try context.throwIfInterrupted()
    let span = phase.span
    context.progress(
      span.lowerBound + min(max(share, 0), 1) * (span.upperBound - span.lowerBound), phase: phase.rawValue,
      detail: detail)
  }
}
