import Tensor

/// One named tensor of a network, as PyTorch's `state_dict` has it.
public struct ParameterTensor: Sendable, Equatable {
  public enum Kind: Sendable, Equatable {
    /// Weights of a convolution. The order is O, I, H, W in PyTorch, and O, H, W, I in the engine.
    case convolution
    case linear
    case bias
    /// Factors, which begin with 1, and offsets, which begin with 0: of normalizations and by themselves.
    case scale, shift
    /// Normal numbers of some deviation at first. One row may be zero.
    case table(deviation: Double, zeroRow: Int? = nil)
    /// Not parameters: running statistics of batch normalization, and its count of minibatches.
    case runningMean, runningVariance, batchesTracked

    /// Whether the tensor is part of θ.
    public var isParameter: Bool {
      switch self {
      case .convolution, .linear, .bias, .scale, .shift, .table: true
      case .runningMean, .runningVariance, .batchesTracked: false
      }
    }

    /// Whether tensors of both kinds lie in θ in one order, so that layers can share them.
    func liesAs(_ other: Kind) -> Bool {
      isParameter && other.isParameter && (self == .convolution) == (other == .convolution)
    }
  }

  public let name: String
  /// In PyTorch's order.
  public let shape: [Int]
  public let kind: Kind
  /// The place of its first value in the parameters, the statistics or the counters, by kind.
  public let offset: Int
  /// Inputs of one output value, for weights and their biases. PyTorch scales initial values by it.
  public let fanIn: Int

  public var count: Int { shape.reduce(1, *) }

  /// The engine's index of every element in PyTorch's order, relative to `offset`; nil if both orders are the
  /// same.
  public var engineOrder: [Int]? {
    guard kind == .convolution, shape[2] * shape[3] > 1, shape[1] > 1 else { return nil }
    let (o, i, area) = (shape[0], shape[1], shape[2] * shape[3])
    var order: [Int] = []
    order.reserveCapacity(count)
    for out in 0..<o {
      for channel in 0..<i {
        for position in 0..<area { order.append((out * area + position) * i + channel) }
      }
    }
    return order
  }

  /// The tensor's values from the engine's vector, in PyTorch's order.
  @specialized(where Element == Float)
  @specialized(where Element == Double)
  public func exported<Element>(from vector: [Element]) -> [Element] {
    guard let order = engineOrder else { return Array(vector[offset..<offset + count]) }
    return order.map { vector[offset + $0] }
  }

  /// Puts values in PyTorch's order into the engine's vector.
  /// - Precondition: there are `count` values.
  @specialized(where Element == Float)
  @specialized(where Element == Double)
  public func place<Element>(_ values: [Element], into vector: inout [Element]) {
    precondition(values.count == count, "Tensor \(name) holds \(count) values.")
    guard let order = engineOrder else {
      vector.replaceSubrange(offset..<offset + count, with: values)
      return
    }
    for (index, target) in order.enumerated() { vector[offset + target] = values[index] }
  }
}

/// A layer whose neurons an update can select. A neuron is an output unit or channel, with its incoming
/// weights (a row of the weight matrix) and its bias.
public struct NeuronLayer: Sendable, Equatable {
  public let name: String
  /// Offset of the weights, which are `neurons` rows of `fanIn`.
  public let weights: Int
  /// Offset of the biases, if there are any.
  public let bias: Int?
  public let neurons: Int
  public let fanIn: Int
  /// Output positions of a sample, 1 for a linear layer.
  public let positions: Int

  /// Weights and biases.
  public var parameters: Int { neurons * (fanIn + (bias == nil ? 0 : 1)) }
}

/// The places of all tensors of a network in its vectors.
public struct ParameterLayout: Sendable, Equatable {
  /// In the order of PyTorch's `state_dict`.
  public internal(set) var tensors: [ParameterTensor] = []
  /// `linear` and `conv2d` layers, in order.
  public internal(set) var neuronLayers: [NeuronLayer] = []
  /// Length of θ.
  public internal(set) var parameterCount = 0
  /// Length of the running statistics.
  public internal(set) var statisticCount = 0
  /// Number of minibatch counters.
  public internal(set) var counterCount = 0

  /// Gives a tensor the next place in the vector of its kind.
  /// - Parameter shape: in PyTorch's order.
  /// - Returns: the offset.
  mutating func add(_ name: String, _ shape: [Int], _ kind: ParameterTensor.Kind, fanIn: Int) -> Int {
    let count = shape.reduce(1, *)
    let offset: Int
    switch kind {
    case .convolution, .linear, .bias, .scale, .shift, .table:
      offset = parameterCount
      parameterCount += count
    case .runningMean, .runningVariance:
      offset = statisticCount
      statisticCount += count
    case .batchesTracked:
      offset = counterCount
      counterCount += count
    }
    tensors.append(ParameterTensor(name: name, shape: shape, kind: kind, offset: offset, fanIn: fanIn))
    return offset
  }

  /// A vector of θ's length, from the engine's order into PyTorch's (tensors one after the other).
  public func exported<Element>(_ vector: [Element]) -> [Element] {
    precondition(vector.count == parameterCount, "A vector over the parameters has their length.")
    return tensors.filter(\.kind.isParameter).flatMap { $0.exported(from: vector) }
  }
}
