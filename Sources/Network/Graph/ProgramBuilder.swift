import Tensor

/// Makes the stages of a program of an architecture's nodes. Each short cut is a rule of its own; every other
/// node becomes a stage.
struct ProgramBuilder<Element: Scalar> {
  typealias Stage = Program<Element>.Stage

  private let architecture: Architecture
  /// Whether batch normalization right after a convolution becomes part of its weights.
  private let foldsNormalization: Bool
  /// The normalizations that did.
  private(set) var folds: [NormalizationFold] = []
  private var stages: [Stage] = []
  private var inputs: [[Int]] = []
  /// The value of the program that each value of the architecture became; nil if none did yet.
  private var values: [Int?]
  /// The nodes that read each value of the architecture.
  private let readers: [[Int]]

  init(_ architecture: Architecture, foldsNormalization: Bool) {
    self.architecture = architecture
    self.foldsNormalization = foldsNormalization
    values = [0] + architecture.nodes.map { _ in nil }
    var readers = [[Int]](repeating: [], count: values.count)
    for (index, node) in architecture.nodes.enumerated() {
      for value in node.inputs { readers[value].append(index) }
    }
    self.readers = readers
  }

  /// The program of all nodes.
  mutating func program() -> Program<Element> {
    for (index, node) in architecture.nodes.enumerated() where values[index + 1] == nil {
      let inputs = node.inputs.compactMap { values[$0] }
      if node.layer.isAlias {
        values[index + 1] = inputs[0]
      } else if let function = node.layer.activation {
        activate(index, function, inputs[0])
      } else {
        add(folded(index, inputs) ?? (stage(index), index), inputs)
      }
    }
    var output = values[architecture.outputValue] ?? 0
    if output == 0 {
      stages.append(.init(Rearrangement<Element>.identity(architecture.input.count)))
      inputs.append([0])
      output = stages.count
    }
    return Program(
      inputCount: architecture.input.count, stages: stages, inputs: inputs, outputValue: output)
  }

  private mutating func add(_ stage: (Stage, node: Int), _ inputs: [Int]) {
    stages.append(stage.0)
    self.inputs.append(inputs)
    values[stage.node + 1] = stages.count
  }

  /// The node that alone reads the value of a node; nil if there are several, or if the network gives it.
  private func onlyReader(_ node: Int) -> Int? {
    readers[node + 1].count == 1 && node + 1 != architecture.outputValue ? readers[node + 1][0] : nil
  }

  /// The stage before takes an activation over, if nobody else reads its value, nor the stage itself. Otherwise
  /// the activation is a stage.
  private mutating func activate(_ index: Int, _ function: any Elementwise, _ input: Int) {
    if let pool = poolBefore(function, index) {
      add(pool, [input])
      stages[stages.count - 1].activation = function
    } else if input > 0, readers(ofPlaced: input) == 1, stages[input - 1].takesActivation {
      stages[input - 1].activation = function
      values[index + 1] = input
    } else {
      let count = architecture.nodes[index].layer.value.count
      add((.init(Rearrangement<Element>.identity(count), activation: function), index), [input])
    }
  }

  /// Takes a max-pool that runs before the activation in front of it.
  private func poolBefore(_ function: any Elementwise, _ index: Int) -> (Stage, node: Int)? {
    guard function.followsMaxPool, let next = onlyReader(index),
      let pool = architecture.nodes[next].layer as? PlacedPool, pool.reduction == .largest
    else { return nil }
    return (pool.stage(Element.self), next)
  }

  /// How many nodes read a value of the program, beyond those that gave it another name.
  private func readers(ofPlaced placed: Int) -> Int {
    values.indices.reduce(0) { sum, value in
      guard values[value] == placed else { return sum }
      let others = readers[value].filter { !architecture.nodes[$0].layer.isAlias || values[$0 + 1] == nil }
      return sum + others.count + (value == architecture.outputValue ? 1 : 0)
    }
  }

  /// Takes a batch normalization into the weights of the convolution in front of it.
  private mutating func folded(_ index: Int, _ inputs: [Int]) -> (Stage, node: Int)? {
    guard foldsNormalization, var convolution = architecture.nodes[index].layer as? PlacedConvolution,
      let next = onlyReader(index),
      let normalization = architecture.nodes[next].layer as? PlacedBatchNormalization,
      let scale = normalization.scale, normalization.shift == scale + convolution.outputChannels,
      !areShared([convolution.weights, convolution.bias, scale, normalization.shift]),
      architecture.nodes[index].isTrainable, architecture.nodes[next].isTrainable
    else { return nil }
    let fold = NormalizationFold(
      weights: convolution.weights, bias: convolution.bias, neurons: convolution.outputChannels,
      fanIn: convolution.fanIn, scale: scale, mean: normalization.mean, variance: normalization.variance,
      epsilon: normalization.epsilon)
    folds.append(fold)
    convolution.bias = fold.shift
    return (convolution.stage(Element.self), next)
  }

  /// Whether other layers have any of the tensors. Folded weights are those of one normalization alone.
  private func areShared(_ offsets: [Int?]) -> Bool {
    offsets.contains { $0.map(architecture.layout.shared.contains) ?? false }
  }

  /// The stage of a node by itself.
  private func stage(_ index: Int) -> Stage {
    let node = architecture.nodes[index]
    guard var convolution = node.layer as? PlacedConvolution,
      areShared([convolution.weights]) || !node.isTrainable
    else { return freezing(node.layer.stage(Element.self), node) }
    // Other layers read the same weights as they are, or in another transform. Frozen weights are not transformed.
    convolution.readsPlainWeights = true
    return freezing(convolution.stage(Element.self), node)
  }

  private func freezing(_ stage: Stage, _ node: Architecture.Node) -> Stage {
    var stage = stage
    stage.isFrozen = !node.isTrainable
    return stage
  }
}
