import Network
import Tensor
import Testing

/// Nodes that name one tensor share it, whatever the operation does to its inputs before it reads the tensor.
/// Running statistics cannot be shared.
struct SharedTensorTests {
  /// The layers inside a residual block have names of their own.
  private static let examples = LayerDescription.formats.flatMap(\.examples).filter {
    $0.layer.type != "residual"
  }

  /// The names of the parameters of a network whose nodes have the example's operation.
  private func tensors(_ example: LayerExample, _ nodes: [String: [String: String]]) throws -> Set<String> {
    let inputs = example.shapes.indices.map { "input \($0)" }
    var graph = zip(inputs, example.shapes).map { NodeDescription($0, .parameter($1), []) }
    let names = nodes.keys.sorted()
    for name in names {
      graph.append(NodeDescription(name, example.layer, inputs, tensors: nodes[name] ?? [:]))
      graph.append(NodeDescription("flat \(name)", .reshape([-1]), [name]))
    }
    var end = "flat \(names[0])"
    for name in names.dropFirst() {
      graph.append(NodeDescription("product \(name)", .multiply, [end, "flat \(name)"]))
      end = "product \(name)"
    }
    let architecture = try Architecture(
      graph: GraphDescription(nodes: graph, output: end), input: Shape(height: 1, width: 1, channels: 1))
    return Set(architecture.layout.tensors.filter(\.kind.isParameter).map(\.name)).subtracting(inputs)
  }

  @Test(arguments: examples)
  func nodesShareTensorsOfEveryEnding(_ example: LayerExample) throws {
    let own = try tensors(example, ["node": [:]])
    let endings = own.filter { $0.hasPrefix("node.") }.map { String($0.dropFirst("node.".count)) }
    let shared = Dictionary(uniqueKeysWithValues: endings.map { ($0, "shared.\($0)") })
    let both = try tensors(example, ["first": shared, "second": shared])
    #expect(both.filter { $0.contains(".") } == Set(shared.values))
  }
}
