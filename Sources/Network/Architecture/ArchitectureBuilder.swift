import Tensor

/// Follows shapes through layers, gives every tensor its place, and collects faults.
final class ArchitectureBuilder {
  var layout: ParameterLayout
  private var tensorPlaces: [String: Int] = [:]
  private(set) var nodes: [Architecture.Node] = []
  private(set) var rows: [Architecture.Row] = []
  private(set) var faults: [ArchitectureFaults.Fault] = []
  /// Of every value so far; the first is the network's input.
  private(set) var shapes: [ValueShape]
  var wholeReaders: [WholeReader] = []
  /// The endings of the names of tensors that the node in work has asked for.
  var endings: Set<String> = []
  private var dropouts = 0
  /// The names of layers of lists so far, and whether the user gave them.
  private var layerNames: [String: Bool] = [:]

  let input: Shape

  /// - Parameter counted: the layout of the same network, if some of its parameters are frozen.
  private init(input: Shape, after counted: ParameterLayout?) {
    self.input = input
    layout = ParameterLayout(after: counted)
    shapes = [ValueShape(input)]
  }

  /// Builds a network, and returns its builder with the value that the network gives.
  /// - Parameter follow: places all layers. It is called again if some are frozen, because their parameters lie
  ///   behind all others.
  static func build(
    _ input: Shape, _ follow: (ArchitectureBuilder) -> Int
  ) -> (builder: ArchitectureBuilder, end: Int) {
    let first = ArchitectureBuilder(input: input, after: nil)
    let end = follow(first)
    guard first.layout.frozenCount > 0 else { return (first, end) }
    let second = ArchitectureBuilder(input: input, after: first.layout)
    return (second, follow(second))
  }

  func fault(_ path: [String], _ detail: String) { faults.append(.init(path: path, detail: detail)) }

  func nextDropout() -> Int {
    dropouts += 1
    return dropouts
  }

  /// Places `layers` one after the other behind a value, and returns the value that they end in. The first
  /// fault of a list ends it: faults of later layers would only repeat the first in other words.
  func follow(
    _ layers: [NamedLayer], from input: Int, path: [String], isTrainable: Bool = true
  ) -> Int {
    var value = input
    for (index, named) in layers.enumerated() {
      let arity = Swift.type(of: named.layer.kind).arity
      guard arity.contains(1) else {
        fault(
          path + ["\(index)", "type"],
          "\(named.layer.type) reads \(arity.lowerBound) values: it belongs into a graph of nodes")
        return value
      }
      guard takeName(of: named) else {
        fault(path + ["\(index)", "name"], "must be a name of its own, but \"\(named.name)\" is taken")
        return value
      }
      let site = LayerSite(
        name: named.name, values: [value], isTrainable: isTrainable && named.layer.isTrainable,
        path: path + ["\(index)"], builder: self)
      guard let next = place(named.layer, at: site) else { return value }
      value = next
    }
    return value
  }

  /// Notes the name of a layer of a list; false if it is taken. Names that the user did not give may repeat,
  /// because layers without tensors do.
  private func takeName(of layer: NamedLayer) -> Bool {
    let isGiven = layer.layer.name != nil
    if let taken = layerNames[layer.name], taken || isGiven { return false }
    layerNames[layer.name] = isGiven
    return true
  }

  /// Places a layer, and returns its value; nil after a fault.
  func place(_ layer: LayerDescription, at site: LayerSite) -> Int? {
    let count = layout.valueCount
    guard let node = layer.kind.place(at: site) else { return nil }
    let value = append(site.isTrainable ? node : node.frozen)
    if node.isListed {
      // In a list of layers, a picture of one position counts as a vector.
      let sizes =
        site.isInGraph
        ? node.layer.value.sizes : Shape(node.layer.value)?.dimensions ?? node.layer.value.sizes
      rows.append(
        .init(
          name: site.name, type: layer.type, output: sizes, parameters: layout.valueCount - count))
    }
    return value
  }

  /// The tensor of that name, if there is one.
  func tensor(_ name: String) -> ParameterTensor? {
    for index in tensorPlaces.count..<layout.tensors.count {
      tensorPlaces[layout.tensors[index].name] = index
    }
    return tensorPlaces[name].map { layout.tensors[$0] }
  }

  /// Notes a layer whose neurons can be chosen; weights that several layers share are noted once.
  func note(_ layer: NeuronLayer) {
    if let index = layout.neuronLayers.firstIndex(where: { $0.weights == layer.weights }) {
      if !layer.isNarrowable { layout.neuronLayers[index].isNarrowable = false }
    } else {
      layout.neuronLayers.append(layer)
    }
  }

  /// Adds a node and returns its value.
  func append(_ node: Architecture.Node) -> Int {
    nodes.append(node)
    shapes.append(node.layer.value)
    return nodes.count
  }

  /// The value of the network's output: a picture or a vector as it is, others with the last axis innermost.
  func output(_ value: Int) -> Int {
    Shape(shapes[value]) == nil ? reordered(value, as: shapes[value].rowMajor).value : value
  }

  /// A value in the order of memory of a shape with the same numbers. A node is added if it lies otherwise.
  func reordered(_ value: Int, as shape: ValueShape) -> (shape: ValueShape, value: Int) {
    if shapes[value].liesAs(shape) { return (shape, value) }
    return (shape, append(.init(Reordered(source: shapes[value], value: shape), inputs: [value])))
  }
}
