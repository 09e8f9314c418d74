import Formats
import JSON
import Network

/// A tensor of the network, and the numbers of the ONNX file that it has.
public struct ONNXWeight: Sendable {
  /// How the tensor's numbers lie in the file's tensor.
  public struct Source: Sendable, Equatable {
    /// The place of the part's first number.
    public let offset: Int
    /// The sizes of the part in the file.
    public let shape: [Int]
    /// The order of the file's axes in the tensor; nil if both are the same.
    public let permutation: [Int]?
    /// The order of equal blocks of rows, such as gates, in the tensor; nil if both are the same.
    public let blocks: [Int]?
  }

  public let name: String
  /// In PyTorch's order.
  public let shape: [Int]
  /// The file's tensor.
  public let tensor: ONNXTensor
  public let source: Source

  /// Whether the tensor is the file's, with all numbers in the same order.
  var isWhole: Bool {
    source.permutation == nil && source.blocks == nil && source.offset == 0
      && source.shape.reduce(1, *) == tensor.count
  }

  /// The place in the file's tensor of every number in PyTorch's order.
  public var places: [Int] {
    if let permutation = source.permutation {
      let strides = ONNXShape.strides(source.shape)
      return ONNXShape.places(
        permutation.map { source.shape[$0] }, permutation.map { strides[$0] }, from: source.offset)
    }
    let count = source.shape.reduce(1, *)
    guard let blocks = source.blocks, count > 0 else { return Array(source.offset..<source.offset + count) }
    let size = count / blocks.count
    return blocks.flatMap { source.offset + $0 * size..<source.offset + ($0 + 1) * size }
  }
}

/// Why an ONNX model cannot become a network: everything that stands against it.
public struct ONNXConversionError: Error, CustomStringConvertible {
  public let refusals: [ONNXRefusal]

  public var description: String { refusals.map(\.description).joined(separator: "; ") }
}

/// The network of an ONNX model for the samples of a data set.
public struct ONNXNetwork: Sendable {
  public let model: ONNXModel
  public let graph: GraphDescription
  /// The graph as requests write it.
  public let architecture: JSONValue
  /// The tensors of the graph that have numbers in the file.
  public let weights: [ONNXWeight]
  /// Notes for the user. They name the operations that were cut away, and say how samples are read.
  public let notes: [String]

  /// Converts a model.
  /// - Parameters:
  ///   - sample: the shape of a sample, without the batch.
  ///   - cutsToScores: whether the network ends in class scores where the model has probabilities or labels.
  /// - Throws: `ONNXError` if the samples do not fit, `ONNXConversionError` with every operation that cannot be
  ///   converted.
  public init(_ model: ONNXModel, sample: [Int], cutsToScores: Bool = true) throws {
    let reading = try ONNXSample(model, sample: sample)
    let result = try ONNXResult(model, cutsToScores: cutsToScores)
    let names = reading.inputs.isEmpty ? [GraphDescription.input] : reading.inputs.map(\.name)
    let converter = ONNXConverter(model, inputs: names)
    converter.fixedBatch = reading.batch
    converter.read(reading)
    converter.write(result.value)
    if !converter.unsupported.isEmpty { throw ONNXConversionError(refusals: converter.unsupported) }
    guard case .node(let value) = converter.values[result.value] else {
      throw ONNXConversionError(refusals: [
        ONNXRefusal(place: result.value, reason: "the output does not depend on the samples")
      ])
    }
    let end = try converter.graph.without(value, value.dropped ?? ONNXGraphValue.batchAxis(value.shape))
    let nodes = converter.graph.leading(to: end.name)
    var architecture: JSONObject = [
      "nodes": .array(nodes.map { .object($0) }), "outputs": [.string(end.name)],
    ]
    if !reading.inputs.isEmpty {
      architecture["inputs"] = .array(
        reading.inputs.map { .object(["name": .string($0.name), "shape": JSONValue($0.shape)]) })
    }
    self.model = model
    self.architecture = .object(architecture)
    graph = GraphDescription(
      inputs: reading.inputs.map { .init($0.name, $0.shape) },
      nodes: try GraphDescription.list.value(of: architecture["nodes"] ?? []), output: end.name)
    weights = converter.weights
    notes = reading.notes + result.notes + converter.notes
  }

  /// The numbers of a tensor in PyTorch's order.
  public func values(of weight: ONNXWeight) -> [Double] {
    let numbers = model.numbers(of: weight.tensor) ?? []
    return weight.isWhole ? numbers : weight.places.map { numbers[$0] }
  }

  /// The file with other values of its tensors.
  /// - Parameter values: the values of a tensor of the network in PyTorch's order; nil leaves the file's.
  public func file(_ values: (ONNXWeight) throws -> [Double]?) throws -> [UInt8] {
    var writer = ONNXWriter(model)
    // Several tensors of the network may be parts of one tensor of the file.
    var pending: [String: [Double]] = [:]
    var last: [String: Int] = [:]
    for (index, weight) in weights.enumerated() { last[weight.tensor.name] = index }
    for (index, weight) in weights.enumerated() {
      if let own = try values(weight) {
        if weight.isWhole {
          pending[weight.tensor.name] = own
        } else {
          var numbers = pending[weight.tensor.name] ?? model.numbers(of: weight.tensor) ?? []
          for (place, value) in zip(weight.places, own) { numbers[place] = value }
          pending[weight.tensor.name] = numbers
        }
      }
      if last[weight.tensor.name] == index, let numbers = pending.removeValue(forKey: weight.tensor.name) {
        try writer.put(numbers, into: weight.tensor)
      }
    }
    return try writer.finish()
  }
}

extension ONNXConverter {
  /// Gives the inputs of the file their values.
  func read(_ sample: ONNXSample) {
    for (name, value) in sample.constants { values[name] = .constant(value) }
    if !sample.inputs.isEmpty {
      for (input, own) in zip(model.inputs, sample.inputs) {
        values[input.name] = .node(
          ONNXGraphValue(name: own.name, shape: [1] + own.shape, dropped: 0, type: Self.type(input)))
      }
      return
    }
    guard let first = model.inputs.first else { return }
    var name = GraphDescription.input
    if let permutation = sample.permutation {
      name = graph.node("permute", "input.permute", [name], ["dims": JSONValue(permutation)])
    } else if sample.reshapes {
      let sizes = Array(sample.shape.dropFirst())
      name =
        sizes.count == 1
        ? graph.node("flatten", "input.flatten", [name])
        : graph.node("reshape", "input.reshape", [name], ["shape": JSONValue(sizes)])
    }
    values[first.name] = .node(
      ONNXGraphValue(
        name: name, shape: sample.shape, dropped: sample.hasBatch ? 0 : nil, type: Self.type(first)))
  }

  private static func type(_ input: ONNXModel.Value) -> ONNXConstant.ElementType {
    input.type.isFloating ? .float : input.type == .bool ? .truth : .whole
  }
}

extension ONNXGraphWriter {
  /// The nodes that a value depends on.
  func leading(to output: String) -> [JSONObject] {
    var read: Set<String> = [output]
    var kept: [JSONObject] = []
    for node in nodes.reversed() {
      guard let name = node["name"]?.stringValue, read.contains(name) else { continue }
      kept.append(node)
      for input in node["inputs"]?.arrayValue ?? [] { if let name = input.stringValue { read.insert(name) } }
    }
    return kept.reversed()
  }
}
