import JSON
import Network
import Tensor

/// Networks of layers and of nodes, as requests write them. What is read is equal when it is written and read again.
/// A network that is accepted keeps to the limits, and a small one gives finite or infinite numbers, but no crash.
/// - Returns: how many of the inputs it takes.
@discardableResult func checkGraph(_ bytes: [UInt8]) throws -> Int {
  guard let body = try? JSONParser.parse(bytes), case .object = body else { return 0 }
  var accepted = 0
  for input in [Shape(features: 12), Shape(height: 8, width: 8, channels: 3)] {
    guard let network = try network(of: body, input) else { continue }
    accepted += 1
    let limits = Architecture.limits
    try require(
      network.layout.parameterCount <= limits.parameters && network.valuesPerSample <= limits.allValues,
      "a network beyond the limits")
    if network.layout.parameterCount < 1 << 18, network.valuesPerSample < 1 << 16 { try run(network) }
  }
  return accepted
}

private func network(of body: JSONValue, _ input: Shape) throws -> Architecture? {
  let faults = RequestFaults()
  let root = JSONPointer.root
  if let list = body["layers"] {
    guard let layers = LayerDescription.list.read(list, root, faults), faults.isEmpty else { return nil }
    let again = LayerDescription.list.read(LayerDescription.list.write(layers), root, RequestFaults())
    try require(again == layers, "layers that are others when written")
    return try? Architecture(layers: NamedLayer.sequential(layers), input: input)
  }
  guard let list = body["nodes"], let ends = body["outputs"],
    let nodes = GraphDescription.list.read(list, root, faults),
    let outputs = GraphDescription.outputs.read(ends, root, faults), let output = outputs.first
  else { return nil }
  let inputs = body["inputs"].flatMap { GraphDescription.inputs.read($0, root, faults) } ?? []
  guard faults.isEmpty else { return nil }
  let again = GraphDescription.list.read(GraphDescription.list.write(nodes), root, RequestFaults())
  try require(again == nodes, "nodes that are others when written")
  return try? Architecture(
    graph: GraphDescription(inputs: inputs, nodes: nodes, output: output), input: input)
}

/// A forward pass, a gradient and a product with the Hessian over two samples.
private func run(_ architecture: Architecture) throws {
  let network = Network<Float>(architecture)
  let state = NetworkState<Float>(initial: architecture.layout, seed: 1)
  let columns = architecture.output.count
  guard columns > 0, architecture.layout.parameterCount > 0 else { return }
  let inputs = (0..<2 * architecture.input.count).map { Float($0 % 5) - 1 }
  let samples = Samples(
    source: TensorSource(inputs: inputs, shape: architecture.input), indices: [0, 1],
    targets: .values([Double](repeating: 0.5, count: 2 * columns), columns: columns))
  let linearization = try Linearization(
    network: network, state: state, samples: samples, loss: .meanSquaredError,
    compute: Compute(pool: .single))
  var product: [Float] = []
  try linearization.curvatureProduct(
    .hessian, [Float](repeating: 1, count: architecture.layout.parameterCount), into: &product)
  try require(product.count == architecture.layout.parameterCount, "a product of another length")
}
