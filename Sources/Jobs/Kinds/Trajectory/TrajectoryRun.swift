import Influence
import JSON
import Network
import Tensor

/// Follows free parameters while training samples are removed. Every estimator's path stands beside the
/// constrained optimum of the remaining risk (Lyu et al. 2023, Fig. 2).
///
/// At each step every path is measured by two criteria. GIF minimises the norm of the whole gradient of the
/// remaining risk. FIF minimises the remaining risk itself, if that is quadratic.
struct TrajectoryRun: PreciseRun {
  let request: TrajectoryRequest
  let environment: JobEnvironment

  var target: ModelReference { request.target }

  private static var stage: String { "paths" }

  func run<Element: Scalar>(
    _ model: LoadedModel<Element>, _ context: any JobContext, _ compute: Compute
  ) throws -> JSONValue {
    let (checkpoint, state) = try model.checkpoint(of: request.target, environment.catalog)
    let faults = RequestFaults()
    let free = model.layout.parameters(request.parameters, at: .root.appending("parameters"), faults)
    guard faults.isEmpty, !free.isEmpty else {
      throw JobFailure(.missing, "The model has no such parameters any more.")
    }
    let removal = try RemovalSequence(request, model)
    guard removal.steps <= TrajectoryRequest.mostSteps else {
      throw JobFailure(
        .unacceptable, "\(removal.steps) steps are more than \(TrajectoryRequest.mostSteps).",
        advice: "Take out more samples at a time.")
    }
    let tracker = TrajectoryTracker(
      request: request, model: model, state: state, free: free, removal: removal, environment: environment,
      compute: compute)
    var table: TrajectoryTable
    if let bytes = try context.resumeState(Self.stage) {
      guard let saved = TrajectoryTable(bytes, paths: tracker.paths.count, parameters: free.count) else {
        throw JobFailure(.corrupt, "The saved state of the trajectories is not what was saved.")
      }
      table = saved
    } else {
      table = TrajectoryTable(paths: tracker.paths.count)
      try tracker.begin(&table)
    }
    var saving = environment.saving
    while table.steps < removal.steps {
      try context.throwIfInterrupted()
      context.progress(
        Double(table.steps) / Double(removal.steps), phase: "follow",
        detail: "step \(table.steps + 1) of \(removal.steps)")
      try tracker.step(&table)
      if saving.isDue() {
        try context.saveResumeState(Self.stage, table.bytes)
        saving.noteDone()
      }
    }
    try table.writeArtifacts(context, parameters: free.count, removal)
    var result = tracker.result(table).merging([
      "checkpoint": .string(checkpoint), "parameters": .array(free.map(\.json)),
      "samples": ["train": JSONValue(removal.training.count), "group": JSONValue(removal.order.count)],
    ])
    try CheckpointCaution(
      checkpoint, state, model, training: removal.training, environment.catalog, compute
    ).add(to: &result)
    return .object(result)
  }
}

/// The samples that are removed, in their order.
struct RemovalSequence {
  /// All training samples of the model.
  let training: [Int]
  let order: [Int]
  private let step: Int

  /// - Throws: `JobFailure.unacceptable` if the model was trained on none of the group, or on nothing else.
  init<Element: Scalar>(_ request: TrajectoryRequest, _ model: LoadedModel<Element>) throws {
    try model.requirePresent(request.group)
    training = model.partition().training
    let named = Set(model.data.members(of: request.group))
    let members = training.filter { named.contains($0) }
    guard !members.isEmpty, members.count < training.count else {
      throw JobFailure(
        .unacceptable,
        members.isEmpty
          ? "The model was not trained on any sample of the group."
          : "The group is everything that the model was trained on.",
        advice: "Name some of the samples that its recipe trains on.")
    }
    switch request.order {
    case .ascending: order = members
    case .descending: order = members.reversed()
    case .random:
      var stream = RandomStream(seed: UInt64(request.seed), purpose: "removal order")
      order = stream.permutation(members.count).map { members[$0] }
    }
    step = request.step
  }

  var steps: Int { (order.count + step - 1) / step }

  /// The number of samples removed up to a step.
  func removed(after step: Int) -> Int { min(order.count, step * self.step) }

  /// The samples removed in a step, counted from 1.
  func chunk(_ step: Int) -> [Int] { Array(order[removed(after: step - 1)..<removed(after: step)]) }

  /// The samples that remain after a step.
  func remaining(after step: Int) -> [Int] {
    let gone = Set(order.prefix(removed(after: step)))
    return training.filter { !gone.contains($0) }
  }
}

// MARK: - Result

extension TrajectoryRequest {
  public static let result = ResultObject([
    .checkpoint,
    .always("parameters", .list(.object(parameter)), "The free parameters, in the order of the request."),
    .samples([.trainSamples, .groupSamples]),
    .always("steps", .count, unit: "steps", "Steps in which the group is taken out."),
    .always("paths", .list(.object(path)), "A row a path; the last is the constrained optimum."),
    .always(
      "curve",
      .list(
        .object(
          ResultObject(
            [.always("removed", .count, unit: "samples", "Samples that are gone.")],
            others: ("path", .object(place))))),
      "A row a step, from before the first; of many steps about 1,000."),
    .warnings, .checkpointGradient,
  ])

  private static let parameter = ResultObject([
    .always("tensor", .text, "The tensor."), .always("index", .count, "The place in it, row-major."),
  ])

  private static let path = ResultObject([
    .always("path", .text, "Its name."),
    .sometimes(
      "estimator", .choice(Estimator.allCases.map(\.rawValue)), "Its estimator; absent of the optimum."),
    .sometimes(
      "mode", .choice(TrajectoryRequest.Mode.allCases.map(\.rawValue)), "Its mode; absent of the optimum."),
    .always("end", .list(.number), "The free parameters at its end."),
    .always("gradient_norm", .nullable(.size), "‖∇R‖ of the remaining risk at its end."),
    .always("risk", .nullable(.number), "The remaining risk at its end."),
    .always("mean_gradient_norm", .size, "The mean of the norm over the steps."),
    .always("mean_risk_excess", .number, "The mean of how far the risk is above that of the optimum."),
    .always("mean_distance", .size, "The mean distance from the optimum."),
    .always("largest_distance", .size, "The largest distance from the optimum."),
    .always("converged", .flag, "Whether every solve met its tolerance."),
    .always(
      "worst_residual", .finiteSize,
      "The largest relative residual of its solves; of the optimum the largest gradient norm."),
    .always("products", .count, unit: "products", "Products with the curvature."),
  ])

  /// A path at a step. The names of free parameters are `theta_1` to `theta_16`.
  private static let place = ResultObject(
    [
      .always("gradient_norm", .size, "‖∇R‖ of the remaining risk."),
      .always("risk", .number, "The remaining risk."),
    ], others: ("theta_n", .number))
}
