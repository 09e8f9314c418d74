import Tensor

/// A network's layers with all shapes known: what `Network` is built from.
public struct Architecture: Sendable, Equatable {
  /// One layer in place.
  indirect enum Node: Sendable, Equatable {
    case linear(input: Shape, output: Shape, weights: Int, bias: Int?)
    case convolution(
      input: Shape, kernel: [Int], stride: Int, padding: Int, output: Shape, weights: Int, bias: Int?)
    case batchNormalization(input: Shape, scale: Int, statistics: Int)
    case relu, tanh
    case maxPool(input: Shape, kernel: [Int], stride: Int, padding: Int)
    case averagePool(input: Shape, kernel: [Int], stride: Int, padding: Int)
    case adaptiveAveragePool(input: Shape, output: Shape)
    case flatten(input: Shape)
    case dropout(input: Shape, p: Double, index: Int)
    case residual(input: Shape, main: [Node], shortcut: [Node]?)
  }

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
  public let layout: ParameterLayout
  public let rows: [Row]
  let nodes: [Node]

  /// The most parameters, and the most values that one layer, and all layers together, may hand on for one
  /// sample. ResNet-50 at 224×224 hands on 42 million.
  public static let limits = (parameters: 1 << 30, values: 1 << 28, allValues: 1 << 27)

  /// Follows the shapes through the layers.
  /// - Parameters:
  ///   - path: where the layers stand in the request, for faults.
  ///   - outputs: the number of outputs the task needs; nil leaves it open.
  /// - Throws: `ArchitectureFaults` with every fault found.
  public init(
    layers: [NamedLayer], input: Shape, outputs: Int? = nil, path: [String] = ["layers"]
  ) throws(ArchitectureFaults) {
    var builder = ArchitectureBuilder()
    let (nodes, output) = builder.follow(layers, from: input, path: path)
    if layers.isEmpty { builder.fault(path, "must have at least one layer") }
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
    self.nodes = nodes
    layout = builder.layout
    rows = builder.rows
  }
}
