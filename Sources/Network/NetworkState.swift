import Tensor

/// The content of a checkpoint: θ, and batch normalization's running statistics and counters.
public struct NetworkState<Element: Scalar>: Sendable, Equatable {
  /// θ in the engine's order.
  public var parameters: [Element]
  /// Running means and variances, and frozen parameters behind them, in the engine's order.
  public var statistics: [Element]
  /// Minibatches that each batch normalization has seen.
  public var counters: [Int64]

  public init(parameters: [Element], statistics: [Element], counters: [Int64]) {
    self.parameters = parameters
    self.statistics = statistics
    self.counters = counters
  }

  /// The first state of a network, with the distributions of PyTorch's modules. Weights and biases of
  /// `linear` and `conv2d` are uniform in ±1/√fan_in (`kaiming_uniform_` with a = √5). γ and running
  /// variances are 1, β and running means 0. Named architectures may have other ones (`ParameterTensor.Start`).
  @specialized(where Element == Float)
  @specialized(where Element == Double)
  public init(initial layout: ParameterLayout, seed: UInt64) {
    parameters = .zeros(layout.parameterCount)
    statistics = .zeros(layout.statisticCount)
    counters = Array(repeating: 0, count: layout.counterCount)
    for tensor in layout.tensors {
      guard let values: [Element] = Self.initial(tensor, seed: seed) else { continue }
      switch tensor.home {
      case .parameters: tensor.place(values, into: &parameters)
      case .statistics: tensor.place(values, into: &statistics)
      case .counters, .options: break
      }
    }
  }

  /// The first values of a tensor in PyTorch's order; nil for zeros.
  private static func initial(_ tensor: ParameterTensor, seed: UInt64) -> [Element]? {
    if let start = tensor.start {
      var stream = RandomStream(seed: seed, purpose: "initial \(tensor.name)")
      return start.values(tensor.count, &stream)
    }
    switch tensor.kind {
    case .convolution, .transposedConvolution, .linear, .bias:
      var stream = RandomStream(seed: seed, purpose: "initial \(tensor.name)")
      let bound = 1 / Double(tensor.fanIn).squareRoot()
      return (0..<tensor.count).map { _ in Element(stream.uniform(in: -bound..<bound)) }
    case .table(let deviation, let zeroRow, let mean):
      var stream = RandomStream(seed: seed, purpose: "initial \(tensor.name)")
      let width = tensor.shape.last ?? 1
      return (0..<tensor.count).map { index in
        let value = mean + deviation * stream.normal()
        return index / width == zeroRow ? 0 : Element(value)
      }
    case .scale, .runningVariance: return Array(repeating: 1, count: tensor.count)
    case .shift, .runningMean, .batchesTracked, .buffer: return nil
    }
  }

  /// The same state in another precision, rounded.
  @specialized(where Element == Float, Other == Double)
  @specialized(where Element == Double, Other == Float)
  public init<Other: Scalar>(_ other: NetworkState<Other>) {
    parameters = other.parameters.map { Element(Double($0)) }
    statistics = other.statistics.map { Element(Double($0)) }
    counters = other.counters
  }
}
