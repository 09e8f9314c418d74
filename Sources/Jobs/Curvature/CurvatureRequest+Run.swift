import Influence
import Network
import Tensor

extension CurvatureRequest {
  /// The curvature of a model's risk at a state over training samples.
  /// - Parameter places: the drawn places in the training split (`draw`).
  /// - Throws: `Cancelled`.
  func curvature<Element: Scalar>(
    of model: LoadedModel<Element>, at state: NetworkState<Element>, over places: [Int],
    _ environment: JobEnvironment, _ compute: Compute
  ) throws(Cancelled) -> SampledCurvature<Element> {
    try curvature(of: model, at: state, over: model.dataset.train.samples(places), environment, compute)
  }

  /// The same over given samples.
  /// - Throws: `Cancelled`.
  func curvature<Element: Scalar>(
    of model: LoadedModel<Element>, at state: NetworkState<Element>, over samples: Samples,
    _ environment: JobEnvironment, _ compute: Compute
  ) throws(Cancelled) -> SampledCurvature<Element> {
    try SampledCurvature(
      network: model.network, state: state, samples: samples, loss: model.loss,
      kind: matrix, weightDecay: model.weightDecay,
      memoryLimit: environment.memoryLimit, compute: compute)
  }

  /// The curvature of batches of the same samples, each made when it is drawn. Nil for a solver without
  /// batches.
  func batches<Element: Scalar>(
    of curvature: SampledCurvature<Element>, seed: Int
  ) -> BatchFamily<SampledCurvature<Element>>? {
    guard let wanted = solver.solver.samplesABatch else { return nil }
    let count = curvature.samples.count
    let size = min(wanted, count)
    var stream = RandomStream(seed: UInt64(seed), purpose: "lissa batches")
    let order = stream.permutation(count)
    // Batches have one size, so that each counts the same.
    return BatchFamily(count: count / size) { batch in
      try curvature.restricted(to: Array(order[batch * size..<(batch + 1) * size]))
    }
  }

  /// - Throws: `JobFailure.outOfResources` if the solver is `direct` and its dense matrix would not fit.
  func requireMemoryForDirect(rows: Int, columns: Int, _ environment: JobEnvironment) throws {
    guard solver.name == .direct else { return }
    // The matrix, and LAPACK's copy of it.
    let (bytes, overflow) = (2 * rows).multipliedReportingOverflow(by: 8 * columns)
    if overflow || bytes > environment.memoryLimit, columns <= DirectSolver.defaultDimensionLimit {
      throw JobFailure(
        .outOfResources,
        "The solver direct needs \(bytes >> 20) MiB for a matrix of \(rows) × \(columns), and a job may have "
          + "\(environment.memoryLimit >> 20) MiB.",
        advice: "Use lsmr or cg, or fewer parameters.")
    }
  }
}

extension SampleCount {
  /// At most `count` of the places, drawn with a seed.
  func draw(of places: [Int], _ purpose: String, seed: Int) -> [Int] {
    guard case .count(let count) = self, count < places.count else { return places }
    var stream = RandomStream(seed: UInt64(seed), purpose: purpose)
    return stream.sample(count, of: places.count).map { places[$0] }
  }
}

extension SampledCurvature {
  /// A warning if the memory limit made products slower. Their results are the same.
  func memoryWarnings(_ environment: JobEnvironment) -> [String] {
    let (kept, all) = (keptSamples, samples.count)
    guard kept < all else { return [] }
    return [
      "The memory limit of \(environment.memoryLimit >> 20) MiB holds the passes over \(kept) of \(all) samples: those over "
        + "the others were run again for every curvature product. The result is the same; a larger memory_limit or "
        + "fewer hessian_samples make it faster."
    ]
  }
}
