import Influence
import Network
import Tensor
import TestSupport
import Testing

@Suite("Curvature in bounded memory")
struct SampledCurvatureTests {
  @Test(arguments: SmallNetwork.all, [CurvatureKind.hessian, .gaussNewton])
  func piecesAddUpToTheWholeAndMemoryChangesNoBit(_ network: SmallNetwork, _ kind: CurvatureKind) throws {
    let engine = Network<Double>(network.architecture)
    let state = network.state(Double.self)
    let samples = network.samples(37)
    let compute = Compute(pool: testPool)
    let whole = SampledCurvature(
      try Linearization(
        network: engine, state: state, samples: samples, loss: network.loss, compute: compute),
      kind: kind, weightDecay: 0.1)
    func sampled(_ memoryLimit: Int, _ pieceSize: Int?) throws -> SampledCurvature<Double> {
      try SampledCurvature(
        network: engine, state: state, samples: samples, loss: network.loss, kind: kind, weightDecay: 0.1,
        memoryLimit: memoryLimit, compute: compute, pieceSize: pieceSize)
    }
    let v = network.direction(Double.self, seed: 3)
    let expected = try whole.apply(v)
    #expect(try sampled(1 << 30, nil).apply(v) == expected)
    let rich = try sampled(1 << 30, 10)
    let poor = try sampled(0, 10)
    #expect(rich.keptSamples == 37)
    #expect(poor.keptSamples == 10)
    let product = try rich.apply(v)
    #expect(relativeError(product, expected) < 1e-13)
    #expect(try poor.apply(v) == product)
    for curvature in [rich, poor] {
      #expect(try curvature.apply(block: [v, expected]) == [product, curvature.apply(expected)])
    }
    #expect(try whole.apply(block: [v, product]) == [expected, whole.apply(product)])
    let places = [3, 9, 10, 30, 36]
    let part = SampledCurvature(
      try Linearization(
        network: engine, state: state, samples: samples.selecting(places), loss: network.loss,
        compute: compute), kind: kind, weightDecay: 0.1)
    #expect(try poor.restricted(to: places).apply(v) == part.apply(v))
  }
}
