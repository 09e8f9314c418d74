import Tensor

/// Makes chains from the nodes of an architecture. Each method below is a rule that joins or exchanges
/// neighbouring nodes. Every other node becomes a stage.
struct ChainBuilder<Element: Scalar> {
  typealias Stage = Chain<Element>.Stage

  /// Whether batch normalization right after a convolution becomes part of its weights.
  let foldsNormalization: Bool
  /// The normalizations that became part of a convolution's weights.
  private(set) var folds: [NormalizationFold] = []

  init(foldsNormalization: Bool) { self.foldsNormalization = foldsNormalization }

  mutating func chain(_ nodes: [Architecture.Node], input: Shape) -> Chain<Element> {
    var stages: [Stage] = []
    var rest = nodes.map(\.layer)[...]
    while let layer = rest.popFirst() {
      if (layer as? Flatten.Placed)?.keepsOrder == true { continue }
      if let function = layer.activation {
        if let pool = poolBefore(function, &rest) { stages.append(pool) }
        activate(&stages, function, layer)
      } else {
        stages.append(folded(layer, &rest) ?? layer.stage(&self))
      }
    }
    if stages.isEmpty { stages.append(.init(Rearrangement<Element>.identity(input))) }
    return Chain(input: input, stages: stages)
  }

  /// The layer before applies the activation. Without a layer before, the activation is a stage.
  private func activate(
    _ stages: inout [Stage], _ function: any Elementwise, _ layer: any PlacedLayer
  ) {
    if let last = stages.indices.last, stages[last].activation == nil {
      stages[last].activation = function
    } else {
      let shape = stages.last?.body.output ?? layer.input
      stages.append(.init(Rearrangement<Element>.identity(shape), activation: function))
    }
  }

  /// Moves a max-pool before the activation that it follows.
  private mutating func poolBefore(
    _ function: any Elementwise, _ rest: inout ArraySlice<any PlacedLayer>
  ) -> Stage? {
    guard function.followsMaxPool, let pool = rest.first as? PlacedPool,
      pool.reduction == .largest
    else { return nil }
    rest.removeFirst()
    return pool.stage(&self)
  }

  /// Folds a batch normalization into the weights of the convolution before it.
  private mutating func folded(
    _ layer: any PlacedLayer, _ rest: inout ArraySlice<any PlacedLayer>
  ) -> Stage? {
    guard foldsNormalization, var convolution = layer as? Conv2d.Placed,
      let normalization = rest.first as? BatchNorm2d.Placed
    else { return nil }
    rest.removeFirst()
    let fold = NormalizationFold(
      weights: convolution.weights, bias: convolution.bias, neurons: convolution.output.channels,
      fanIn: convolution.fanIn, scale: normalization.scale, statistics: normalization.statistics)
    folds.append(fold)
    convolution.bias = fold.shift
    return convolution.stage(&self)
  }
}
