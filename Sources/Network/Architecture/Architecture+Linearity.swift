import Tensor

/// What a minimisation asks of a network's shape.
extension Architecture {
  /// The layer that sees the input columns as they are.
  public struct FirstLinearLayer: Sendable, Equatable {
    /// Offset of W, neurons × fanIn, in the parameters.
    public let weights: Int
    /// Offset of b.
    public let bias: Int?
    public let neurons: Int
    public let fanIn: Int
  }

  /// Nodes that change values; a flatten of a vector, and dropout outside of training, do not.
  private var acting: [Node] {
    nodes.filter { node in
      switch node {
      case .flatten(let input): !input.isVector
      case .dropout: false
      default: true
      }
    }
  }

  /// Nil where the network does not begin with a linear layer on a vector.
  public var firstLinearLayer: FirstLinearLayer? {
    guard input.isVector, case .linear(let input, let output, let weights, let bias)? = acting.first else {
      return nil
    }
    return FirstLinearLayer(weights: weights, bias: bias, neurons: output.count, fanIn: input.count)
  }

  /// Whether the outputs are a linear layer's, so that a multiple of its parameters gives the same multiple of the outputs.
  public var endsInLinear: Bool {
    if case .linear? = acting.last { true } else { false }
  }

  /// Whether a batch normalization sees a single position a sample: over a batch of one sample it has no variance.
  public var normalizesSinglePositions: Bool { Self.normalizesSinglePositions(nodes) }

  private static func normalizesSinglePositions(_ nodes: [Node]) -> Bool {
    nodes.contains { node in
      switch node {
      case .batchNormalization(let input, _, _): input.positions == 1
      case .residual(_, let main, let shortcut):
        normalizesSinglePositions(main) || normalizesSinglePositions(shortcut ?? [])
      default: false
      }
    }
  }

  /// Whether the outputs are linear in all parameters.
  public var isLinearInParameters: Bool { acting.count == 1 && endsInLinear }
}
