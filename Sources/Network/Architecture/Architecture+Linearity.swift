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

  /// nil if the network does not begin with a linear layer on a vector.
  public var firstLinearLayer: FirstLinearLayer? {
    guard input.isVector, let linear = acting.first as? Linear.Placed else { return nil }
    return FirstLinearLayer(
      weights: linear.weights, bias: linear.bias, neurons: linear.output.count, fanIn: linear.input.count)
  }

  /// Whether the last layer is linear, so that a multiple of its parameters gives the same multiple of the
  /// outputs.
  public var endsInLinear: Bool { acting.last is Linear.Placed }

  /// Whether a batch normalization sees a single position of each sample. A batch of one sample then has no
  /// variance.
  public var normalizesSinglePositions: Bool {
    nodes.flatMap(\.all).contains { $0.normalizesSinglePositions }
  }

  /// Whether the outputs are linear in all parameters.
  public var isLinearInParameters: Bool { acting.count == 1 && endsInLinear }
}
