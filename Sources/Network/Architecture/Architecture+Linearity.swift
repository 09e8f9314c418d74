import Tensor

/// Properties of a network that a minimisation depends on.
extension Architecture {
  /// A linear layer that reads the input columns directly.
  public struct FirstLinearLayer: Sendable, Equatable {
    /// Offset of W, neurons × fanIn, in the parameters.
    public let weights: Int
    /// Offset of b.
    public let bias: Int?
    public let neurons: Int
    public let fanIn: Int
  }

  private var acting: [any PlacedLayer] { nodes.map(\.layer).filter(\.changesValues) }

  /// The layer that alone reads the input, if there is one.
  private var first: (any PlacedLayer)? {
    var value = 0
    while true {
      let readers = nodes.indices.filter { nodes[$0].inputs.contains(value) }
      guard readers.count == 1, value != outputValue else { return nil }
      if nodes[readers[0]].layer.changesValues { return nodes[readers[0]].layer }
      value = readers[0] + 1
    }
  }

  /// The layer that gives the output.
  private var last: (any PlacedLayer)? {
    var value = outputValue
    while value > 0 {
      let node = nodes[value - 1]
      if node.layer.changesValues { return node.layer }
      value = node.inputs[0]
    }
    return nil
  }

  /// nil if the network does not begin with a linear layer on a vector.
  public var firstLinearLayer: FirstLinearLayer? {
    guard input.isVector, let linear = first as? Linear.Placed, layout.frozenCount == 0 else { return nil }
    return FirstLinearLayer(
      weights: linear.weights, bias: linear.bias, neurons: linear.output.channels,
      fanIn: linear.input.channels)
  }

  /// Whether the outputs are a linear layer's, so that a multiple of its parameters gives the same multiple
  /// of the outputs.
  public var endsInLinear: Bool {
    (last as? Linear.Placed).map { $0.weights < layout.parameterCount } ?? false
  }

  /// Whether a batch normalization sees a single position of each sample. A batch of one sample then has no
  /// variance.
  public var normalizesSinglePositions: Bool {
    nodes.contains { $0.layer.normalizesSinglePositions }
  }

  /// Whether the outputs are linear in all parameters.
  public var isLinearInParameters: Bool { acting.count == 1 && endsInLinear }
}
