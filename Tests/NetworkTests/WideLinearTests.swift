import Network
import Tensor
import TestSupport
import Testing

/// A linear layer over positions that is wide enough for matrix tiles, where the processor has them.
struct WideLinearTests {
  private let small: SmallNetwork
  private let compute = Compute(pool: testPool)

  /// The widest example of the layer.
  init() throws {
    let linear = try #require(LayerDescription.formats.first { $0.type == "linear" })
    let networks = linear.examples.map { SmallNetwork($0) }
    small = try #require(
      networks.max { $0.architecture.layout.parameterCount < $1.architecture.layout.parameterCount })
  }

  private func linearization<Element: Scalar>(_ state: NetworkState<Element>) throws -> Linearization<Element>
  {
    try Linearization(
      network: Network<Element>(small.architecture), state: state, samples: small.samples(5),
      loss: small.loss, compute: compute)
  }

  /// The tolerance is a thousand times the rounding of a float. A pass that leaves out a term is far beyond it.
  @Test func floatFollowsDouble() throws {
    let single = NetworkState<Float>(small.state(Double.self))
    let v = small.direction(Float.self, seed: 8)
    let exact = try linearization(NetworkState<Double>(single))
    let rounded = try linearization(single)
    #expect(relativeError(rounded.gradient, exact.gradient) < 1e-4)
    for kind in [CurvatureKind.hessian, .gaussNewton] {
      var (product, expected): ([Float], [Double]) = ([], [])
      try rounded.curvatureProduct(kind, v, into: &product)
      try exact.curvatureProduct(kind, v.map(Double.init), into: &expected)
      #expect(relativeError(product, expected) < 1e-4, "\(kind)")
    }
  }

  /// Narrowed layers multiply like the whole layer.
  @Test func productsOverASubsetAreThoseOverAll() throws {
    let whole = try linearization(small.state(Float.self))
    let indices = small.subset(scattered: true)
    let subset = whole.network.subset(indices)
    let dense = small.direction(Float.self, seed: 6)
    var sparse = [Float](repeating: 0, count: dense.count)
    for index in indices { sparse[index] = dense[index] }
    for kind in [CurvatureKind.hessian, .gaussNewton] {
      var (all, some): ([Float], [Float]) = ([], [])
      try whole.curvatureProduct(kind, sparse, into: &all)
      try whole.curvatureProduct(kind, sparse, into: &some, support: subset, wanted: subset)
      #expect(relativeError(indices.map { some[$0] }, indices.map { Double(all[$0]) }) < 1e-5, "\(kind)")
    }
  }
}
