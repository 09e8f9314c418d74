import Influence
import JSON
import Network
import Tensor

/// A model at a checkpoint, with the steps that jobs on influences share: curvature, factors, scores,
/// self-influence.
///
/// Progress goes to the phases `test`, `linearize`, `solve`, `score` and `self_influence`.
struct InfluenceTask<Element: Scalar>: Sendable {
  let model: LoadedModel<Element>
  let state: NetworkState<Element>
  let partition: Partition
  let context: any JobContext
  let environment: JobEnvironment
  let compute: Compute
  let progress: PhaseProgress

  /// The number of some training samples that the model was trained on.
  func trainedCount(_ places: [Int]) -> Int {
    let trained = Set(partition.training)
    return places.reduce(0) { $0 + (trained.contains($1) ? 1 : 0) }
  }

  func points(_ choice: TestChoice) throws -> TestPoints {
    try progress.advance("test", 0, "losses of the \(choice.split.rawValue) split")
    return try model.testPoints(choice, state, compute)
  }

  /// The curvature over samples that the model was trained on, drawn with the seed, with its damping settled.
  /// - Parameter checkpoint: an automatic damping is derived from its trainings.
  func linearize(
    _ request: CurvatureRequest, checkpoint: String, seed: Int
  ) throws -> RankingCurvature<Element> {
    let drawn = request.samples.draw(of: partition.training, "hessian samples", seed: seed)
    guard !drawn.isEmpty else {
      throw JobFailure(
        .unacceptable, "The model was trained on no sample.", advice: "Give it a recipe that leaves some.")
    }
    try progress.advance("linearize", 0, "\(drawn.count) samples")
    let matrix = try request.curvature(of: model, at: state, over: drawn, environment, compute)
    try progress.advance("linearize", 0.8, "damping")
    return try RankingCurvature(
      request, matrix, of: model, time: model.trainedTime(checkpoint, environment.catalog), seed: seed,
      compute)
  }

  /// +(H + δI)⁻¹∇ℓ of every target, kept for a later attempt of the job.
  func factors(of points: TestPoints, _ curvature: RankingCurvature<Element>) throws -> FactorSet<Element> {
    let (count, length) = (points.count, model.layout.parameterCount)
    if let saved = FactorSet<Element>(try context.resumeState("factors"), count: count, length: length) {
      return saved
    }
    let request = curvature.request
    try request.requireMemoryForDirect(rows: length, columns: length, environment)
    try progress.advance("solve", 0, "\(count) right-hand sides")
    let gradients = try points.gradients(model, state, compute)
    let share = SolveShare(tolerance: request.solver.tolerance, isSingle: Element.precision == .float32)
    let factors = try InfluenceFactors(
      curvature.matrix, gradients: gradients, solver: curvature.solver, batches: curvature.batches
    ) { step in
      let turn = step.count > step.active ? "\(step.solved) of \(step.count) solved, " : ""
      try progress.advance(
        "solve", share.share(step),
        turn + "iteration \(step.step.iteration) of at most \(step.step.limit), relative residual "
          + step.step.relativeResidual.shortText)
    }
    let set = FactorSet(factors)
    try context.saveResumeState("factors", set.bytes)
    return set
  }

  /// sᵀ∇ℓ(z) of every factor and sample, row-major [factors, samples], in one pass over the samples.
  @specialized(where Element == Float)
  @specialized(where Element == Double)
  func scores(_ factors: VectorBlock<Element>, of samples: Samples) throws -> Buffer<Element> {
    try progress.advance("score", 0, "\(samples.count) samples")
    let count = samples.count
    let scores = Buffer<Element>(count: factors.count * count)
    let report: @Sendable (Int, Int) -> Void = { [progress] done, total in
      progress.report("score", Double(done) / Double(max(1, total)), "\(count) samples")
    }
    try model.network.forEachDirectionalDerivative(
      state, on: samples, along: factors, loss: model.loss, compute: compute, progress: report
    ) { factor, places, values in
      for (row, place) in places.enumerated() {
        scores.pointer[factor * count + place] = Element(values[row])
      }
    }
    try context.throwIfInterrupted()
    return scores
  }

  /// gᵀ(H + δI)⁻¹g of every sample, and the change of the sample's own loss without it.
  func selfInfluence(
    of samples: Samples, _ curvature: RankingCurvature<Element>, solver: SolverRequest
  ) throws -> OwnInfluence {
    let length = model.layout.parameterCount
    if solver.name == .direct { try requireMemory(length) }
    try progress.advance("self_influence", 0, "\(samples.count) samples")
    let own = try SelfInfluence(
      of: samples, at: state, network: model.network, loss: model.loss, curvature: curvature.matrix,
      solver: curvature.choice(of: solver), batches: curvature.batches(for: solver), compute: compute
    ) { [progress] share, detail in progress.report("self_influence", 0.95 * share, detail) }
    guard own.values.allSatisfy(\.isFinite) else { throw JobFailure.nonFiniteScore }
    return OwnInfluence(
      own, effects: try ownEffects(own.values, of: samples, curvature), samples: partition.training.count)
  }

  /// (gᵀ(H + δI)⁻¹(g + λθ̂))/(n − 1) of every sample, that is `FirstOrderRemoval` with the sample's own loss
  /// as the test loss. All samples share (H + δI)⁻¹θ̂. Nil if n is 1.
  private func ownEffects(
    _ values: [Double], of samples: Samples, _ curvature: RankingCurvature<Element>
  ) throws -> [Double]? {
    let others = Double(partition.training.count - 1)
    guard others > 0 else { return nil }
    guard model.weightDecay != 0 else { return values.map { $0 / others } }
    let solver = SolverRequest(name: .cg)
    let pull = try InfluenceFactors(
      curvature.matrix, gradients: VectorBlock([state.parameters]), solver: curvature.choice(of: solver)
    ) { _ in try context.throwIfInterrupted() }
    let slopes = try model.network.directionalDerivatives(
      state, on: samples, along: pull.vectors, loss: model.loss, compute: compute)[0]
    return zip(values, slopes).map { ($0 + model.weightDecay * $1) / others }
  }

  /// - Throws: `JobFailure.outOfResources` if the dense matrix and its factor would not fit.
  private func requireMemory(_ length: Int) throws {
    let bytes = 2 * 8 * length * length
    guard bytes > environment.memoryLimit else { return }
    throw JobFailure(
      .outOfResources,
      "The self_solver direct needs \(bytes >> 20) MiB for a matrix of \(length) × \(length), and a job may have "
        + "\(environment.memoryLimit >> 20) MiB.", advice: "Use arnoldi or cg.")
  }
}

extension SelfInfluence.Status {
  /// The smallest rank correlation with exact values at which a low-rank answer is given as a ranking.
  static let smallestCorrelation = 0.9

  /// Whether the values may be given as a ranking. Solves are judged by their residuals. A low rank is judged
  /// by the order of samples that are solved exactly.
  var isReliable: Bool {
    guard reasons[.lowRank] != nil else { return ConvergenceDemand.isReliable(relativeResidual) }
    if let rankCorrelation { return rankCorrelation >= Self.smallestCorrelation }
    return medianError.map(ConvergenceDemand.isReliable) ?? false
  }

  var json: JSONValue {
    var reasons = self.reasons.map { ($0.key.rawValue, JSONValue($0.value)) }
    reasons.sort { $0.0 < $1.0 }
    var object: JSONObject = [
      "name": .string(solver), "damping": .number(damping), "solves": JSONValue(solves),
      "converged": JSONValue(converged), "exact": .bool(isExact), "reasons": .object(JSONObject(reasons)),
      "relative_residual": .number(relativeResidual), "curvature_products": JSONValue(curvatureProducts),
    ]
    if let rank { object["rank"] = JSONValue(rank) }
    if let negativeEigenvalues { object["negative_eigenvalues"] = JSONValue(negativeEigenvalues) }
    if solver == "arnoldi", rank != nil {
      object["median_error"] = JSONValue(medianError)
      object["largest_error"] = JSONValue(largestError)
      object["rank_correlation"] = JSONValue(rankCorrelation)
    }
    return .object(object)
  }

  /// Warnings about values that are not exact.
  func warnings(of count: Int) -> [String] {
    var warnings: [String] = []
    if let negativeEigenvalues, negativeEigenvalues > 0 {
      warnings.append(
        "The curvature has \(negativeEigenvalues) negative eigenvalues: self-influences need not be positive. Add damping, or use "
          + "hessian gauss_newton.")
    }
    if reasons[.lowRank] != nil {
      let errors =
        medianError.map { median in
          "on \(solves) samples that were solved exactly the median error is \(median.shortText), the largest "
            + (largestError ?? 0).shortText
            + (rankCorrelation.map { ", the rank correlation \($0.shortText)" } ?? "")
        } ?? "it could not be checked, since the exact solves did not converge"
      warnings.append(
        "The self-influence is of rank \(rank ?? 0): \(errors). Raise the rank, or use cg or direct.")
    } else if converged < solves {
      let reasons = reasons.map { "\($0.key.rawValue): \($0.value)" }.sorted().joined(separator: ", ")
      warnings.append(
        "\(solves - converged) of \(solves) self-influence solves did not reach their tolerance (\(reasons)); the largest relative "
          + "residual is \(relativeResidual.shortText).")
    }
    return warnings
  }
}
