import Tensor

extension NamedGraph {
  /// `convnext_tiny` (Liu et al. 2022).
  static func convNeXtTiny(_ outputs: Int) -> NamedGraph {
    var graph = NamedGraph()
    var value = graph.add("features.0.0", Conv2d(outChannels: 96, kernel: [4, 4], stride: [4, 4]), input)
    value = graph.channelNorm("features.0.1", value, 96)
    let stages = [(96, 3), (192, 3), (384, 9), (768, 3)]
    let total = stages.reduce(0) { $0 + $1.1 }
    var count = 0
    for (stage, (width, blocks)) in stages.enumerated() {
      if stage > 0 {
        let name = "features.\(2 * stage)"
        value = graph.channelNorm(name + ".0", value, stages[stage - 1].0)
        value = graph.add(name + ".1", Conv2d(outChannels: width, kernel: [2, 2], stride: [2, 2]), value)
      }
      for block in 0..<blocks {
        value = graph.convNeXtBlock(
          "features.\(2 * stage + 1).\(block)", value, width,
          stochasticDepth: 0.1 * Double(count) / Double(total - 1))
        count += 1
      }
    }
    value = graph.globalMean(value)
    value = graph.add("classifier.0", LayerNorm(sizes: [768], epsilon: 1e-6), value)
    graph.add("classifier.2", Linear(outFeatures: outputs), value)
    graph.start = { tensor in
      if tensor.name.hasSuffix("layer_scale") { return .constant(1e-6) }
      switch tensor.kind {
      case .convolution, .linear: return .normal(deviation: 0.02)
      case .bias: return .constant(0)
      default: return nil
      }
    }
    return graph
  }

  /// A layer normalization over the channels of every position.
  private mutating func channelNorm(_ name: String, _ value: String, _ channels: Int) -> String {
    var value = add(name + ".last", Permute(dims: [0, 2, 3, 1]), value)
    value = add(name, LayerNorm(sizes: [channels], epsilon: 1e-6), value)
    return add(name + ".first", Permute(dims: [0, 3, 1, 2]), value)
  }

  private mutating func convNeXtBlock(
    _ name: String, _ input: String, _ width: Int, stochasticDepth: Double
  ) -> String {
    let scale = add(name + ".layer_scale", FreeTensor(sizes: [width, 1, 1]))
    let depthwise = Conv2d(outChannels: width, kernel: [7, 7], padding: .places([3, 3]), groups: width)
    var value = add(name + ".block.0", depthwise, input)
    value = add(name + ".block.1", Permute(dims: [0, 2, 3, 1]), value)
    value = add(name + ".block.2", LayerNorm(sizes: [width], epsilon: 1e-6), value)
    value = add(name + ".block.3", Linear(outFeatures: 4 * width), value)
    value = add(name + ".block.4", GELU(), value)
    value = add(name + ".block.5", Linear(outFeatures: width), value)
    value = add(name + ".block.6", Permute(dims: [0, 3, 1, 2]), value)
    value = add(name + ".scaled", Multiply(), value, scale)
    return residual(name, input, value, stochasticDepth: stochasticDepth)
  }
}
