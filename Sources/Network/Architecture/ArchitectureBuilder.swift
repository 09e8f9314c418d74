import Tensor

/// Follows shapes through layers, gives every tensor its place, and collects faults.
final class ArchitectureBuilder {
  var layout = ParameterLayout()
  private(set) var nodes: [Architecture.Node] = []
  private(set) var rows: [Architecture.Row] = []
  private(set) var faults: [ArchitectureFaults.Fault] = []
  /// Of every value so far; the first is the network's input.
  private(set) var shapes: [ValueShape]
  private var dropouts = 0

  init(input: Shape) { shapes = [ValueShape(input)] }

  func fault(_ path: [String], _ detail: String) { faults.append(.init(path: path, detail: detail)) }

  func nextDropout() -> Int {
    dropouts += 1
    return dropouts
  }

  /// Places `layers` one after the other behind a value, and returns the value that they end in. The first
  /// fault of a list ends it: faults of later layers would only repeat the first in other words.
  func follow(_ layers: [NamedLayer], from input: Int, path: [String]) -> Int {
    var value = input
    for (index, named) in layers.enumerated() {
      let count = layout.parameterCount
      let site = LayerSite(
        name: named.name, values: [value], path: path + ["\(index)"], builder: self)
      guard let node = named.layer.kind.place(at: site) else { return value }
      value = append(node)
      if node.isListed {
        rows.append(
          .init(
            name: named.name, type: named.layer.type, output: Self.dimensions(node.layer.value),
            parameters: layout.parameterCount - count))
      }
    }
    return value
  }

  /// In a list of layers, a picture of one position counts as a vector.
  private static func dimensions(_ value: ValueShape) -> [Int] {
    Shape(value)?.dimensions ?? value.sizes
  }

  /// Adds a node and returns its value.
  func append(_ node: Architecture.Node) -> Int {
    nodes.append(node)
    shapes.append(node.layer.value)
    return nodes.count
  }

  /// A value in the order of memory of a shape with the same numbers. A node is added if it lies otherwise.
  func reordered(_ value: Int, as shape: ValueShape) -> (shape: ValueShape, value: Int) {
    if shapes[value].liesAs(shape) { return (shape, value) }
    return (shape, append(.init(Reordered(source: shapes[value], value: shape), inputs: [value])))
  }
}
