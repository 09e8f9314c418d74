import Datasets
import Influence
import JSON
import Network
import Tensor

/// Scores of training samples for test points, and their self-influence.
///
/// Stages:
/// - Find the test points.
/// - Solve for their factors, or take stored factors.
/// - For each factor run one tangent pass over the training samples (`perturbation`: forward and back).
/// - Compute the self-influence.
struct InfluenceRun: PreciseRun {
  let request: InfluenceRequest
  let environment: JobEnvironment

  var target: ModelReference { request.target }

  func run<Element: Scalar>(
    _ model: LoadedModel<Element>, _ context: any JobContext, _ compute: Compute
  ) throws -> JSONValue {
    let (checkpoint, state) = try model.checkpoint(of: request.target, environment.catalog)
    let partition = model.partition()
    let task = InfluenceTask(
      model: model, state: state, partition: partition, context: context, environment: environment,
      compute: compute, progress: PhaseProgress(context, phases))
    let places = request.train.places(model.dataset.train.count)
    let scored = model.dataset.train.samples(places)
    var result: JSONObject = [
      "checkpoint": .string(checkpoint), "influence": .string(request.effect.rawValue),
      "train": ["samples": JSONValue(places.count), "trained": JSONValue(task.trainedCount(places))],
    ]
    var warnings: [String] = []
    var curvature: RankingCurvature<Element>?
    if request.factors == nil || request.selfInfluence {
      let made = try task.linearize(request.curvature, checkpoint: checkpoint, seed: request.seed)
      result["samples"] = [
        "train": JSONValue(partition.training.count), "hessian": JSONValue(made.matrix.samples.count),
      ]
      result["curvature"] = made.json
      warnings += made.matrix.memoryWarnings(environment)
      curvature = made
    }
    if let id = request.factors {
      result["curvature"] = try environment.catalog.job(id: id)?.result["curvature"]
    }

    var tests: [JSONValue] = []
    if let choice = try testChoice() {
      let points = try task.points(choice)
      let factors = try factors(task, points, curvature)
      try request.convergence.check(
        residuals: factors.residuals, converged: factors.converged, warnings: factors.warnings, "test point")
      let isReliable = factors.residuals.map(ConvergenceDemand.isReliable)
      warnings += factors.warnings
      warnings += ConvergenceDemand.warning(
        of: isReliable.count { !$0 }, of: isReliable.count, "lists of test points")
      if request.factors == nil { try factors.write(model.layout, to: context) }
      let effects = (0..<factors.vectors.count).map { effect(of: factors.vectors[$0], task) }
      let rankings =
        request.effect == .upweight
        ? try upweight(task, factors, scored, effects) : try perturbation(task, factors, scored)
      let rows = SampleRows(model.dataset, trained: partition.training)
      tests = points.targets.indices.map { place in
        var row = points.json(points.targets[place])
        row["reliable"] = .bool(isReliable[place])
        row["effect"] = effects[place]?.json ?? .null
        for (name, field, ranking) in rankings[place] {
          row[name] = .array(
            ranking.best.map {
              rows.row(places[$0.place], effect: effects[place]?($0.value), field, $0.value)
            })
        }
        row["solver"] = factors.solvers[place]
        return .object(row)
      }
      result["solver"] = summary(factors)
    }
    result["tests"] = .array(tests)
    if request.selfInfluence, let curvature, let solver = request.selfSolver {
      let own = try task.selfInfluence(of: scored, curvature, solver: solver)
      try own.check(request.convergence)
      try own.write(to: context, Element.self)
      warnings += own.status.warnings(of: places.count)
      let rows = SampleRows(model.dataset, trained: partition.training)
      result["self_influence"] = own.json(top: request.top, isReliable: own.isReliable) {
        rows.row(places[$0], effect: $1, "self_influence", $2)
      }
    }
    result["warnings"] = JSONValue(warnings)
    try CheckpointCaution(
      checkpoint, state, model, training: partition.training, environment.catalog, compute
    ).add(to: &result)
    return .object(result)
  }

  private var phases: [(phase: String, weight: Double)] {
    var phases = [("linearize", 0.05), ("test", 0.02)]
    if request.factors == nil, request.test != nil { phases.append(("solve", 0.6)) }
    if request.factors != nil || request.test != nil { phases.append(("score", 0.3)) }
    if request.selfInfluence { phases.append(("self_influence", 1)) }
    return phases
  }

  /// The points of the request, or the points of the job whose factors are used.
  private func testChoice() throws -> TestChoice? {
    guard let id = request.factors else { return request.test }
    guard let job = try environment.catalog.job(id: id) else {
      throw JobFailure(.missing, "There is no job \(id) any more.", advice: "Leave factors out.")
    }
    guard let stored = job.request["test"], !stored.isNull else { return TestChoice() }
    do {
      return try TestChoice.form().value(of: stored)
    } catch {
      throw JobFailure(.corrupt, "The request of the job \(id) cannot be read: \(error).")
    }
  }

  private func factors<Element: Scalar>(
    _ task: InfluenceTask<Element>, _ points: TestPoints, _ curvature: RankingCurvature<Element>?
  ) throws -> FactorSet<Element> {
    if let id = request.factors {
      let stored = try FactorSet<Element>(storedBy: id, layout: task.model.layout, environment.catalog)
      guard stored.vectors.count == points.count else {
        throw JobFailure(.corrupt, "The factors of the job \(id) are not those of its test points.")
      }
      return stored
    }
    guard let curvature else { throw JobFailure(.internal, "A solve without a curvature.") }
    return try task.factors(of: points, curvature)
  }

  /// The meaning of the scores by a factor.
  ///
  /// The derivative of a score by an input x, times −1/n, is the derivative of the loss. So the loss moves by
  /// at most its norm over n if x moves by 1.
  private func effect<Element: Scalar>(of factor: [Element], _ task: InfluenceTask<Element>) -> SampleEffect?
  {
    let samples = task.partition.training.count
    if request.effect == .perturbation {
      return samples > 0 ? SampleEffect(scale: 1 / Double(samples), offset: 0) : nil
    }
    return FirstOrderRemoval(
      samples: samples, factor: factor, parameters: task.state.parameters, weightDecay: task.model.weightDecay
    ).effect
  }

  /// The sums and extremes over all solves.
  private func summary<Element: Scalar>(_ factors: FactorSet<Element>) -> JSONValue {
    func sum(_ name: String) -> Int {
      factors.solvers.reduce(0) { $0 + ($1[name]?.integerValue ?? 0) }
    }
    return [
      "name": factors.solvers.first?["name"] ?? .null,
      "converged": .bool(factors.converged),
      "curvature_products": JSONValue(request.factors == nil ? sum("curvature_products") : 0),
      "factors_of": JSONValue(request.factors),
      "relative_residual": .number(
        factors.solvers.compactMap { $0["relative_residual"]?.doubleValue }.max() ?? 0),
    ]
  }

  /// A list of a row of `tests`: its name, the name of its values, and its samples.
  private typealias NamedRanking = (name: String, field: String, ranking: ScoreRanking)

  /// Whether the lists may name a sample. If the request scores all samples, only training samples of the
  /// model are listed. Otherwise every sample of the request may be.
  private func isNamed<Element: Scalar>(_ task: InfluenceTask<Element>, _ scored: Samples) -> [Bool] {
    guard request.train == .all else { return Array(repeating: true, count: scored.count) }
    let trained = Set(task.partition.training)
    return scored.indices.map { trained.contains($0) }
  }

  @specialized(where Element == Float)
  @specialized(where Element == Double)
  private func upweight<Element: Scalar>(
    _ task: InfluenceTask<Element>, _ factors: FactorSet<Element>, _ scored: Samples,
    _ effects: [SampleEffect?]
  ) throws -> [[NamedRanking]] {
    let count = scored.count
    let scores = try task.scores(factors.vectors, of: scored)
    try task.context.writeArtifact(
      "scores.npy", type: Element.artifact, shape: [factors.vectors.count, count]
    ) { sink in
      try sink(
        UnsafeRawBufferPointer(start: scores.pointer, count: scores.count * MemoryLayout<Element>.size))
    }
    let isNamed = isNamed(task, scored)
    return try (0..<factors.vectors.count).map { test in
      // A sample helps if the loss would rise without it. Then its score is above this one.
      let neutral = effects[test].map { -$0.offset / $0.scale } ?? 0
      var helpful = ScoreRanking(limit: request.top, above: neutral)
      var harmful = ScoreRanking(limit: request.top, above: -neutral)
      for place in 0..<count {
        let score = Double(scores.pointer[test * count + place])
        guard score.isFinite else { throw JobFailure.nonFiniteScore }
        guard isNamed[place] else { continue }
        helpful.add(place, score)
        harmful.add(place, -score)
      }
      return [("helpful", "score", helpful), ("harmful", "score", harmful.negated)]
    }
  }

  private func perturbation<Element: Scalar>(
    _ task: InfluenceTask<Element>, _ factors: FactorSet<Element>, _ scored: Samples
  ) throws -> [[NamedRanking]] {
    let input = task.model.network.architecture.input
    let (count, size) = (scored.count, input.count)
    let values = Buffer<Element>(count: factors.vectors.count * count * size)
    var largest = factors.solvers.map { _ in ScoreRanking(limit: request.top) }
    let total = Double(max(1, count))
    let isNamed = isNamed(task, scored)
    try PerturbationScores.forEachPiece(
      task.model.network, task.state, on: scored, loss: task.model.loss, factors: factors.vectors,
      compute: task.compute
    ) { factor, places, rows in
      (values.pointer + (factor * count + places.lowerBound) * size).update(from: rows, count: rows.count)
      for (row, place) in places.enumerated() {
        let norm = Array(rows[row * size..<(row + 1) * size]).norm
        guard norm.isFinite else { throw JobFailure.nonFiniteScore }
        if isNamed[place] { largest[factor].add(place, norm) }
      }
      let part = Double(factor + 1) / Double(factors.vectors.count)
      try task.progress.advance(
        "score", (Double(places.lowerBound) + part * Double(places.count)) / total,
        "\(places.upperBound) of \(count) samples")
    }
    try task.context.writeArtifact(
      "scores.npy", type: Element.artifact,
      shape: [factors.vectors.count, count]
        + (input.isVector ? [input.channels] : [input.channels, input.height, input.width])
    ) { sink in
      try sink(
        UnsafeRawBufferPointer(start: values.pointer, count: values.count * MemoryLayout<Element>.size))
    }
    return largest.map { [("largest", "norm", $0)] }
  }
}

extension JobFailure {
  static var nonFiniteScore: JobFailure {
    JobFailure(
      .nonFinite, "A score is infinite or NaN.",
      advice: "Check that the weights are finite; then add damping or use a model in float64.")
  }
}
