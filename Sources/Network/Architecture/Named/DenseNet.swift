import Tensor

extension NamedGraph {
  /// `densenet121` (Huang et al. 2017): every layer reads the channels of all layers before it in its block.
  static func denseNet121(_ outputs: Int) -> NamedGraph {
    let growth = 32
    var graph = NamedGraph()
    let stem = Conv2d(
      outChannels: 64, kernel: [7, 7], stride: [2, 2], padding: .places([3, 3]), bias: false)
    var value = graph.add("features.conv0", stem, input)
    value = graph.add("features.norm0", BatchNorm2d(), value)
    value = graph.add("features.relu0", ReLU(), value)
    value = graph.add("features.pool0", MaxPool2d(kernel: [3, 3], stride: [2, 2], padding: [1, 1]), value)
    var channels = 64
    for (index, layers) in [6, 12, 24, 16].enumerated() {
      if index > 0 {
        channels /= 2
        value = graph.transition("features.transition\(index)", value, to: channels)
      }
      for layer in 1...layers {
        value = graph.denseLayer("features.denseblock\(index + 1).denselayer\(layer)", value, growth)
      }
      channels += layers * growth
    }
    value = graph.add("features.norm5", BatchNorm2d(), value)
    value = graph.add("relu", ReLU(), value)
    graph.add("classifier", Linear(outFeatures: outputs), graph.globalMean(value))
    graph.start = { tensor in
      switch tensor.kind {
      case .convolution: .kaimingNormal(fanIn: tensor)
      case .bias: .constant(0)
      default: nil
      }
    }
    return graph
  }

  /// The input with `growth` channels more.
  private mutating func denseLayer(_ name: String, _ input: String, _ growth: Int) -> String {
    var value = add(name + ".norm1", BatchNorm2d(), input)
    value = add(name + ".relu1", ReLU(), value)
    value = add(name + ".conv1", Conv2d(outChannels: 4 * growth, kernel: [1, 1], bias: false), value)
    value = add(name + ".norm2", BatchNorm2d(), value)
    value = add(name + ".relu2", ReLU(), value)
    value = add(
      name + ".conv2",
      Conv2d(outChannels: growth, kernel: [3, 3], padding: .places([1, 1]), bias: false), value)
    return add(name, Concat(), input, value)
  }

  private mutating func transition(_ name: String, _ input: String, to channels: Int) -> String {
    var value = add(name + ".norm", BatchNorm2d(), input)
    value = add(name + ".relu", ReLU(), value)
    value = add(name + ".conv", Conv2d(outChannels: channels, kernel: [1, 1], bias: false), value)
    return add(name + ".pool", AvgPool2d(kernel: [2, 2], stride: [2, 2]), value)
  }
}
