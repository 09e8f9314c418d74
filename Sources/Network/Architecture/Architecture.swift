import Tensor

/// A network's layers with all shapes known. A `Network` is built from it.
public struct Architecture: Sendable, Equatable {
  /// A line of the list of layers that a user sees.
  public struct Row: Sendable, Equatable {
    public let name: String
    public let type: String
    /// In PyTorch's order.
    public let output: [Int]
    public let parameters: Int
  }

  public let input: Shape
  public let output: Shape
  /// The sizes of the output in PyTorch's order.
  public let outputSizes: [Int]
  public let layout: ParameterLayout
  public let rows: [Row]
  /// The nodes that read whole numbers from the input.
  public let wholeReaders: [WholeReader]
  let nodes: [Node]
  /// The value that the network gives: 0 is its input, i + 1 that of node i.
  let outputValue: Int

  /// The most parameters, and the most output values for one sample, of one layer and of all layers together.
  /// ResNet-50 at 224×224 has 42 million output values, MaxViT 135 million.
  public static let limits = (parameters: 1 << 30, values: 1 << 28, allValues: 3 << 26)

  /// Follows the shapes through the layers.
  /// - Parameters:
  ///   - path: the path to the layers in the request, for faults.
  ///   - outputs: the number of outputs the task needs; nil leaves it open.
  /// - Throws: `ArchitectureFaults` with every fault found.
  public init(
    layers: [NamedLayer], input: Shape, outputs: Int? = nil, path: [String] = ["layers"]
  ) throws(ArchitectureFaults) {
    let (builder, end) = ArchitectureBuilder.build(input) { $0.follow(layers, from: 0, path: path) }
    if layers.isEmpty { builder.fault(path, "must have at least one layer") }
    try self.init(builder, end: end, outputs: outputs, path: path)
  }

  /// The network that a builder has collected.
  /// - Parameter path: the path of faults of the whole network.
  init(
    _ builder: ArchitectureBuilder, end: Int, outputs: Int?, path: [String]
  ) throws(ArchitectureFaults) {
    let input = builder.input
    let end = builder.faults.isEmpty ? builder.output(end) : end
    let nodes = builder.nodes
    let given = builder.shapes[end]
    let output = Shape(given) ?? Shape(positionsOf: given)
    if builder.faults.isEmpty, let outputs, output.count != outputs {
      builder.fault(
        path, "the network gives \(output) values a sample, but the data set needs \(outputs) outputs")
    }
    let values = input.count + Self.values(nodes)
    if builder.faults.isEmpty, values > Self.limits.allValues {
      builder.fault(
        path, "the layers hand on \(values) values a sample; at most \(Self.limits.allValues) are taken")
    }
    if !builder.faults.isEmpty { throw ArchitectureFaults(builder.faults) }
    self.input = input
    self.output = output
    outputSizes = given.sizes
    self.nodes = nodes
    outputValue = end
    layout = builder.layout
    rows = builder.rows
    wholeReaders = builder.wholeReaders
  }

  static func values(_ nodes: [Node]) -> Int { nodes.reduce(0) { $0 + $1.layer.values } }

  /// Values of the input and of all layers' outputs, for one sample.
  public var valuesPerSample: Int { input.count + Self.values(nodes) }

  /// Multiply-adds for one sample in one forward pass, counted directly, however they are computed.
  public var multiplyAddsPerSample: Int { nodes.reduce(0) { $0 + $1.layer.multiplyAdds } }
}
