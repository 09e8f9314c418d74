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
  func passesAgreeWithDifferences(_ example: LayerExample) throws {
    let small = SmallNetwork(example)
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
