import Tensor

extension NamedGraph {
  /// `mobilenet_v2` (Sandler et al. 2018).
  static func mobileNetV2(_ outputs: Int) -> NamedGraph {
    var graph = NamedGraph()
    var value = graph.convolution("features.0", input, 32, kernel: 3, stride: 2, activation: ReLU6())
    var (place, channels) = (1, 32)
    // Expansion, channels, blocks, stride of the first block.
    for (expansion, width, blocks, firstStride) in [
      (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
      (6, 320, 1, 1),
    ] {
      for block in 0..<blocks {
        let stride = block == 0 ? firstStride : 1
        value = graph.invertedResidual(
          "features.\(place)", value, from: channels, to: width, expansion: expansion, stride: stride)
        channels = width
        place += 1
      }
    }
    value = graph.convolution("features.\(place)", value, 1280, kernel: 1, activation: ReLU6())
    value = graph.add("classifier.0", Dropout(p: 0.2), graph.globalMean(value))
    graph.add("classifier.1", Linear(outFeatures: outputs), value)
    graph.start = mobileStart
    return graph
  }

  private mutating func invertedResidual(
    _ name: String, _ input: String, from channels: Int, to width: Int, expansion: Int, stride: Int
  ) -> String {
    let hidden = channels * expansion
    var value = input
    var place = 0
    if expansion != 1 {
      value = convolution("\(name).conv.0", value, hidden, kernel: 1, activation: ReLU6())
      place = 1
    }
    value = convolution(
      "\(name).conv.\(place)", value, hidden, kernel: 3, stride: stride, groups: hidden, activation: ReLU6())
    value = add("\(name).conv.\(place + 1)", Conv2d(outChannels: width, kernel: [1, 1], bias: false), value)
    value = add("\(name).conv.\(place + 2)", BatchNorm2d(), value)
    return stride == 1 && channels == width ? residual(name, input, value) : value
  }

  private static func mobileStart(_ tensor: ParameterTensor) -> ParameterTensor.Start? {
    switch tensor.kind {
    case .convolution: .kaimingNormal(fanOut: tensor)
    case .linear: .normal(deviation: 0.01)
    case .bias: .constant(0)
    default: nil
    }
  }
}

// MARK: - The third version

/// A block of `mobilenet_v3_small`.
private struct MobileBlock {
  let kernel: Int
  let expanded: Int
  let width: Int
  let squeezes: Bool
  let isHard: Bool
  let stride: Int

  init(
    _ kernel: Int, _ expanded: Int, _ width: Int, squeezes: Bool = true, isHard: Bool = true, stride: Int = 1
  ) {
    self.kernel = kernel
    self.expanded = expanded
    self.width = width
    self.squeezes = squeezes
    self.isHard = isHard
    self.stride = stride
  }

  static let small = [
    MobileBlock(3, 16, 16, isHard: false, stride: 2),
    MobileBlock(3, 72, 24, squeezes: false, isHard: false, stride: 2),
    MobileBlock(3, 88, 24, squeezes: false, isHard: false),
    MobileBlock(5, 96, 40, stride: 2), MobileBlock(5, 240, 40), MobileBlock(5, 240, 40),
    MobileBlock(5, 120, 48), MobileBlock(5, 144, 48),
    MobileBlock(5, 288, 96, stride: 2), MobileBlock(5, 576, 96), MobileBlock(5, 576, 96),
  ]
}

extension NamedGraph {
  private static let mobileNorm = BatchNorm2d(epsilon: 0.001, momentum: 0.01)

  /// `mobilenet_v3_small` (Howard et al. 2019).
  static func mobileNetV3Small(_ outputs: Int) -> NamedGraph {
    var graph = NamedGraph()
    var value = graph.convolution(
      "features.0", input, 16, kernel: 3, stride: 2, norm: mobileNorm, activation: HardSwish())
    var channels = 16
    for (index, block) in MobileBlock.small.enumerated() {
      value = graph.invertedResidual("features.\(index + 1)", value, from: channels, block)
      channels = block.width
    }
    value = graph.convolution(
      "features.12", value, 6 * channels, kernel: 1, norm: mobileNorm, activation: HardSwish())
    value = graph.add("classifier.0", Linear(outFeatures: 1024), graph.globalMean(value))
    value = graph.add("classifier.1", HardSwish(), value)
    value = graph.add("classifier.2", Dropout(p: 0.2), value)
    graph.add("classifier.3", Linear(outFeatures: outputs), value)
    graph.start = mobileStart
    return graph
  }

  private mutating func invertedResidual(
    _ name: String, _ input: String, from channels: Int, _ block: MobileBlock
  ) -> String {
    let activation: any LayerKind = block.isHard ? HardSwish() : ReLU()
    var value = input
    var place = 0
    func part() -> String {
      defer { place += 1 }
      return "\(name).block.\(place)"
    }
    if block.expanded != channels {
      value = convolution(
        part(), value, block.expanded, kernel: 1, norm: Self.mobileNorm, activation: activation)
    }
    value = convolution(
      part(), value, block.expanded, kernel: block.kernel, stride: block.stride, groups: block.expanded,
      norm: Self.mobileNorm, activation: activation)
    if block.squeezes {
      value = squeezeExcitation(
        part(), value, block.expanded, squeezed: Self.roundedToEights(block.expanded / 4), activation: ReLU(),
        gate: HardSigmoid())
    }
    value = convolution(part(), value, block.width, kernel: 1, norm: Self.mobileNorm)
    return block.stride == 1 && channels == block.width ? residual(name, input, value) : value
  }

  /// The nearest multiple of 8 that is at most a tenth smaller.
  private static func roundedToEights(_ channels: Int) -> Int {
    let nearest = max(8, (channels + 4) / 8 * 8)
    return Double(nearest) < 0.9 * Double(channels) ? nearest + 8 : nearest
  }
}
