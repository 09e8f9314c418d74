import Network
import Tensor

/// The risk R(θ) = 1/n Σ ℓ(zᵢ, θ) + λ/2‖θ‖² of a network over fixed samples, in evaluation mode. Influence
/// functions are about its minimum. It is computed in `Double` at any precision of the network.
public final class NetworkRisk: Objective {
  public let network: Network<Double>
  public let samples: Samples
  public let loss: Loss
  /// λ.
  public let weightDecay: Double
  private let mean: MeanLoss<Double>
  private let statistics: NetworkState<Double>
  private let memoryLimit: Int
  private let compute: Compute

  /// - Parameters:
  ///   - state: its running statistics are used at every θ.
  ///   - memoryLimit: bytes for kept samples, and for the linearizations of a curvature.
  /// - Precondition: there is at least one sample.
  public init<Element: Scalar>(
    network: Network<Element>, state: NetworkState<Element>, samples: Samples, loss: Loss,
    weightDecay: Double, memoryLimit: Int = 1 << 30, compute: Compute
  ) {
    let network = network as? Network<Double> ?? Network<Double>(network.architecture)
    self.network = network
    self.samples = samples
    self.loss = loss
    self.weightDecay = weightDecay
    self.memoryLimit = memoryLimit
    self.compute = compute
    statistics = NetworkState<Double>(state)
    mean = MeanLoss(
      network: network, samples: samples, loss: loss, memoryLimit: memoryLimit, compute: compute)
  }

  public var dimension: Int { network.layout.parameterCount }

  /// The state at θ.
  public func state(_ theta: [Double]) -> NetworkState<Double> {
    var state = statistics
    state.parameters = theta
    return state
  }

  public func evaluate(_ theta: [Double]) throws -> ObjectiveValue {
    var loss = try mean.evaluate(state(theta))
    let decay = weightDecay == 0 ? 0 : weightDecay / 2 * theta.dot(theta)
    if weightDecay != 0 { loss.gradient.add(weightDecay, times: theta) }
    let value = loss.meanLoss + decay
    return ObjectiveValue(
      value: value, resolution: 16 * unitRoundoff(Double.self) * (abs(value) + 2 * loss.sensitivity),
      gradient: loss.gradient)
  }

  public func curvature(_ theta: [Double]) throws -> SampledCurvature<Double> {
    try SampledCurvature(
      network: network, state: state(theta), samples: samples, loss: loss, weightDecay: weightDecay,
      memoryLimit: memoryLimit, compute: compute)
  }

  /// Near a minimum the Hessian of the mean loss counts as positive semidefinite.
  public var leastCurvature: Double { weightDecay }

  /// The risk. A loss of values can be 0, so there it is at least 10⁻⁴ of the risk of outputs of zero.
  public func decreaseScale(_ value: ObjectiveValue) -> Double {
    guard loss.estimatesValues else { return abs(value.value) }
    return max(abs(value.value), 1e-4 * targetSize)
  }

  private lazy var targetSize = loss.meanOfZeroOutputs(
    samples.targets, columns: network.architecture.output.count)

  /// How many samples the size of a gradient is estimated from.
  private static var probes: Int { 32 }

  /// The mean norm of the gradients of some samples, spread over all, with the gradient of the weight decay.
  public func gradientScale(_ theta: [Double]) throws -> Double {
    let count = min(Self.probes, samples.count)
    let places = (0..<count).map { $0 * samples.count / count }
    let gradients = try network.sampleGradients(
      state(theta), on: samples.selecting(places), loss: loss, compute: compute)
    let mean = (0..<count).reduce(0) { $0 + gradients[$1].norm } / Double(count)
    return mean + weightDecay * theta.norm
  }

  /// A gradient norm far below the part that one of n samples adds to the gradient of the risk. After one
  /// sample is changed or left out, a coarser norm would be met without a step.
  /// - Parameter scale: the mean norm of the gradients of single samples (`gradientScale`).
  public static func sampleTolerance(scale: Double, samples n: Int) -> Double {
    max(1e-9 * scale / Double(n), 1e-14 * scale)
  }
}
