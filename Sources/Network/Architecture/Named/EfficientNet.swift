import Tensor

extension NamedGraph {
  /// `efficientnet_b0` (Tan and Le 2019).
  static func efficientNetB0(_ outputs: Int) -> NamedGraph {
    var graph = NamedGraph()
    var value = graph.convolution("features.0", input, 32, kernel: 3, stride: 2, activation: SiLU())
    // Expansion, kernel, stride of the first block, channels, blocks.
    let stages = [
      (1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3), (6, 5, 1, 112, 3),
      (6, 5, 2, 192, 4), (6, 3, 1, 320, 1),
    ]
    let total = stages.reduce(0) { $0 + $1.4 }
    var (count, channels) = (0, 32)
    for (stage, (expansion, kernel, firstStride, width, blocks)) in stages.enumerated() {
      for block in 0..<blocks {
        value = graph.mobileInvertedBottleneck(
          "features.\(stage + 1).\(block)", value, from: channels, to: width, expansion: expansion,
          kernel: kernel, stride: block == 0 ? firstStride : 1,
          stochasticDepth: 0.2 * Double(count) / Double(total))
        channels = width
        count += 1
      }
    }
    value = graph.convolution("features.8", value, 4 * channels, kernel: 1, activation: SiLU())
    value = graph.add("classifier.0", Dropout(p: 0.2), graph.globalMean(value))
    graph.add("classifier.1", Linear(outFeatures: outputs), value)
    graph.start = { tensor in
      switch tensor.kind {
      case .convolution: .kaimingNormal(fanOut: tensor)
      case .linear: .uniform(bound: 1 / Double(outputs).squareRoot())
      case .bias: .constant(0)
      default: nil
      }
    }
    return graph
  }

  private mutating func mobileInvertedBottleneck(
    _ name: String, _ input: String, from channels: Int, to width: Int, expansion: Int, kernel: Int,
    stride: Int, stochasticDepth: Double
  ) -> String {
    let hidden = channels * expansion
    var value = input
    var place = 0
    if expansion != 1 {
      value = convolution("\(name).block.0", value, hidden, kernel: 1, activation: SiLU())
      place = 1
    }
    value = convolution(
      "\(name).block.\(place)", value, hidden, kernel: kernel, stride: stride, groups: hidden,
      activation: SiLU())
    value = squeezeExcitation(
      "\(name).block.\(place + 1)", value, hidden, squeezed: channels / 4, activation: SiLU(),
      gate: Sigmoid())
    value = convolution("\(name).block.\(place + 2)", value, width, kernel: 1)
    guard stride == 1, channels == width else { return value }
    return residual(name, input, value, stochasticDepth: stochasticDepth)
  }
}
