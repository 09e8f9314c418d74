import Network
import Tensor

/// Small networks that between them have every layer and every way of joining layers.
public struct SmallNetwork: Sendable, CustomStringConvertible {
  public let name: String
  public let architecture: Architecture
  public let loss: Loss
  public var description: String { name }

  public init(_ name: String, _ input: Shape, _ layers: [LayerDescription], loss: Loss = .crossEntropy) {
    self.name = name
    self.loss = loss
    do {
      architecture = try Architecture(layers: NamedLayer.sequential(layers), input: input)
    } catch {
      fatalError("The test network \(name) is not well-formed: \(error.faults)")
    }
  }

  /// A named architecture with three classes.
  public init(_ name: String, _ input: Shape, _ named: NamedArchitecture) {
    self.name = name
    loss = .crossEntropy
    do {
      architecture = try Architecture(named, input: input, outputs: 3)
    } catch {
      fatalError("The test network \(name) is not well-formed: \(error.faults)")
    }
  }

  /// An operation between linear layers, so that its inputs have tangents and its value has a gradient.
  /// The layers of a network around an operation whose parameters are no part of θ.
  public enum Frozen: Sendable { case none, operation, allButOutput }

  public init(_ example: LayerExample, frozen: Frozen = .none) {
    name = example.description
    loss = .crossEntropy
    let size = 6
    var nodes: [NodeDescription] = []
    func add(_ name: String, _ operation: LayerDescription, _ inputs: [String]) -> String {
      var operation = operation
      if frozen == .allButOutput, name != "output" { operation.isTrainable = false }
      nodes.append(NodeDescription(name, operation, inputs))
      return name
    }
    let inputs = zip(example.shapes, example.inputs).enumerated().map { index, input -> String in
      let (sizes, numbers) = input
      let name = "input \(index)"
      let count = sizes.reduce(1, *)
      var value = GraphDescription.input
      switch numbers {
      case .any: value = add(name + " made", .linear(outFeatures: count), [value])
      case .positive:
        value = add(name + " made", .linear(outFeatures: count), [value])
        value = add(name + " positive", .sigmoid, [value])
      case .whole(let limit):
        // Values of the samples themselves, in another order for each input.
        value = add(name + " chosen", .indexSelect((0..<count).map { ($0 * 5 + index) % size }), [value])
        value = add(name + " share", .sigmoid, [value])
        value = add(name + " scaled", .multiply(by: Double(limit)), [value])
        value = add(name + " whole", .floor, [value])
      }
      return add(name, .reshape(sizes), [value])
    }
    var operation = example.layer
    if frozen != .none { operation.isTrainable = false }
    let value = add("operation", operation, inputs)
    let flat = add("flat", .reshape([-1]), [value])
    let output = add("output", .linear(outFeatures: 3), [flat])
    do {
      architecture = try Architecture(
        graph: GraphDescription(nodes: nodes, output: output), input: Shape(features: size))
    } catch {
      fatalError("The test network \(name) is not well-formed: \(error.faults)")
    }
  }

  public static let picture = Shape(height: 6, width: 5, channels: 2)

  public static let softmaxRegression = SmallNetwork(
    "softmax regression", Shape(features: 5), [.linear(outFeatures: 3)])
  public static let ridge = SmallNetwork(
    "ridge", Shape(features: 4), [.linear(outFeatures: 2)], loss: .meanSquaredError)
  public static let hinge = SmallNetwork(
    "hinge", Shape(features: 4), [.linear(outFeatures: 3), .tanh, .linear(outFeatures: 3)],
    loss: .smoothHinge(temperature: 0.5))
  public static let tanhPerceptron = SmallNetwork(
    "tanh perceptron", Shape(features: 5),
    [.linear(outFeatures: 6), .tanh, .linear(outFeatures: 4, bias: false), .tanh, .linear(outFeatures: 3)])
  public static let reluPerceptron = SmallNetwork(
    "relu perceptron", Shape(features: 5),
    [.linear(outFeatures: 7), .relu, .dropout(p: 0.3), .linear(outFeatures: 3)])
  public static let activationFirstAndLast = SmallNetwork(
    "activation first and last", Shape(features: 5),
    [.tanh, .linear(outFeatures: 4), .relu, .tanh, .linear(outFeatures: 3), .tanh])
  public static let convolutions = SmallNetwork(
    "convolutions", picture,
    [
      .conv2d(outChannels: 3, kernel: [3, 3], padding: 1), .tanh,
      .conv2d(outChannels: 4, kernel: [3, 2], stride: 2, padding: 1, bias: false), .relu,
      .conv2d(outChannels: 2, kernel: [1, 1]), .flatten, .linear(outFeatures: 3),
    ])
  public static let pools = SmallNetwork(
    "pools", picture,
    [
      .conv2d(outChannels: 3, kernel: [3, 3], padding: 1), .relu,
      .maxPool2d(kernel: [3, 3], stride: 2, padding: 1),
      .conv2d(outChannels: 3, kernel: [2, 2], padding: 1),
      .avgPool2d(kernel: [2, 2], stride: 1, padding: 1), .tanh,
      .adaptiveAvgPool2d(outputHeight: 2, outputWidth: 3), .flatten, .linear(outFeatures: 3),
    ])
  public static let normalized = SmallNetwork(
    "normalized", picture,
    [
      .conv2d(outChannels: 3, kernel: [3, 3], bias: false), .batchNorm2d(), .relu,
      .conv2d(outChannels: 3, kernel: [2, 2]), .batchNorm2d(), .tanh, .flatten, .linear(outFeatures: 3),
    ])
  public static let residual = SmallNetwork(
    "residual", picture,
    [
      .conv2d(outChannels: 3, kernel: [3, 3], padding: 1), .relu,
      .residual(
        layers: NamedLayer.sequential([
          .conv2d(outChannels: 3, kernel: [3, 3], padding: 1), .batchNorm2d(), .tanh,
          .conv2d(outChannels: 3, kernel: [3, 3], padding: 1),
        ])), .relu,
      .residual(
        layers: NamedLayer.sequential([
          .conv2d(outChannels: 4, kernel: [3, 3], stride: 2, padding: 1), .tanh,
        ]),
        shortcut: NamedLayer.sequential([
          .conv2d(outChannels: 4, kernel: [1, 1], stride: 2), .batchNorm2d(), .tanh,
        ])), .tanh,
      .residual(layers: NamedLayer.sequential([.tanh])),
      .adaptiveAvgPool2d(outputHeight: 1, outputWidth: 1), .flatten, .linear(outFeatures: 3),
    ])
  public static let activatedBranches = SmallNetwork(
    "branches and network that end in activations", picture,
    [
      .conv2d(outChannels: 3, kernel: [3, 3], padding: 1), .batchNorm2d(), .relu,
      .residual(
        layers: NamedLayer.sequential([
          .conv2d(outChannels: 3, kernel: [3, 3], padding: 1), .batchNorm2d(), .tanh,
          .conv2d(outChannels: 3, kernel: [3, 3], padding: 1), .batchNorm2d(), .tanh,
        ]),
        shortcut: NamedLayer.sequential([
          .conv2d(outChannels: 3, kernel: [1, 1]), .tanh, .conv2d(outChannels: 3, kernel: [1, 1]), .tanh,
        ])), .flatten, .linear(outFeatures: 3), .tanh,
    ])
  /// More outputs than inputs: windows of 4 rows in 7 overlap.
  public static let poolUpwards = SmallNetwork(
    "pool upwards", Shape(height: 4, width: 2, channels: 2),
    [
      .conv2d(outChannels: 3, kernel: [1, 1]), .tanh, .adaptiveAvgPool2d(outputHeight: 7, outputWidth: 3),
      .conv2d(outChannels: 2, kernel: [2, 2]), .tanh, .flatten, .linear(outFeatures: 3),
    ])
  public static let binaryPerceptron = SmallNetwork(
    "binary perceptron", Shape(features: 4), [.linear(outFeatures: 3), .tanh, .linear(outFeatures: 1)])
  public static let binaryHinge = SmallNetwork(
    "binary hinge", Shape(features: 4), [.linear(outFeatures: 1)], loss: .smoothHinge(temperature: 0.3))

  /// Convolutions with a kernel for each channel and with groups, whose normalizations are folded. There are
  /// more channels than a vector has in either precision.
  public static let separable = SmallNetwork(
    "separable", Shape(height: 6, width: 5, channels: 2),
    [
      .conv2d(outChannels: 18, kernel: [1, 1], bias: false), .batchNorm2d(epsilon: 1e-3), .tanh,
      .conv2d(outChannels: 18, kernel: [3, 3], stride: 2, padding: 1, groups: 18, bias: false),
      .batchNorm2d(), .tanh, .conv2d(outChannels: 4, kernel: [2, 2], padding: 1, groups: 2),
      .batchNorm2d(), .tanh, .flatten, .linear(outFeatures: 3),
    ])
  public static let all: [SmallNetwork] = [
    softmaxRegression, ridge, hinge, tanhPerceptron, reluPerceptron, activationFirstAndLast, convolutions,
    pools, normalized, residual, activatedBranches, poolUpwards, binaryPerceptron, binaryHinge, separable,
  ]

  public static let wideFromPlain = SmallNetwork(
    "wide from plain", Shape(height: 12, width: 10, channels: 3),
    [
      .conv2d(outChannels: 16, kernel: [3, 3], padding: 1), .tanh,
      .conv2d(outChannels: 20, kernel: [3, 3], padding: 1), .relu, .maxPool2d(kernel: [2, 2]),
      .residual(
        layers: NamedLayer.sequential([
          .conv2d(outChannels: 20, kernel: [3, 3], padding: 1, bias: false), .batchNorm2d(), .tanh,
          .conv2d(outChannels: 20, kernel: [3, 3], padding: 1, bias: false), .batchNorm2d(),
        ])), .tanh, .maxPool2d(kernel: [2, 2]),
      .conv2d(outChannels: 17, kernel: [3, 3], padding: 1), .tanh, .flatten, .linear(outFeatures: 3),
    ])
  public static let wideAtOnce = SmallNetwork(
    "wide at once", Shape(height: 9, width: 6, channels: 18),
    [
      .conv2d(outChannels: 33, kernel: [3, 3], padding: 2), .tanh,
      .conv2d(outChannels: 16, kernel: [3, 3]), .tanh, .adaptiveAvgPool2d(outputHeight: 2, outputWidth: 2),
      .conv2d(outChannels: 16, kernel: [3, 3], padding: 1), .flatten, .linear(outFeatures: 3),
    ])

  /// Networks with enough channels that their 3×3 convolutions use minimal filtering in `Float`. Tiles of
  /// both sizes occur, first and last in a branch, with and without bias. The networks also have plain
  /// convolutions.
  public static let wide: [SmallNetwork] = [wideFromPlain, wideAtOnce]

  /// A state away from its symmetric start: running statistics and β are not 0 and 1.
  public func state<Element: Scalar>(_: Element.Type, seed: UInt64 = 1) -> NetworkState<Element> {
    var state = NetworkState<Element>(initial: architecture.layout, seed: seed)
    var stream = RandomStream(seed: seed, purpose: "test state")
    for index in state.parameters.indices {
      state.parameters[index] += Element(stream.uniform(in: -0.3..<0.3))
    }
    for index in state.statistics.indices { state.statistics[index] += Element(stream.uniform(in: 0..<0.5)) }
    return state
  }

  /// Random samples that fit the network.
  public func samples(_ count: Int, seed: UInt64 = 2) -> Samples {
    var stream = RandomStream(seed: seed, purpose: "test samples")
    let inputs = (0..<count * architecture.input.count).map { _ in stream.normal() }
    let outputs = architecture.output.count
    let targets: Targets =
      loss == .meanSquaredError
      ? .values((0..<count * outputs).map { _ in stream.normal() }, columns: outputs)
      : .classes((0..<count).map { _ in Int32(stream.index(below: max(2, outputs))) })
    return Samples(
      source: TensorSource(inputs: inputs, shape: architecture.input), indices: Array(0..<count),
      targets: targets)
  }

  /// A random direction of θ's length.
  public func direction<Element: Scalar>(_: Element.Type, seed: UInt64) -> [Element] {
    var stream = RandomStream(seed: seed, purpose: "test direction")
    return (0..<architecture.layout.parameterCount).map { _ in Element(stream.normal()) }
  }
}

/// ‖a − b‖ / ‖b‖.
public func relativeError<A: Scalar, B: Scalar>(_ a: [A], _ b: [B]) -> Double {
  let difference = zip(a, b).map { Double($0) - Double($1) }
  return difference.norm / max(b.map { Double($0) }.norm, 1e-300)
}

/// One pool of two threads for all tests.
public let testPool = ComputePool(threads: 2)

extension SmallNetwork {
  /// Whether a node has parameters.
  public func hasParameters(in node: String) -> Bool {
    architecture.rows.contains { $0.name == node && $0.parameters > 0 }
  }

  /// A whole neuron here and there, and with `scattered` some single parameters.
  public func subset(scattered: Bool) -> [Int] {
    var chosen: Set<Int> = []
    for (place, layer) in architecture.layout.neuronLayers.enumerated() {
      for neuron in 0..<layer.neurons where (neuron + place) % 4 == 1 {
        chosen.formUnion(layer.weights + neuron * layer.fanIn..<layer.weights + (neuron + 1) * layer.fanIn)
        if let bias = layer.bias { chosen.insert(bias + neuron) }
      }
    }
    if scattered {
      chosen.formUnion(stride(from: 3, to: architecture.layout.parameterCount, by: 17))
    }
    return chosen.sorted()
  }
}
