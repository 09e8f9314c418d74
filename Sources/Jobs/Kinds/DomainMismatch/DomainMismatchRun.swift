import Datasets
import Influence
import JSON
import Network
import Tensor

/// Ranks groups of training samples by their mean influence on test points.
struct DomainMismatchRun: PreciseRun {
  let request: DomainMismatchRequest
  let environment: JobEnvironment

  var target: ModelReference { request.target }

  func run<Element: Scalar>(
    _ model: LoadedModel<Element>, _ context: any JobContext, _ compute: Compute
  ) throws -> JSONValue {
    let (checkpoint, state) = try model.checkpoint(of: request.target, environment.catalog)
    let partition = model.partition()
    let task = InfluenceTask(
      model: model, state: state, partition: partition, context: context, environment: environment,
      compute: compute,
      progress: PhaseProgress(
        context, [("linearize", 0.05), ("test", 0.02), ("solve", 0.6), ("score", 0.33)]))
    let curvature = try task.linearize(request.curvature, checkpoint: checkpoint, seed: request.seed)
    let points = try task.points(request.test)
    let factors = try task.factors(of: points, curvature)
    try request.convergence.check(
      residuals: factors.residuals, converged: factors.converged, warnings: factors.warnings, "test point")
    let unreliable = factors.residuals.count { !ConvergenceDemand.isReliable($0) }
    let all = Array(0..<model.dataset.train.count)
    let factor = Self.mean(factors.vectors)
    let removal = FirstOrderRemoval(
      samples: partition.training.count, factor: factor[0], parameters: state.parameters,
      weightDecay: model.weightDecay)
    let scores = try task.scores(factor, of: model.dataset.train.samples(all))
    try context.writeArtifact("scores.npy", type: Element.artifact, shape: [all.count]) { sink in
      try sink(UnsafeRawBufferPointer(start: scores.pointer, count: all.count * MemoryLayout<Element>.size))
    }
    let trained = Set(partition.training)
    var groups = try (request.groups ?? []).map { group in
      try GroupScores(
        group, members: model.data.members(of: group.choice).filter { !model.data.removed.contains($0) },
        trained: trained, removal: removal
      ) { Double(scores.pointer[$0]) }
    }
    // The most harmful group comes first. Equal groups keep the order of the request.
    groups = groups.enumerated().sorted { ($0.element.mean, $0.offset) < ($1.element.mean, $1.offset) }
      .map(\.element)
    var result: JSONObject = [
      "checkpoint": .string(checkpoint),
      "samples": [
        "train": JSONValue(partition.training.count), "hessian": JSONValue(curvature.matrix.samples.count),
      ],
      "curvature": curvature.json, "reliable": .bool(unreliable == 0),
      "effect": removal.effect?.json ?? .null,
      "test": [
        "points": JSONValue(points.count), "split": .string(request.test.split.rawValue),
        "loss": .number(points.targets.reduce(0) { $0 + $1.loss } / Double(max(1, points.count))),
      ],
      "groups": .array(groups.map(\.json)),
      "solver": factors.solvers.count == 1 ? factors.solvers[0] : .array(factors.solvers),
      "warnings": JSONValue(
        factors.warnings + ConvergenceDemand.warning(of: unreliable, of: points.count, "test points")
          + curvature.matrix.memoryWarnings(environment)),
    ]
    try CheckpointCaution(
      checkpoint, state, model, training: partition.training, environment.catalog, compute
    ).add(to: &result)
    return .object(result)
  }

  /// The factor of the mean loss of the points, as a block of one.
  private static func mean<Element: Scalar>(_ factors: VectorBlock<Element>) -> VectorBlock<Element> {
    guard factors.count > 1 else { return factors }
    let share = 1 / Double(factors.count)
    return factors.combinations(Array(repeating: share, count: factors.count), rows: 1)
  }
}

/// The scores of a group's samples, and the effect of leaving the group out.
struct GroupScores: Sendable {
  let name: String
  let member: (name: String, value: JSONValue)
  let count: Int
  let trained: Int
  let mean: Double
  /// The mean change of the test loss if one of the group's samples is left out; nil if nothing would remain.
  let effect: Double?
  let sum: Double
  let smallest: Double
  let largest: Double
  let helpful: Int
  /// The first-order change of the test loss if the group's training samples are left out. Nil if the model
  /// was trained on no other samples.
  let removalEffect: Double?

  init(
    _ group: DomainMismatchRequest.Group, members: [Int], trained isTrained: Set<Int>,
    removal: FirstOrderRemoval, score: (Int) -> Double
  ) throws {
    let scores = members.map(score)
    guard scores.allSatisfy(\.isFinite) else { throw JobFailure.nonFiniteScore }
    name = group.name
    member = group.choice.member
    count = scores.count
    sum = scores.reduce(0, +)
    mean = scores.isEmpty ? 0 : sum / Double(scores.count)
    effect = scores.isEmpty ? nil : removal.effect.map { [mean] in $0(mean) }
    smallest = scores.min() ?? 0
    largest = scores.max() ?? 0
    helpful = scores.count { (removal.effect?($0) ?? $0) > 0 }
    let own = zip(members, scores).filter { isTrained.contains($0.0) }
    trained = own.count
    removalEffect = removal.change(removing: own.count, scores: own.reduce(0) { $0 + $1.1 })
  }

  var json: JSONValue {
    var object: JSONObject = ["name": .string(name)]
    if case .array = member.value {} else { object[member.name] = member.value }
    return .object(
      object.merging([
        "samples": JSONValue(count), "trained": JSONValue(trained), "effect": JSONValue(effect),
        "removal_effect": JSONValue(removalEffect), "mean": .number(mean), "sum": .number(sum),
        "smallest": .number(smallest), "largest": .number(largest),
        "helpful_share": .number(count > 0 ? Double(helpful) / Double(count) : 0),
      ]))
  }
}

// MARK: - Result

extension DomainMismatchRequest {
  public static let result = ResultObject([
    .checkpoint, .samples([.trainSamples, .hessianSamples]),
    .always("curvature", .object(.rankingCurvature), "The matrix."),
    .always("reliable", .flag, "Whether every solve is good enough for a ranking."),
    .always(
      "effect", .nullable(.object(.effect)), "How effects follow from scores; null if nothing would remain."),
    .always(
      "test",
      .object(
        ResultObject([
          .always("points", .count, "Test points."),
          .always("split", .choice(TestChoice.Split.allCases.map(\.rawValue)), "The split they are of."),
          .always("loss", .number, "Their mean loss."),
        ])), "The test points."),
    .always("groups", .list(.object(group)), "The groups, the most harmful first."),
    .always(
      "solver", .either([.object(.factorSolve), .list(.object(.factorSolve))]),
      "The solve, or one a test point."),
    .warnings, .checkpointGradient,
  ])

  private static let group = ResultObject(
    [
      .always("name", .text, "The name of the group."),
      .sometimes("class", .count, "The class that it is."),
    ]
      + SampleGroup.allCases.map { .sometimes($0.rawValue, .flag, "Whether it is this group.") } + [
        .always("samples", .count, unit: "samples", "Its samples."),
        .always("trained", .count, unit: "samples", "Those that the model was trained on."),
        .always(
          "effect", .nullable(.number),
          "The mean effect of leaving out one of them; null if nothing would remain."),
        .always(
          "removal_effect", .nullable(.number),
          "By how much leaving all of them out changes the loss, to first order; "
            + "null if nothing would remain."
        ),
        .always("mean", .number, "The mean score."), .always("sum", .number, "The sum of scores."),
        .always("smallest", .number, "The smallest score."),
        .always("largest", .number, "The largest score."),
        .always("helpful_share", .share, "The share of samples without which the loss would rise."),
      ])
}
