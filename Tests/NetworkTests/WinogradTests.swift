import Network
import Tensor
import TestSupport
import Testing

/// Compares a linearization in `Float` with one in `Double`. Wide 3×3 convolutions use minimal filtering in
/// `Float` and im2col in `Double`.
struct WinogradTests {
  /// Some ten roundings of 1e-6 in a row.
  private static let tolerance = 1e-5

  private func linearization<Element: Scalar>(
    _ small: SmallNetwork, _: Element.Type, _ samples: Samples
  ) throws -> Linearization<Element> {
    let state = small.state(Float.self)
    return try Linearization(
      network: Network<Element>(small.architecture),
      state: NetworkState(
        parameters: state.parameters.map { Element($0) }, statistics: state.statistics.map { Element($0) },
        counters: state.counters), samples: samples, loss: small.loss, compute: Compute(pool: testPool))
  }

  @Test(arguments: SmallNetwork.wide)
  func everyProductFollowsDouble(_ small: SmallNetwork) throws {
    // More than one shard, the last one short.
    let samples = small.samples(75)
    let rounded = try linearization(small, Float.self, samples)
    let exact = try linearization(small, Double.self, samples)
    let v = small.direction(Float.self, seed: 5)
    let exactV = v.map { Double($0) }
    #expect(abs(rounded.meanLoss - exact.meanLoss) < Self.tolerance * exact.meanLoss)
    #expect(relativeError(rounded.gradient, exact.gradient) < Self.tolerance)
    var product: [Float] = []
    var exactProduct: [Double] = []
    try rounded.curvatureProduct(.hessian, v, into: &product)
    try exact.curvatureProduct(.hessian, exactV, into: &exactProduct)
    #expect(relativeError(product, exactProduct) < Self.tolerance)
    try rounded.curvatureProduct(.gaussNewton, v, into: &product)
    try exact.curvatureProduct(.gaussNewton, exactV, into: &exactProduct)
    #expect(relativeError(product, exactProduct) < Self.tolerance)
    #expect(
      relativeError(try rounded.directionalDerivatives(v), try exact.directionalDerivatives(exactV))
        < Self.tolerance)
    #expect(relativeError(try rounded.inputGradients(v), try exact.inputGradients(exactV)) < Self.tolerance)
    // A second product, in memory that the first has used.
    let u = small.direction(Float.self, seed: 6)
    try rounded.curvatureProduct(.hessian, u, into: &product)
    try exact.curvatureProduct(.hessian, u.map { Double($0) }, into: &exactProduct)
    #expect(relativeError(product, exactProduct) < Self.tolerance)
  }

  @Test(arguments: SmallNetwork.wide)
  func trainingFollowsDouble(_ small: SmallNetwork) throws {
    let samples = small.samples(75)
    func trained<Element: Scalar>(_: Element.Type) throws -> [Element] {
      let state = small.state(Float.self)
      let trainer = Trainer<Element>(
        network: Network(small.architecture),
        state: NetworkState(
          parameters: state.parameters.map { Element($0) }, statistics: state.statistics.map { Element($0) },
          counters: state.counters), samples: samples, loss: small.loss,
        options: TrainingOptions(learningRate: 0.01, epochs: 1, batchSize: 40),
        compute: Compute(pool: testPool))
      _ = try trainer.runEpoch()
      return trainer.state.parameters
    }
    #expect(relativeError(try trained(Float.self), try trained(Double.self)) < Self.tolerance)
  }
}
