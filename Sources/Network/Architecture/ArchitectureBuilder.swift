import Tensor

/// Follows shapes through layers, gives every tensor its place, and collects faults.
final class ArchitectureBuilder {
  var layout = ParameterLayout()
  private(set) var rows: [Architecture.Row] = []
  private(set) var faults: [ArchitectureFaults.Fault] = []
  private var dropouts = 0

  func fault(_ path: [String], _ detail: String) { faults.append(.init(path: path, detail: detail)) }

  func nextDropout() -> Int {
    dropouts += 1
    return dropouts
  }

  /// The nodes of `layers` and the shape of their output. After the first fault of a list no further layer is
  /// read: its faults would only follow from the first.
  func follow(
    _ layers: [NamedLayer], from input: Shape, path: [String]
  ) -> (nodes: [Architecture.Node], output: Shape) {
    var shape = input
    var nodes: [Architecture.Node] = []
    for (index, named) in layers.enumerated() {
      let count = layout.parameterCount
      let site = LayerSite(name: named.name, input: shape, path: path + ["\(index)"], builder: self)
      guard let node = named.layer.kind.place(at: site) else { return (nodes, shape) }
      nodes.append(node)
      shape = node.layer.output
      // The layers inside have rows of their own.
      if node.layer.branches.isEmpty {
        rows.append(
          .init(
            name: named.name, type: named.layer.type, output: shape.dimensions,
            parameters: layout.parameterCount - count))
      }
    }
    return (nodes, shape)
  }
}
