import Tensor

extension NamedGraph {
  /// `shufflenet_v2_x1_0` (Ma et al. 2018).
  static func shuffleNetV2(_ outputs: Int) -> NamedGraph {
    var graph = NamedGraph()
    var value = graph.convolution("conv1", input, 24, kernel: 3, stride: 2, activation: ReLU())
    value = graph.add("maxpool", MaxPool2d(kernel: [3, 3], stride: [2, 2], padding: [1, 1]), value)
    var channels = 24
    for (stage, (width, blocks)) in [(116, 4), (232, 8), (464, 4)].enumerated() {
      for block in 0..<blocks {
        let name = "stage\(stage + 2).\(block)"
        value =
          block == 0
          ? graph.shrinkingUnit(name, value, from: channels, to: width) : graph.unit(name, value, width)
      }
      channels = width
    }
    value = graph.convolution("conv5", value, 1024, kernel: 1, activation: ReLU())
    graph.add("fc", Linear(outFeatures: outputs), graph.globalMean(value))
    return graph
  }

  /// Half of the channels pass, the other half goes through convolutions.
  private mutating func unit(_ name: String, _ input: String, _ width: Int) -> String {
    let kept = add(name + ".kept", Chunk(chunks: 2, dim: 1, index: 0), input)
    let changed = add(name + ".changed", Chunk(chunks: 2, dim: 1, index: 1), input)
    return shuffled(name, kept, branch(name, changed, width / 2, stride: 1), width)
  }

  private mutating func shrinkingUnit(
    _ name: String, _ input: String, from channels: Int, to width: Int
  ) -> String {
    var value = depthwise(name + ".branch1", 0, input, channels, stride: 2)
    value = pointwise(name + ".branch1", 2, value, width / 2)
    return shuffled(name, value, branch(name, input, width / 2, stride: 2), width)
  }

  private mutating func branch(_ name: String, _ input: String, _ width: Int, stride: Int) -> String {
    var value = pointwise(name + ".branch2", 0, input, width)
    value = depthwise(name + ".branch2", 3, value, width, stride: stride)
    return pointwise(name + ".branch2", 5, value, width)
  }

  private mutating func depthwise(
    _ name: String, _ place: Int, _ input: String, _ channels: Int, stride: Int
  ) -> String {
    let convolution = Conv2d(
      outChannels: channels, kernel: [3, 3], stride: [stride, stride], padding: .places([1, 1]),
      groups: channels, bias: false)
    return add("\(name).\(place + 1)", BatchNorm2d(), add("\(name).\(place)", convolution, input))
  }

  private mutating func pointwise(_ name: String, _ place: Int, _ input: String, _ width: Int) -> String {
    let convolution = Conv2d(outChannels: width, kernel: [1, 1], bias: false)
    let value = add("\(name).\(place + 1)", BatchNorm2d(), add("\(name).\(place)", convolution, input))
    return add("\(name).\(place + 2)", ReLU(), value)
  }

  /// The channels of two values in turn.
  private mutating func shuffled(_ name: String, _ first: String, _ second: String, _ width: Int) -> String {
    let both = add(name + ".both", Concat(), first, second)
    let places = (0..<width).map { $0 % 2 * (width / 2) + $0 / 2 }
    return add(name, IndexSelect(dim: 1, index: places), both)
  }
}
