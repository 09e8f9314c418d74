import Tensor

/// Follows shapes through layers, gives every tensor its place, and collects faults.
final class ArchitectureBuilder {
  var layout = ParameterLayout()
  private(set) var nodes: [Architecture.Node] = []
  private(set) var rows: [Architecture.Row] = []
  private(set) var faults: [ArchitectureFaults.Fault] = []
  /// Of every value so far; the first is the network's input.
  private(set) var shapes: [Shape]
  private var dropouts = 0

  init(input: Shape) { shapes = [input] }

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
        name: named.name, value: value, path: path + ["\(index)"], builder: self)
      guard let node = named.layer.kind.place(at: site) else { return value }
      nodes.append(node)
      shapes.append(node.layer.output)
      value = nodes.count
      if node.isListed {
        rows.append(
          .init(
            name: named.name, type: named.layer.type, output: node.layer.output.dimensions,
            parameters: layout.parameterCount - count))
      }
    }
    return value
  }
}
