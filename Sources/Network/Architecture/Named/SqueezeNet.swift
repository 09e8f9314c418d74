import Tensor

extension NamedGraph {
  /// `squeezenet1_1` (Iandola et al. 2016).
  static func squeezeNet(_ outputs: Int) -> NamedGraph {
    var graph = NamedGraph()
    var value = graph.add("features.0", Conv2d(outChannels: 64, kernel: [3, 3], stride: [2, 2]), input)
    value = graph.add("features.1", ReLU(), value)
    // The channels between and behind the two parts of a module; nil is a max-pool.
    let plan: [(Int, Int)?] = [
      nil, (16, 128), (16, 128), nil, (32, 256), (32, 256), nil, (48, 384), (48, 384), (64, 512), (64, 512),
    ]
    for (index, widths) in plan.enumerated() {
      let name = "features.\(index + 2)"
      if let (squeezed, width) = widths {
        value = graph.fire(name, value, squeezed: squeezed, width)
      } else {
        value = graph.add(name, MaxPool2d(kernel: [3, 3], stride: [2, 2], ceil: true), value)
      }
    }
    value = graph.add("classifier.0", Dropout(), value)
    value = graph.add("classifier.1", Conv2d(outChannels: outputs, kernel: [1, 1]), value)
    value = graph.add("classifier.2", ReLU(), value)
    value = graph.globalMean(value)
    graph.start = { tensor in
      switch tensor.kind {
      case .convolution where tensor.name == "classifier.1.weight": .normal(deviation: 0.01)
      case .convolution: .kaimingUniform(fanIn: tensor)
      case .bias: .constant(0)
      default: nil
      }
    }
    return graph
  }

  /// A few channels, and half of the next ones from windows of 1×1, half from windows of 3×3.
  private mutating func fire(_ name: String, _ input: String, squeezed: Int, _ width: Int) -> String {
    func active(_ part: String, _ convolution: Conv2d, _ value: String) -> String {
      add("\(name).\(part)_activation", ReLU(), add("\(name).\(part)", convolution, value))
    }
    let value = active("squeeze", Conv2d(outChannels: squeezed, kernel: [1, 1]), input)
    let small = active("expand1x1", Conv2d(outChannels: width / 2, kernel: [1, 1]), value)
    let large = active(
      "expand3x3", Conv2d(outChannels: width / 2, kernel: [3, 3], padding: .places([1, 1])), value)
    return add(name, Concat(), small, large)
  }
}
