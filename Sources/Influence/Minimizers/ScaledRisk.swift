import Network
import Tensor

/// A network's risk in well scaled coordinates: those of `InputScaling` if its first layer is linear on
/// columns, else θ itself. The minimum is the same, and the way to it is much shorter.
final class ScaledRisk: Objective {
  let scaling: InputScaling?
  /// The risk over the scaled samples. It has the weight decay if nothing is scaled.
  let base: NetworkRisk
  /// λ, of ‖θ‖².
  private let weightDecay: Double
  /// The size of the loss's curvature by an output: its bound (Böhning 1992 for softmax).
  private let lossCurvature: Double

  init<Element: Scalar>(
    network: Network<Element>, state: NetworkState<Element>, samples: Samples, loss: Loss,
    weightDecay: Double, memoryLimit: Int, compute: Compute
  ) {
    scaling = InputScaling(network.architecture, samples)
    self.weightDecay = weightDecay
    base = NetworkRisk(
      network: network, state: state, samples: scaling?.samples(samples) ?? samples, loss: loss,
      weightDecay: scaling == nil ? weightDecay : 0, memoryLimit: memoryLimit, compute: compute)
    lossCurvature = loss.curvatureBound(outputs: network.architecture.output.count)
  }

  var dimension: Int { base.dimension }

  func theta(_ phi: [Double]) -> [Double] { scaling?.theta(phi) ?? phi }
  func phi(_ theta: [Double]) -> [Double] { scaling?.phi(theta) ?? theta }

  func evaluate(_ phi: [Double]) throws -> ObjectiveValue {
    var value = try base.evaluate(phi)
    guard let scaling, weightDecay != 0 else { return value }
    let theta = scaling.theta(phi)
    let decay = weightDecay / 2 * theta.dot(theta)
    value.value += decay
    value.resolution += 16 * unitRoundoff(Double.self) * decay
    value.gradient.add(weightDecay, times: scaling.transposed(theta))
    return value
  }

  func curvature(_ phi: [Double]) throws -> ScaledCurvature {
    ScaledCurvature(base: try base.curvature(phi), scaling: scaling, weightDecay: weightDecay)
  }

  func gradientScale(_ phi: [Double]) throws -> Double { try base.gradientScale(phi) }

  func gradientNorm(_ gradient: [Double]) -> Double {
    (scaling?.thetaGradient(gradient) ?? gradient).norm
  }

  func preconditioned(_ vector: [Double]) -> [Double] {
    scaling?.preconditioned(vector, h: lossCurvature, weightDecay: weightDecay) ?? vector
  }

  var preconditionerDiagonal: [Double]? {
    scaling?.preconditionerDiagonal(dimension, h: lossCurvature, weightDecay: weightDecay)
  }

  /// A lower bound of λσ², with σ the least singular value of B: ‖B⁻¹‖² is at most the sum of its squared
  /// columns.
  var leastCurvature: Double {
    guard let scaling else { return weightDecay }
    let largest = zip(scaling.means, scaling.scales).reduce(1.0) { $0 + $1.0 * $1.0 + $1.1 * $1.1 }
    return weightDecay / largest
  }

  func decreaseScale(_ value: ObjectiveValue) -> Double { base.decreaseScale(value) }
}

/// H + λBᵀB.
struct ScaledCurvature: SymmetricOperator {
  typealias Element = Double
  let base: SampledCurvature<Double>
  let scaling: InputScaling?
  let weightDecay: Double

  var dimension: Int { base.dimension }

  func apply(_ x: [Double], into y: inout [Double]) throws {
    try base.apply(x, into: &y)
    guard let scaling, weightDecay != 0 else { return }
    y.add(weightDecay, times: scaling.transposed(scaling.theta(x)))
  }

  func apply(block: VectorBlock<Double>, into products: inout VectorBlock<Double>) throws {
    try base.apply(block: block, into: &products)
    guard let scaling, weightDecay != 0 else { return }
    for index in 0..<block.count {
      var product = products[index]
      product.add(weightDecay, times: scaling.transposed(scaling.theta(block[index])))
      products.set(index, to: product)
    }
  }
}
