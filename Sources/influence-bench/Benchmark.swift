import Foundation
import Influence
import Network
import Tensor

/// One case on one model with random data, timed.
struct Benchmark {
  let options: BenchmarkOptions
  private let pool: ComputePool
  private let network: Network<Float>
  private let state: NetworkState<Float>
  private let samples: Samples
  private var compute: Compute { Compute(pool: pool) }

  init(_ options: BenchmarkOptions) throws {
    self.options = options
    pool = ComputePool(threads: options.threads)
    let input = Self.inputShape(options.model)
    guard let named = NamedArchitecture(name: options.model) else {
      throw BenchmarkFault(
        "there is no model \(options.model); known are \(NamedArchitecture.names.joined(separator: ", "))")
    }
    let layers = named.layers(input: input, outputs: 10)
    network = Network(try Architecture(layers: layers, input: input, outputs: 10))
    state = NetworkState(initial: network.layout, seed: 0)
    samples = Self.randomSamples(options.batch, input)
  }

  private static func inputShape(_ model: String) -> Shape {
    ["vgg11", "vgg13", "vgg14"].contains(model)
      ? Shape(height: 32, width: 32, channels: 3) : Shape(height: 28, width: 28, channels: 1)
  }

  private static func randomSamples(_ count: Int, _ shape: Shape, seed: UInt64 = 1) -> Samples {
    var stream = RandomStream(seed: seed, purpose: "benchmark samples")
    let inputs = (0..<count * shape.count).map { _ in Float(stream.normal()) }
    return Samples(
      source: TensorSource(inputs: inputs, shape: shape), indices: Array(0..<count),
      targets: .classes((0..<count).map { _ in Int32(stream.index(below: 10)) }))
  }

  /// Seconds of each counted run, after one that is not counted.
  func run() throws -> [Double] {
    let body = try prepared()
    try body()
    return try (0..<options.repeats).map { _ in
      let start = DispatchTime.now().uptimeNanoseconds
      try body()
      return Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
    }
  }

  /// Floating-point operations of one run, where they are plain to count.
  var operations: Double? {
    options.benchmark == .gemm ? Double(options.threads) * 8 * 2 * 512 * 512 * 512 : nil
  }

  private func prepared() throws -> () throws -> Void {
    switch options.benchmark {
    case .gemm: return gemm()
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
    let a = Buffer<Float>(count: n * n, zeroed: true)
    let b = Buffer<Float>(count: n * n, zeroed: true)
    return {
      try pool.run(options.threads) { _ in
        let c = Buffer<Float>(count: n * n)
        for _ in 0..<8 { Float.gemm(false, false, n, n, n, 1, a.pointer, n, b.pointer, n, 0, c.pointer, n) }
      }
    }
  }

  private func direction(_ count: Int) -> [Float] {
    var stream = RandomStream(seed: 2, purpose: "benchmark direction")
    return (0..<count).map { _ in Float(stream.normal()) }
  }

  private func product() throws -> () throws -> Void {
    let linearization = try Linearization(
      network: network, state: state, samples: samples, loss: .crossEntropy, compute: compute)
    let curvature = RiskCurvature(
      linearization, kind: options.benchmark == .ggn ? .gaussNewton : .hessian, weightDecay: 0)
    guard options.benchmark == .gif || options.benchmark == .fif else {
      let v = direction(curvature.dimension)
      var result = [Float].zeros(v.count)
      return { try curvature.apply(v, into: &result) }
    }
    let means = try network.meanOutputs(state, on: samples, compute: compute)
    let selection = ParameterSelection(
      .topOutputs, ratio: options.ratio, layout: network.layout, means: means, parameters: state.parameters,
      seed: 0)
    let v = direction(selection.indices.count)
    var result = [Float].zeros(v.count)
    if options.benchmark == .fif {
      let restricted = PrincipalRestriction(curvature, indices: selection.indices)
      return { try restricted.apply(v, into: &result) }
    }
    let normal = NormalOperator(ColumnRestriction(curvature, indices: selection.indices))
    return { try normal.apply(v, into: &result) }
  }

  /// Influence of the samples on test samples: one solve of 10 CG steps each, then one tangent pass each.
  private func scores() throws -> () throws -> Void {
    let tests = Self.randomSamples(options.tests, network.architecture.input, seed: 3)
    return {
      let linearization = try Linearization(
        network: network, state: state, samples: samples, loss: .crossEntropy, compute: compute)
      let curvature = DampedOperator(
        RiskCurvature(linearization, kind: .gaussNewton, weightDecay: 0.01), damping: 0)
      let gradients = try network.sampleGradients(state, on: tests, loss: .crossEntropy, compute: compute)
      let solver = BlockConjugateGradient(SolveOptions(iterationLimit: 10, tolerance: 1e-12))
      let solutions = try solver.solve(curvature, block: gradients.vectors)
      _ = try linearization.directionalDerivatives(VectorBlock(solutions.map(\.x)))
    }
  }
}
