import Network
import Tensor
import TestSupport
import Testing

/// Networks with frozen parameters against the same networks without.
@Suite struct FrozenTests {
  private let compute = Compute(pool: testPool)

  /// Layers, and those of them that are frozen.
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let input: Shape
    let layers: [LayerDescription]
    let frozen: Set<Int>

    func network(frozen: Set<Int>) throws -> Network<Double> {
      let layers = layers.enumerated().map { index, layer in
        var layer = layer
        layer.isTrainable = !frozen.contains(index)
        return layer
      }
      return Network(try Architecture(layers: NamedLayer.sequential(layers), input: input, outputs: 3))
    }
  }

  private static let block = LayerDescription.residual(
    layers: NamedLayer.sequential(
      [.conv2d(outChannels: 4, kernel: [3, 3], padding: 1, bias: false), .batchNorm2d(), .relu],
      prefix: "3.layers."), shortcut: nil)

  static let cases = [
    Case(
      testDescription: "the head alone", input: Shape(features: 5),
      layers: [.linear(outFeatures: 6), .tanh, .linear(outFeatures: 4), .tanh, .linear(outFeatures: 3)],
      frozen: [0, 2]),
    Case(
      testDescription: "the middle", input: Shape(features: 5),
      layers: [.linear(outFeatures: 6), .tanh, .linear(outFeatures: 4), .sigmoid, .linear(outFeatures: 3)],
      frozen: [2]),
    Case(
      testDescription: "the head", input: Shape(features: 5),
      layers: [.linear(outFeatures: 6), .tanh, .linear(outFeatures: 3)], frozen: [2]),
    Case(
      testDescription: "a convolution before its normalization", input: SmallNetwork.picture,
      layers: [
        .conv2d(outChannels: 4, kernel: [3, 3], padding: 1), .batchNorm2d(), .relu, .flatten,
        .linear(outFeatures: 3),
      ], frozen: [0]),
    Case(
      testDescription: "a normalization", input: SmallNetwork.picture,
      layers: [
        .conv2d(outChannels: 4, kernel: [3, 3], padding: 1), .batchNorm2d(), .relu, .flatten,
        .linear(outFeatures: 3),
      ], frozen: [1]),
    Case(
      testDescription: "a block", input: SmallNetwork.picture,
      layers: [
        .conv2d(outChannels: 4, kernel: [3, 3], padding: 1), .batchNorm2d(), .relu, block, .flatten,
        .linear(outFeatures: 3),
      ], frozen: [3]),
  ]

  /// The same values by name in another network.
  private func copy(
    _ state: NetworkState<Double>, _ from: ParameterLayout, to target: Network<Double>
  ) -> NetworkState<Double> {
    var copy = NetworkState<Double>(initial: target.layout, seed: 1)
    for tensor in target.layout.tensors {
      guard let source = from.tensors.first(where: { $0.name == tensor.name }) else { continue }
      let vector = source.home == .parameters ? state.parameters : state.statistics
      switch tensor.home {
      case .parameters: tensor.place(source.exported(from: vector), into: &copy.parameters)
      case .statistics: tensor.place(source.exported(from: vector), into: &copy.statistics)
      case .counters, .options: break
      }
    }
    return copy
  }

  /// The part of a vector over all parameters that belongs to the trainable ones.
  private func part(
    _ vector: [Double], _ whole: ParameterLayout, of frozen: ParameterLayout
  ) -> [Double] {
    var part = [Double].zeros(frozen.parameterCount)
    for tensor in frozen.tensors where tensor.home == .parameters {
      guard let source = whole.tensors.first(where: { $0.name == tensor.name }) else { continue }
      tensor.place(source.exported(from: vector), into: &part)
    }
    return part
  }

  private func samples(_ input: Shape, _ count: Int) -> Samples {
    var stream = RandomStream(seed: 5, purpose: "frozen")
    return Samples(
      source: TensorSource(inputs: (0..<count * input.count).map { _ in stream.normal() }, shape: input),
      indices: Array(0..<count), targets: .classes((0..<count).map { Int32($0 % 3) }))
  }

  @Test(arguments: cases) func gradientsAndProductsAreThoseOfTheTrainablePart(_ row: Case) throws {
    let whole = try row.network(frozen: [])
    let frozen = try row.network(frozen: row.frozen)
    #expect(frozen.layout.frozenCount > 0)
    #expect(frozen.layout.parameterCount + frozen.layout.frozenCount == whole.layout.parameterCount)
    let state = NetworkState<Double>(initial: whole.layout, seed: 3)
    let samples = samples(row.input, 9)
    let own = copy(state, whole.layout, to: frozen)
    let full = try Linearization(
      network: whole, state: state, samples: samples, loss: .crossEntropy, compute: compute)
    let narrow = try Linearization(
      network: frozen, state: own, samples: samples, loss: .crossEntropy, compute: compute)
    #expect(relativeError(narrow.losses, full.losses) < 1e-13)
    #expect(
      relativeError(narrow.gradient, part(full.gradient, whole.layout, of: frozen.layout)) < 1e-12)
    // A direction of the trainable parameters, in both networks.
    var stream = RandomStream(seed: 4, purpose: "direction")
    let v = (0..<frozen.layout.parameterCount).map { _ in stream.normal() }
    var wide = [Double].zeros(whole.layout.parameterCount)
    for tensor in frozen.layout.tensors where tensor.home == .parameters {
      guard let target = whole.layout.tensors.first(where: { $0.name == tensor.name }) else { continue }
      target.place(tensor.exported(from: v), into: &wide)
    }
    for kind in CurvatureKind.allCases {
      var (product, expected): ([Double], [Double]) = ([], [])
      try narrow.curvatureProduct(kind, v, into: &product)
      try full.curvatureProduct(kind, wide, into: &expected)
      #expect(relativeError(product, part(expected, whole.layout, of: frozen.layout)) < 1e-12)
    }
    #expect(
      relativeError(try narrow.directionalDerivatives(v), try full.directionalDerivatives(wide)) < 1e-12)
    // Some parameters alone.
    let few = frozen.subset(Array(stride(from: 0, to: v.count, by: 3)))
    var masked = [Double].zeros(v.count)
    for index in few.indices { masked[index] = v[index] }
    var (product, expected): ([Double], [Double]) = ([], [])
    try narrow.curvatureProduct(.hessian, masked, into: &expected)
    try narrow.curvatureProduct(.hessian, masked, into: &product, support: few)
    #expect(relativeError(product, expected) < 1e-12)
  }

  @Test(arguments: cases) func trainingLeavesFrozenParametersAlone(_ row: Case) throws {
    let network = try row.network(frozen: row.frozen)
    let start = NetworkState<Double>(initial: network.layout, seed: 3)
    var options = TrainingOptions(epochs: 3)
    options.weightDecay = 0.1
    let trainer = Trainer(
      network: network, state: start, samples: samples(row.input, 12), loss: .crossEntropy, options: options,
      compute: compute)
    while !trainer.isDone { _ = try trainer.runEpoch() }
    let frozen = network.layout.runningCount..<network.layout.statisticCount
    #expect(Array(trainer.state.statistics[frozen]) == Array(start.statistics[frozen]))
    #expect(trainer.state.parameters != start.parameters)
  }

  @Test func sharedTensorsAreFrozenInAllPlacesOrInNone() throws {
    func graph(_ isTrainable: Bool) throws -> Architecture {
      var second = LayerDescription.linear(outFeatures: 4)
      second.isTrainable = isTrainable
      var first = LayerDescription.linear(outFeatures: 4)
      first.isTrainable = false
      let names = ["weight": "w", "bias": "b"]
      return try Architecture(
        graph: GraphDescription(
          nodes: [
            NodeDescription("a", first, ["input"], tensors: names),
            NodeDescription("y", second, ["a"], tensors: names),
          ], output: "y"), input: Shape(features: 4))
    }
    #expect(try graph(false).layout.parameterCount == 0)
    let error = #expect(throws: ArchitectureFaults.self) { try graph(true) }
    #expect("\(try #require(error))".contains("trainable in one place and frozen in another"))
  }
}
