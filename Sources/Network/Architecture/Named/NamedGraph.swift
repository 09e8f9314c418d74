import Tensor

/// A named architecture as a graph of nodes, and the facts about its tensors that a graph does not say.
///
/// A node is named as its module in PyTorch, so its tensors have the names of the module's state dict.
struct NamedGraph {
  /// The network's input.
  static let input = GraphDescription.input

  private var nodes: [NodeDescription] = []
  /// The first values of tensors; nil for the usual ones of their kind.
  var start: (ParameterTensor) -> ParameterTensor.Start? = { _ in nil }
  /// Modules that are computed before another one, but stand behind it in the state dict.
  private var moves: [(module: String, predecessor: String)] = []
  /// Buffers of whole numbers, each with the tensor that it stands behind.
  private var buffers: [(name: String, values: [Int64], predecessor: String)] = []

  // MARK: Nodes

  /// Adds a node, and returns its value.
  @discardableResult
  mutating func add(_ name: String, _ operation: some LayerKind, _ inputs: String...) -> String {
    nodes.append(NodeDescription(name, LayerDescription(operation), inputs))
    return name
  }

  /// Adds layers one after the other, and returns the last value.
  @discardableResult
  mutating func chain(_ value: String, _ layers: [NamedLayer]) -> String {
    layers.reduce(value) { value, layer in
      nodes.append(NodeDescription(layer.name, layer.layer, [value]))
      return layer.name
    }
  }

  // MARK: Tensors

  /// Puts the tensors of a module behind those of another one.
  mutating func move(_ module: String, behind predecessor: String) { moves.append((module, predecessor)) }

  /// Adds a buffer behind a tensor.
  mutating func addBuffer(_ name: String, _ values: [Int64], behind predecessor: String) {
    buffers.append((name, values, predecessor))
  }

  private func finish(_ layout: inout ParameterLayout) {
    for move in moves { layout.move(move.module + ".", behind: move.predecessor + ".") }
    for buffer in buffers { layout.insert(buffer.name, buffer.values, behind: buffer.predecessor) }
    for index in layout.tensors.indices { layout.tensors[index].start = start(layout.tensors[index]) }
  }

  // MARK: The network

  /// The network whose output is the last node.
  func architecture(_ input: Shape, _ outputs: Int) throws(ArchitectureFaults) -> Architecture {
    let graph = GraphDescription(nodes: nodes, output: nodes.last?.name ?? Self.input)
    let (builder, end) = ArchitectureBuilder.build(input) { $0.follow(graph) }
    finish(&builder.layout)
    return try Architecture(builder, end: end, outputs: outputs, path: [])
  }
}

extension ParameterLayout {
  /// Puts the tensors whose names begin with a prefix behind the last one with another prefix.
  fileprivate mutating func move(_ prefix: String, behind predecessor: String) {
    let moved = tensors.filter { $0.name.hasPrefix(prefix) }
    tensors.removeAll { $0.name.hasPrefix(prefix) }
    let place = tensors.lastIndex { $0.name.hasPrefix(predecessor) }.map { $0 + 1 } ?? tensors.count
    tensors.insert(contentsOf: moved, at: place)
  }

  /// Puts a buffer of whole numbers behind a tensor.
  fileprivate mutating func insert(_ name: String, _ values: [Int64], behind predecessor: String) {
    let place = tensors.firstIndex { $0.name == predecessor }.map { $0 + 1 } ?? tensors.count
    tensors.insert(
      ParameterTensor(
        name: name, shape: [values.count], kind: .buffer(values), isTrainable: false, home: .options,
        offset: 0,
        fanIn: 0), at: place)
  }
}

// MARK: - Blocks that several families have

extension NamedGraph {
  /// torchvision's `Conv2dNormActivation`: a convolution that keeps the picture's size but for its stride, a
  /// batch normalization, and a function if there is one.
  mutating func convolution(
    _ name: String, _ value: String, _ channels: Int, kernel: Int, stride: Int = 1, groups: Int = 1,
    norm: BatchNorm2d = BatchNorm2d(), activation: (any LayerKind)? = nil
  ) -> String {
    let convolution = Conv2d(
      outChannels: channels, kernel: [kernel, kernel], stride: [stride, stride],
      padding: .places([kernel / 2, kernel / 2]), groups: groups, bias: false)
    var value = add(name + ".0", convolution, value)
    value = add(name + ".1", norm, value)
    if let activation { value = add(name + ".2", activation, value) }
    return value
  }

  /// Hu et al. 2018: the means of the channels give a factor for each channel.
  mutating func squeezeExcitation(
    _ name: String, _ value: String, _ channels: Int, squeezed: Int, activation: some LayerKind,
    gate: some LayerKind
  ) -> String {
    var factor = add(name + ".avgpool", AdaptiveAvgPool2d(outputHeight: 1, outputWidth: 1), value)
    factor = add(name + ".fc1", Conv2d(outChannels: squeezed, kernel: [1, 1]), factor)
    factor = add(name + ".activation", activation, factor)
    factor = add(name + ".fc2", Conv2d(outChannels: channels, kernel: [1, 1]), factor)
    factor = add(name + ".scale_activation", gate, factor)
    return add(name + ".scaled", Multiply(), value, factor)
  }

  /// The sum of a branch and the value that it began with. In training the branch is left out for a share of
  /// the samples (Huang et al. 2016).
  mutating func residual(
    _ name: String, _ value: String, _ branch: String, stochasticDepth: Double = 0
  ) -> String {
    let branch =
      stochasticDepth == 0
      ? branch : add(name + ".stochastic_depth", StochasticDepth(p: stochasticDepth), branch)
    return add(name, Add(), value, branch)
  }

  /// The mean of every channel, as a vector.
  mutating func globalMean(_ value: String) -> String {
    let mean = add("avgpool", AdaptiveAvgPool2d(outputHeight: 1, outputWidth: 1), value)
    return add("flatten", Flatten(), mean)
  }
}
