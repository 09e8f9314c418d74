import Tensor

/// One named tensor of a network, as PyTorch's `state_dict` has it.
public struct ParameterTensor: Sendable, Equatable {
  public enum Kind: Sendable, Equatable {
    /// Weights of a convolution. The order is O, I, H, W in PyTorch, and O, H, W, I in the engine.
    case convolution
    /// Weights of a transposed convolution. PyTorch's order is I, O, H, W with the outputs of one group. The
    /// engine has the rows of a convolution's: O, H, W, I with the inputs of one group.
    case transposedConvolution(groups: Int)
    case linear
    case bias
    /// Factors, which begin with 1, and offsets, which begin with 0: of normalizations and by themselves.
    case scale, shift
    /// Normal numbers of some deviation around a mean at first. One row may be zero.
    case table(deviation: Double, zeroRow: Int? = nil, mean: Double = 0)
    /// Not parameters: running statistics of batch normalization, and its count of minibatches.
    case runningMean, runningVariance, batchesTracked
    /// Whole numbers that the PyTorch module holds, and that follow from its options. They are no part of a
    /// network's state. Files may have them.
    case buffer([Int64])

    /// Whether the tensor is a parameter of the network.
    public var isParameter: Bool {
      switch self {
      case .convolution, .transposedConvolution, .linear, .bias, .scale, .shift, .table: true
      case .runningMean, .runningVariance, .batchesTracked, .buffer: false
      }
    }

    /// Whether the values are whole numbers. A file may leave such a tensor out.
    public var isWhole: Bool {
      switch self {
      case .batchesTracked, .buffer: true
      default: false
      }
    }

    /// Whether tensors of both kinds lie in θ in one order, so that layers can share them.
    func liesAs(_ other: Kind) -> Bool {
      isParameter && other.isParameter && rearrangement == other.rearrangement
    }

    /// The kind, if its order in the engine differs from PyTorch's.
    private var rearrangement: Kind? {
      switch self {
      case .convolution, .transposedConvolution: self
      default: nil
      }
    }
  }

  /// The vectors of a `NetworkState`, or the options of the layer, from which the values follow.
  public enum Home: Sendable { case parameters, statistics, counters, options }

  public let name: String
  /// In PyTorch's order.
  public let shape: [Int]
  public let kind: Kind
  /// Whether the tensor is part of θ. A frozen parameter lies behind the running statistics.
  public let isTrainable: Bool
  /// The vector of a state that has the tensor.
  public let home: Home
  /// The place of its first value there.
  public let offset: Int
  /// Inputs of one output value, for weights and their biases. PyTorch scales initial values by it.
  public let fanIn: Int
  /// The first values; nil for the usual ones of the kind.
  var start: Start?

  public var count: Int { shape.reduce(1, *) }

  /// The engine's index of every element in PyTorch's order, relative to `offset`; nil if both orders are the
  /// same.
  public var engineOrder: [Int]? {
    switch kind {
    case .convolution where shape[1] > 1 && taps > 1:
      order { out, channel, tap in (out * taps + tap) * shape[1] + channel }
    case .transposedConvolution(let groups):
      order { channel, out, tap in
        let inputs = shape[0] / groups
        let whole = channel / inputs * shape[1] + out
        return (whole * taps + tap) * inputs + channel % inputs
      }
    default: nil
    }
  }

  /// Taps of the kernel, for weights of a convolution.
  private var taps: Int { shape.dropFirst(2).reduce(1, *) }

  private func order(_ place: (_ first: Int, _ second: Int, _ tap: Int) -> Int) -> [Int] {
    var order: [Int] = []
    order.reserveCapacity(count)
    for first in 0..<shape[0] {
      for second in 0..<shape[1] {
        for tap in 0..<taps { order.append(place(first, second, tap)) }
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
  /// Whether passes can run over some of the rows alone.
  public internal(set) var isNarrowable = true

  /// Weights and biases.
  public var parameters: Int { neurons * (fanIn + (bias == nil ? 0 : 1)) }
}

/// The places of all tensors of a network in its vectors.
public struct ParameterLayout: Sendable, Equatable {
  /// In the order of PyTorch's `state_dict`.
  public internal(set) var tensors: [ParameterTensor] = []
  /// Layers of neurons, in order.
  public internal(set) var neuronLayers: [NeuronLayer] = []
  /// Offsets of tensors that several layers have.
  var shared: Set<Int> = []
  /// Length of θ.
  public internal(set) var parameterCount = 0
  /// Number of running statistics.
  public internal(set) var runningCount = 0
  /// Number of parameters that are no part of θ.
  public internal(set) var frozenCount = 0
  /// Number of minibatch counters.
  public internal(set) var counterCount = 0
  /// The first places of frozen parameters. Passes read them behind θ. A state has them behind its running statistics.
  private let frozenStart: (parameters: Int, statistics: Int)

  /// - Parameter counted: the same layout with frozen parameters in any place, so that both lengths are known.
  init(after counted: ParameterLayout? = nil) {
    frozenStart = (counted?.parameterCount ?? 0, counted?.runningCount ?? 0)
  }

  public static func == (left: ParameterLayout, right: ParameterLayout) -> Bool {
    left.tensors == right.tensors && left.neuronLayers == right.neuronLayers && left.shared == right.shared
  }

  /// Length of the statistics of a state: running statistics, and frozen parameters.
  public var statisticCount: Int { runningCount + frozenCount }

  /// Length of the vector that passes read: θ, and the frozen parameters behind it.
  var valueCount: Int { parameterCount + frozenCount }

  /// Gives a tensor the next place in the vector of its kind.
  /// - Parameter shape: in PyTorch's order.
  /// - Returns: the offset that passes use.
  mutating func add(
    _ name: String, _ shape: [Int], _ kind: ParameterTensor.Kind, fanIn: Int, isTrainable: Bool
  ) -> Int {
    let count = shape.reduce(1, *)
    let (home, offset): (ParameterTensor.Home, Int)
    switch kind {
    case .runningMean, .runningVariance:
      (home, offset) = (.statistics, runningCount)
      runningCount += count
    case .batchesTracked:
      (home, offset) = (.counters, counterCount)
      counterCount += count
    case .buffer: (home, offset) = (.options, 0)
    default:
      (home, offset) =
        isTrainable ? (.parameters, parameterCount) : (.statistics, frozenStart.statistics + frozenCount)
      if isTrainable { parameterCount += count } else { frozenCount += count }
    }
    let tensor = ParameterTensor(
      name: name, shape: shape, kind: kind, isTrainable: isTrainable, home: home, offset: offset, fanIn: fanIn
    )
    tensors.append(tensor)
    return place(of: tensor)
  }

  /// The offset of a tensor that passes use.
  func place(of tensor: ParameterTensor) -> Int {
    tensor.kind.isParameter && !tensor.isTrainable
      ? tensor.offset - frozenStart.statistics + frozenStart.parameters : tensor.offset
  }

  /// A vector of θ's length, from the engine's order into PyTorch's (tensors one after the other).
  public func exported<Element>(_ vector: [Element]) -> [Element] {
    precondition(vector.count == parameterCount, "A vector over the parameters has their length.")
    return tensors.filter { $0.home == .parameters }.flatMap { $0.exported(from: vector) }
  }
}
