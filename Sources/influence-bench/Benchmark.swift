import Foundation
import Influence
import Network
import Tensor

/// The time of one run: on the clock, and of all processors. The second disturbs less on a busy machine.
struct Seconds {
  let passed: Double
  let processor: Double

  static func of(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

/// One case on one model with random data, timed.
struct Benchmark<Element: Scalar> {
  let options: BenchmarkOptions
  let model: BenchmarkModel
  private let pool: ComputePool
  private let network: Network<Element>
  private let state: NetworkState<Element>
  private let samples: Samples
  private var compute: Compute { Compute(pool: pool) }

  init(_ options: BenchmarkOptions, _ model: BenchmarkModel) {
    self.options = options
    self.model = model
    pool = ComputePool(threads: options.threads)
    network = Network(model.architecture)
    state = NetworkState(initial: network.layout, seed: 0)
    samples = Self.randomSamples(model.batch, model.architecture, below: options.vocabulary)
  }

  /// - Parameter vocabulary: inputs are whole numbers below it; nil for normal ones.
  private static func randomSamples(
    _ count: Int, _ architecture: Architecture, below vocabulary: Int?, seed: UInt64 = 1
  ) -> Samples {
    var stream = RandomStream(seed: seed, purpose: "benchmark samples")
    let shape = architecture.input
    let inputs = (0..<count * shape.count).map { _ in
      vocabulary.map { Element(stream.index(below: $0)) } ?? Element(stream.normal())
    }
    return Samples(
      source: TensorSource(inputs: inputs, shape: shape), indices: Array(0..<count),
      targets: .classes((0..<count).map { _ in Int32(stream.index(below: architecture.output.count)) }))
  }

  /// Seconds of each counted run, after one that is not counted. Runs shorter than the clock is good for are
  /// timed many at a time.
  func run() throws -> [Seconds] {
    let body = try prepared()
    try body()
    let turns = try max(1, Int(2e-3 / Self.seconds(1, body).passed))
    return try (0..<options.repeats).map { _ in try Self.seconds(turns, body) }
  }

  /// The time of one run of `body`, of `turns` runs.
  private static func seconds(_ turns: Int, _ body: () throws -> Void) rethrows -> Seconds {
    let (start, used) = (Seconds.of(CLOCK_MONOTONIC), Seconds.of(CLOCK_PROCESS_CPUTIME_ID))
    for _ in 0..<turns { try body() }
    let passed = max(1e-9, Seconds.of(CLOCK_MONOTONIC) - start)
    return Seconds(
      passed: passed / Double(turns),
      processor: (Seconds.of(CLOCK_PROCESS_CPUTIME_ID) - used) / Double(turns))
  }

  /// Floating-point operations of one run, if they are plain to count (`BenchmarkOptions.usage`).
  var operations: Double? {
    let pass = 2 * Double(model.batch) * Double(model.architecture.multiplyAddsPerSample)
    switch options.benchmark {
    case .gemm: return Double(options.threads) * 8 * 2 * 512 * 512 * 512
    case .forward: return pass
    case .train, .gradient, .conv: return 3 * pass
    // Two terms in each of tangent forward, input gradient and weight gradient; Gauss–Newton has one in the
    // last two.
    case .hvp, .fif: return 6 * pass
    case .ggn: return 4 * pass
    case .gif: return 12 * pass
    case .scores: return nil
    }
  }

  private func prepared() throws -> () throws -> Void {
    switch options.benchmark {
    case .gemm: return gemm()
    case .conv:
      let passes = PrimalPasses(network, count: model.batch, compute: compute)
      return { try passes.run(state) }
    case .forward:
      return { _ = try network.evaluate(state, on: samples, loss: .crossEntropy, compute: compute) }
    case .gradient:
      return { _ = try network.gradient(state, on: samples, loss: .crossEntropy, compute: compute) }
    case .train:
      let options = TrainingOptions(epochs: 1_000_000, batchSize: samples.count, weightDecay: 5e-4)
      let trainer = Trainer(
        network: network, state: state, samples: samples, loss: .crossEntropy, options: options,
        compute: compute)
      return { _ = try trainer.runEpoch() }
    case .hvp, .ggn, .gif, .fif: return try product()
    case .scores: return try scores()
    }
  }

  private func gemm() -> () throws -> Void {
    let n = 512
    let a = Buffer<Element>(count: n * n, zeroed: true)
    let b = Buffer<Element>(count: n * n, zeroed: true)
    return {
      try pool.run(options.threads) { _ in
        let c = Buffer<Element>(count: n * n)
        for _ in 0..<8 { Element.gemm(false, false, n, n, n, 1, a.pointer, n, b.pointer, n, 0, c.pointer, n) }
      }
    }
  }

  private func direction(_ count: Int) -> [Element] {
    var stream = RandomStream(seed: 2, purpose: "benchmark direction")
    return (0..<count).map { _ in Element(stream.normal()) }
  }

  private func product() throws -> () throws -> Void {
    let linearization = try Linearization(
      network: network, state: state, samples: samples, loss: .crossEntropy, compute: compute)
    let curvature = SampledCurvature(
      linearization, kind: options.benchmark == .ggn ? .gaussNewton : .hessian, weightDecay: 0)
    guard options.benchmark == .gif || options.benchmark == .fif else {
      let v = direction(curvature.dimension)
      var result = [Element].zeros(v.count)
      return { try curvature.apply(v, into: &result) }
    }
    let means = try network.meanOutputs(state, on: samples, compute: compute)
    let selection = ParameterSelection(
      .topOutputs, ratio: options.ratio, layout: network.layout, means: means, parameters: state.parameters,
      seed: 0)
    let v = direction(selection.indices.count)
    var result = [Element].zeros(v.count)
    if options.benchmark == .fif {
      let restricted = PrincipalRestriction(curvature, indices: selection.indices)
      return { try restricted.apply(v, into: &result) }
    }
    let normal = NormalOperator(ColumnRestriction(curvature, indices: selection.indices))
    return { try normal.apply(v, into: &result) }
  }

  /// Influence of the samples on test samples: one solve of 10 CG steps each, then one tangent pass each.
  private func scores() throws -> () throws -> Void {
    let tests = Self.randomSamples(
      options.tests, network.architecture, below: options.vocabulary, seed: 3)
    return {
      let linearization = try Linearization(
        network: network, state: state, samples: samples, loss: .crossEntropy, compute: compute)
      let curvature = DampedOperator(
        SampledCurvature(linearization, kind: .gaussNewton, weightDecay: 0.01), damping: 0)
      let gradients = try network.sampleGradients(state, on: tests, loss: .crossEntropy, compute: compute)
      let solver = BlockConjugateGradient(SolveOptions(iterationLimit: 10, tolerance: 1e-12))
      let solutions = try solver.solve(curvature, block: gradients.vectors)
      _ = try linearization.directionalDerivatives(VectorBlock(solutions.map(\.x)))
    }
  }
}
