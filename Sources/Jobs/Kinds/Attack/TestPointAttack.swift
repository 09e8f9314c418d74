import Datasets
import Influence
import Network
import Tensor

/// The attack on one test point.
struct TestPointAttack<Element: Scalar> {
  let request: AttackRequest
  let model: LoadedModel<Element>
  /// θ̂.
  let state: NetworkState<Element>
  /// The training samples of the model, ascending.
  let training: [Int]
  let environment: JobEnvironment
  let compute: Compute

  /// - Parameter progress: receives the number of finished iterations and a text.
  func run(
    _ points: TestPoints, _ place: Int, progress: (Int, String) throws -> Void
  ) throws -> AttackOutcome {
    let test = points.samples.selecting([place])
    let clean = model.dataset.train.samples(training)
    try progress(0, "training on the samples as they are")
    // If θ̂ is no minimum, further training alone may change the reading. The control run shows by how much.
    let control = try refit(state, clean)
    try progress(0, "looking for training points")
    var factor = try self.factor(test, control.state, clean)
    let chosen = try choose(factor.x, control.state)
    let originals = chosen.map { model.dataset.train.inputs([$0], as: Double.self).elements }
    let boxes = originals.map { InputBox(around: $0, epsilon: request.epsilon, model.dataset) }
    var changed = originals
    var present = control.state
    var outcome = AttackOutcome(before: try reading(test, control.state))
    outcome.isConverged = control.report.converged
    try outcome.note(factor.report, demand: request.convergence)
    while outcome.iterations < request.iterations, !outcome.isFlipped {
      let iteration = outcome.iterations + 1
      try progress(
        iteration - 1,
        "iteration \(iteration) of at most \(request.iterations), loss \(outcome.after.loss.shortText)")
      let samples = clean.overlaid(Dictionary(uniqueKeysWithValues: zip(chosen, changed)))
      if iteration > 1 {
        factor = try self.factor(test, present, samples)
        try outcome.note(factor.report, demand: request.convergence)
      }
      // The test loss falls if inputs move along +∇ₓ(sᵀ∇ℓ). The attack wants it to rise, so inputs move the
      // other way.
      let slopes = try perturbationScores(factor.x, present, samples, chosen)
      for (row, box) in boxes.enumerated() {
        for index in changed[row].indices {
          let slope = slopes[row][index]
          let direction: Double = slope > 0 ? -1 : slope < 0 ? 1 : 0
          changed[row][index] += request.step * box.units[index] * direction
        }
        box.project(&changed[row])
      }
      let fitted = try refit(
        present, clean.overlaid(Dictionary(uniqueKeysWithValues: zip(chosen, changed))))
      present = fitted.state
      outcome.iterations = iteration
      outcome.note(try reading(test, present), fitted.report)
    }
    // The verdict comes from one training from θ̂ on the changed points, not from the path of the attack.
    try progress(outcome.iterations, "training once more from the checkpoint")
    let checked = try refit(state, clean.overlaid(Dictionary(uniqueKeysWithValues: zip(chosen, changed))))
    outcome.finish(try reading(test, checked.state), checked.report)
    outcome.points = zip(chosen, zip(originals, changed)).enumerated().map { row, entry in
      let (index, (original, inputs)) = entry
      let moves = inputs.indices.map { (inputs[$0] - original[$0]) / boxes[row].units[$0] }
      return AttackOutcome.Point(
        index: index, inputs: inputs, largestMove: moves.map(\.magnitude).max() ?? 0, norm: moves.norm)
    }
    return outcome
  }

  private func reading(_ test: Samples, _ state: NetworkState<Element>) throws -> AttackOutcome.Reading {
    let columns = model.network.architecture.output.count
    let predicted = Buffer<Int32>(count: 1)
    let evaluation = try model.network.evaluate(state, on: test, loss: model.loss, compute: compute) {
      _, row in
      guard let base = row.baseAddress else { return }
      predicted.pointer[0] = Int32(Loss.predictedClass(base, columns: columns))
    }
    return AttackOutcome.Reading(loss: evaluation.meanLoss, predicted: Int(predicted.pointer[0]))
  }

  /// s = (H + δI)⁻¹∇ℓ of the test point.
  private func factor(
    _ test: Samples, _ state: NetworkState<Element>, _ samples: Samples
  ) throws -> Solution<Element> {
    let places = request.curvature.samples.draw(
      of: Array(0..<samples.count), "hessian samples", seed: request.seed)
    let curvature = try request.curvature.curvature(
      of: model, at: state, over: samples.selecting(places), environment, compute)
    let gradient = try model.network.gradient(state, on: test, loss: model.loss, compute: compute).gradient
    // The attack goes from minimum to minimum, so the training behind the checkpoint does not matter.
    let ranking = try RankingCurvature(
      request.curvature, curvature, of: model, time: .endless, seed: request.seed, compute)
    return try ranking.solver.solve(curvature, block: [gradient], batches: ranking.batches)[0]
  }

  /// ∇ₓ(sᵀ∇ℓ) of some training samples, channels-last, a row each.
  private func perturbationScores(
    _ factor: [Element], _ state: NetworkState<Element>, _ samples: Samples, _ chosen: [Int]
  ) throws -> [[Double]] {
    let places = Dictionary(uniqueKeysWithValues: samples.indices.enumerated().map { ($1, $0) })
    let own = chosen.compactMap { places[$0] }
    let size = model.network.architecture.input.count
    var rows: [[Double]] = []
    for start in stride(from: 0, to: own.count, by: 64) {
      let part = Array(own[start..<min(start + 64, own.count)])
      let values = try Linearization(
        network: model.network, state: state, samples: samples.selecting(part), loss: model.loss,
        compute: compute
      ).inputGradients(factor)
      rows += part.indices.map { values[$0 * size..<($0 + 1) * size].map(Double.init) }
    }
    return rows
  }

  /// The training points to change: the named points, or those with the largest 1-norm of ∇ₓ(sᵀ∇ℓ).
  ///
  /// The 1-norm bounds the effect of a change of one size in every value. Of equal points the lower index
  /// comes first.
  @specialized(where Element == Float)
  @specialized(where Element == Double)
  private func choose(_ factor: [Element], _ state: NetworkState<Element>) throws -> [Int] {
    guard case .strongest(let count) = request.train else {
      if case .indices(let indices) = request.train { return indices }
      return []
    }
    let shape = model.dataset.shape
    let deviations = model.dataset.normalization.standardDeviation
    var strengths: [(strength: Double, index: Int)] = []
    try PerturbationScores.forEachPiece(
      model.network, state, on: model.dataset.train.samples(training), loss: model.loss,
      factors: VectorBlock([factor]), compute: compute
    ) { _, places, rows in
      for (row, place) in places.enumerated() {
        var strength = 0.0
        for channel in 0..<shape.channels {
          let start = row * shape.count + channel * shape.positions
          let own = rows[start..<start + shape.positions].reduce(0.0) { $0 + abs(Double($1)) }
          strength += own / deviations[channel]
        }
        strengths.append((strength, training[place]))
      }
    }
    strengths.sort { (-$0.strength, $0.index) < (-$1.strength, $1.index) }
    return strengths.prefix(count).map(\.index)
  }

  /// The minimum of the risk over samples, found from a state.
  private func refit(
    _ start: NetworkState<Element>, _ samples: Samples
  ) throws -> (state: NetworkState<Element>, report: MinimizationReport) {
    guard
      case .minimization(var options) = request.training.method(
        weightDecay: model.weightDecay, seed: request.seed, samples: samples.count)
    else { throw JobFailure(.internal, "an attack was to retrain by minibatches.") }
    // The recipe's goal is too coarse: a change of few inputs moves the gradient by little.
    options.gradientNorm = nil
    options.sufficientNorm = NetworkRisk.sampleTolerance(
      scale: try NetworkRisk(
        network: model.network, state: start, samples: samples, loss: model.loss,
        weightDecay: model.weightDecay, memoryLimit: 0, compute: compute
      ).gradientScale(start.parameters.map { Double($0) }), samples: samples.count)
    let minimization = try RiskMinimization(
      network: model.network, from: start, samples: samples, loss: model.loss,
      weightDecay: model.weightDecay, options: options, memoryLimit: environment.memoryLimit,
      compute: compute)
    let report = try minimization.run { _ in try compute.cancellation?.check() }
    return (minimization.state(Element.self), report)
  }
}
