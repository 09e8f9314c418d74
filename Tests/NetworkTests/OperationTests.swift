import Network
import Tensor
import TestSupport
import Testing

/// Every operation with every example that it declares: gradients and products against finite differences.
///
/// A linear layer makes the operation's inputs out of the samples, and another one makes outputs of its value.
/// So the inputs have tangents, and the value has a gradient.
struct OperationTests {
  private static let examples = LayerDescription.formats.flatMap(\.examples)

  private static let step = 1e-5
  private let compute = Compute(pool: testPool)

  @Test func everyOperationHasExamples() {
    for format in LayerDescription.formats { #expect(!format.examples.isEmpty, "\(format.type)") }
  }

  private func linearization(
    _ small: SmallNetwork, _ state: NetworkState<Double>
  ) throws -> Linearization<Double> {
    try Linearization(
      network: Network(small.architecture), state: state, samples: small.samples(5), loss: small.loss,
      compute: compute)
  }

  @Test(arguments: examples)
  func passesAgreeWithDifferences(_ example: LayerExample) throws { try checkPasses(SmallNetwork(example)) }

  /// Operations whose own parameters are frozen, so that only their inputs have tangents.
  @Test(arguments: examples.filter { SmallNetwork($0).hasParameters(in: "operation") })
  func passesOfFrozenOperationsAgreeWithDifferences(_ example: LayerExample) throws {
    let small = SmallNetwork(example, frozen: .operation)
    #expect(small.architecture.layout.frozenCount > 0)
    try checkPasses(small)
  }

  private func checkPasses(_ small: SmallNetwork) throws {
    let state = small.state(Double.self)
    let v = small.direction(Double.self, seed: 3)
    let whole = try linearization(small, state)
    let forward = try linearization(small, state.moved(Self.step, along: v))
    let backward = try linearization(small, state.moved(-Self.step, along: v))

    let slope = (forward.meanLoss - backward.meanLoss) / (2 * Self.step)
    #expect(abs(slope - whole.gradient.dot(v)) < 1e-7 * max(1, whole.gradient.norm * v.norm))

    var product: [Double] = []
    try whole.curvatureProduct(.hessian, v, into: &product)
    let estimate = zip(forward.gradient, backward.gradient).map { ($0 - $1) / (2 * Self.step) }
    #expect(relativeError(product, estimate) < 1e-6)

    let each = try whole.directionalDerivatives(v)
    #expect(abs(each.reduce(0, +) / Double(each.count) - whole.gradient.dot(v)) < 1e-10 * v.norm)
  }

  /// A Gauss-Newton product in between changes nothing that a Hessian product reads.
  @Test(arguments: examples)
  func productsOverASubsetAreThoseOverAll(_ example: LayerExample) throws {
    let small = SmallNetwork(example)
    let whole = try linearization(small, small.state(Double.self))
    let indices = small.subset(scattered: true)
    let subset = whole.network.subset(indices)
    let dense = small.direction(Double.self, seed: 6)
    var sparse = [Double](repeating: 0, count: dense.count)
    for index in indices { sparse[index] = dense[index] }
    for kind in [CurvatureKind.hessian, .gaussNewton, .hessian] {
      var (all, some): ([Double], [Double]) = ([], [])
      try whole.curvatureProduct(kind, sparse, into: &all)
      try whole.curvatureProduct(kind, sparse, into: &some, support: subset, wanted: subset)
      let difference = indices.map { all[$0] - some[$0] }
      #expect(difference.norm <= 1e-12 * max(1, all.norm))
    }
  }

  /// The kernels of both precisions, at weights that both represent.
  @Test(arguments: examples)
  func floatFollowsDouble(_ example: LayerExample) throws {
    let small = SmallNetwork(example)
    let single = NetworkState<Float>(small.state(Double.self))
    let v = small.direction(Float.self, seed: 8)
    var exact: [Double] = []
    try linearization(small, NetworkState<Double>(single)).curvatureProduct(
      .hessian, v.map(Double.init), into: &exact)
    var rounded: [Float] = []
    try Linearization(
      network: Network<Float>(small.architecture), state: single, samples: small.samples(5),
      loss: small.loss, compute: compute
    ).curvatureProduct(.hessian, v, into: &rounded)
    #expect(relativeError(rounded, exact) < 1e-4)
  }

  /// Without tangents in front of the output, the way back to the input is that of the primal pass.
  @Test(arguments: examples)
  func inputGradientsAgreeWithDifferences(_ example: LayerExample) throws {
    try checkInputGradients(SmallNetwork(example))
    try checkInputGradients(SmallNetwork(example, frozen: .allButOutput))
  }

  private func checkInputGradients(_ small: SmallNetwork) throws {
    let state = small.state(Double.self)
    let v = small.direction(Double.self, seed: 7)
    let samples = small.samples(2)
    func linearization(_ samples: Samples) throws -> Linearization<Double> {
      try Linearization(
        network: Network(small.architecture), state: state, samples: samples, loss: small.loss,
        compute: compute)
    }
    let gradients = try linearization(samples).inputGradients(v)
    let source = try #require(samples.source as? TensorSource<Double>)
    let size = small.architecture.input.count
    let estimate = try gradients.indices.map { index in
      func derivative(_ h: Double) throws -> Double {
        var inputs = source.inputs
        inputs[index] += h
        let moved = Samples(
          source: TensorSource(inputs: inputs, shape: source.shape), indices: samples.indices,
          targets: samples.targets)
        return try linearization(moved).directionalDerivatives(v)[index / size]
      }
      return try (derivative(Self.step) - derivative(-Self.step)) / (2 * Self.step)
    }
    let difference = zip(gradients, estimate).map { $0 - $1 }
    #expect(difference.norm <= 1e-6 * max(1, gradients.norm))
  }

  @Test(arguments: examples)
  func productsAreSymmetric(_ example: LayerExample) throws {
    let small = SmallNetwork(example)
    let whole = try linearization(small, small.state(Double.self))
    let (u, v) = (small.direction(Double.self, seed: 4), small.direction(Double.self, seed: 5))
    for kind in CurvatureKind.allCases {
      var (first, second): ([Double], [Double]) = ([], [])
      try whole.curvatureProduct(kind, u, into: &first)
      try whole.curvatureProduct(kind, v, into: &second)
      #expect(abs(u.dot(second) - v.dot(first)) <= 1e-11 * u.norm * second.norm)
    }
  }
}

extension NetworkState<Double> {
  fileprivate func moved(_ step: Double, along v: [Double]) -> NetworkState {
    var state = self
    state.parameters.add(step, times: v)
    return state
  }
}
