import JSON
import Network
import Tensor
import TestSupport
import Testing

/// Random graphs of operations: the planned network against its nodes one by one, and against finite differences.
@Suite struct RandomGraphTests {
  private let compute = Compute(pool: testPool)
  fileprivate static let inputs = 6

  /// A graph that is drawn node by node.
  struct Draw {
    private(set) var nodes: [NodeDescription] = []
    /// The values so far with their sizes.
    private var values: [(name: String, sizes: [Int])] = []
    private var unread: Set<String> = []
    private var stream: RandomStream

    /// - Parameter count: nodes that are drawn between the first and the last ones.
    init(seed: UInt64, count steps: Int) {
      stream = RandomStream(seed: seed, purpose: "graph")
      let sizes = [[2, 4, 3], [4, 3], [5], [2, 2, 3], [3, 4]][stream.index(below: 5)]
      let count = sizes.reduce(1, *)
      let flat = add("linear", [GraphDescription.input], [count], ["out_features": JSONValue(count)])
      add("reshape", [flat], sizes, ["shape": JSONValue(sizes)])
      for _ in 0..<steps { step() }
      finish()
    }

    /// Adds a node of an operation with the options of a request, and returns its name.
    @discardableResult
    private mutating func add(
      _ operation: String, _ inputs: [String], _ sizes: [Int], _ options: JSONObject = [:]
    ) -> String {
      let name = "n\(nodes.count)"
      let json = JSONValue.object((["type": .string(operation)] as JSONObject).merging(options))
      let faults = RequestFaults()
      guard let layer = LayerDescription.form.read(json, .root, faults), faults.isEmpty else {
        fatalError("The operation \(operation) is not well-formed: \(faults.list)")
      }
      nodes.append(NodeDescription(name, layer, inputs))
      values.append((name, sizes))
      for input in inputs { unread.remove(input) }
      unread.insert(name)
      return name
    }

    /// One more operation on a value of those so far, the last ones more often.
    private mutating func step() {
      let back = min(stream.index(below: 3), values.count - 1)
      let (name, sizes) = values[values.count - 1 - (stream.index(below: 4) == 0 ? back : 0)]
      let rank = sizes.count
      let front = Array(sizes.dropLast())
      let twins = values.filter { $0.sizes == sizes && $0.name != name }.map(\.name)
      switch stream.index(below: 16) {
      case 0: add("gelu", [name], sizes)
      case 1: add("silu", [name], sizes)
      case 2: add("softmax", [name], sizes, ["dim": -1])
      case 3 where sizes[rank - 1] > 2:
        // Few values of one size would be normalized by almost nothing.
        add(
          "layer_norm", [name], sizes,
          ["normalized_shape": JSONValue([sizes[rank - 1]]), "eps": 0.1])
      case 4 where !twins.isEmpty: add("add", [name, twins[stream.index(below: twins.count)]], sizes)
      case 5 where !twins.isEmpty:
        add("multiply", [name, twins[stream.index(below: twins.count)]], sizes)
      case 6:
        // A factor of the means over the last axis, as squeeze-and-excitation has it.
        let mean = add("mean", [name], front + [1], ["dim": [-1], "keepdim": true])
        let gate = add("sigmoid", [mean], front + [1])
        add("multiply", [name, gate], sizes)
      case 7 where rank >= 2:
        var swapped = sizes
        swapped.swapAt(rank - 1, rank - 2)
        add("transpose", [name], swapped, ["dim0": -2, "dim1": -1])
      case 8 where rank == 3:
        add("permute", [name], [sizes[2], sizes[0], sizes[1]], ["dims": [0, 3, 1, 2]])
      case 9 where rank == 3:
        add(
          "conv2d", [name], [3, sizes[1], sizes[2]],
          ["out_channels": 3, "kernel_size": 3, "padding": 1])
      case 10 where rank == 3: add("batch_norm2d", [name], sizes)
      case 11 where rank == 2: add("multihead_attention", [name], sizes, ["num_heads": 1])
      case 12: add("linear", [name], front + [4], ["out_features": 4])
      case 13 where rank >= 2:
        add(
          "concat", [name, twins.first ?? name], [2 * sizes[0]] + sizes.dropFirst(), ["dim": 1])
      case 14 where sizes[0] > 1:
        add("slice", [name], [sizes[0] - 1] + sizes.dropFirst(), ["dim": 1, "start": 1])
      default: add("tanh", [name], sizes)
      }
      guard let last = values.last, last.sizes.reduce(1, *) > 60, last.sizes.count > 1 else { return }
      add("mean", [last.name], Array(last.sizes.dropFirst()), ["dim": [1]])
    }

    /// All values that nobody reads, side by side, into three outputs.
    private mutating func finish() {
      let open = values.filter { unread.contains($0.name) }
      var count = 0
      let flat = open.map { name, sizes in
        count += sizes.reduce(1, *)
        return add("reshape", [name], [sizes.reduce(1, *)], ["shape": [-1]])
      }
      let all = flat.count == 1 ? flat[0] : add("concat", flat, [count], ["dim": 1])
      add("linear", [all], [3], ["out_features": 3])
    }

    var graph: GraphDescription {
      GraphDescription(nodes: nodes, output: nodes.last?.name ?? GraphDescription.input)
    }

    /// The nodes, for messages.
    var words: String {
      nodes.map { "\($0.name) = \($0.operation.type)(\($0.inputs.joined(separator: ", ")))" }
        .joined(separator: "; ")
    }

    /// The sizes of a node's value, or of the input.
    func sizes(_ name: String) -> [Int] {
      values.first { $0.name == name }?.sizes ?? [RandomGraphTests.inputs]
    }
  }

  static let seeds = Array(0..<60)

  private func samples() -> Samples {
    var stream = RandomStream(seed: 9, purpose: "inputs")
    return Samples(
      source: TensorSource(
        inputs: (0..<5 * Self.inputs).map { _ in stream.normal() }, shape: Shape(features: Self.inputs)),
      indices: Array(0..<5), targets: .classes([0, 1, 2, 1, 0]))
  }

  private func outputs(_ network: Network<Double>, _ state: NetworkState<Double>, _ samples: Samples) throws
    -> [[Double]]
  {
    let rows = Buffer<Double>(count: samples.count * network.architecture.output.count)
    let columns = network.architecture.output.count
    let shared = Disjoint(rows.pointer)
    _ = try network.evaluate(
      state,
      on: Samples(
        source: samples.source, indices: samples.indices,
        targets: .values(.zeros(rows.count), columns: columns)), loss: .meanSquaredError, compute: compute
    ) { place, row in
      for column in 0..<columns { shared.value[place * columns + column] = row[column] }
    }
    return (0..<samples.count).map { place in
      (0..<columns).map { rows.pointer[place * columns + $0] }
    }
  }

  /// The values of all nodes, each computed as a network of its own from the values that it reads.
  private func plainOutputs(
    _ draw: Draw, _ layout: ParameterLayout, _ state: NetworkState<Double>, _ samples: Samples
  ) throws -> [[Double]] {
    var values: [String: [[Double]]] = [:]
    values[GraphDescription.input] = try (0..<samples.count).map { place in
      let source = try #require(samples.source as? TensorSource<Double>)
      return Array(source.inputs[place * Self.inputs..<(place + 1) * Self.inputs])
    }
    var last: [[Double]] = []
    for node in draw.nodes {
      let parts = node.inputs.enumerated().map { index, name in
        GraphDescription.Input("in\(index)", draw.sizes(name))
      }
      let rows = (0..<samples.count).map { place in
        node.inputs.flatMap { values[$0]?[place] ?? [] }
      }
      let graph = GraphDescription(
        inputs: parts,
        nodes: [
          NodeDescription(node.name, node.operation, parts.map(\.name)),
          NodeDescription("flat", .reshape([-1]), [node.name]),
        ], output: "flat")
      let input = Shape(features: rows[0].count)
      let network = Network<Double>(try Architecture(graph: graph, input: input))
      var own = NetworkState<Double>(initial: network.layout, seed: 0)
      for tensor in network.layout.tensors {
        let source = try #require(layout.tensors.first { $0.name == tensor.name })
        switch tensor.home {
        case .parameters: tensor.place(source.exported(from: state.parameters), into: &own.parameters)
        case .statistics: tensor.place(source.exported(from: state.statistics), into: &own.statistics)
        case .counters, .options: break
        }
      }
      last = try outputs(
        network, own,
        Samples(
          source: TensorSource(inputs: rows.flatMap { $0 }, shape: input), indices: samples.indices,
          targets: samples.targets))
      values[node.name] = last
    }
    return last
  }

  private func state(_ layout: ParameterLayout) -> NetworkState<Double> {
    var state = NetworkState<Double>(initial: layout, seed: 2)
    var stream = RandomStream(seed: 3, purpose: "statistics")
    for index in state.statistics.indices { state.statistics[index] *= stream.uniform(in: 0.5..<2) }
    return state
  }

  @Test(arguments: seeds) func thePlannedNetworkIsThatOfItsNodes(_ seed: Int) throws {
    let draw = Draw(seed: UInt64(seed), count: 4 + seed % 9)
    let network = Network<Double>(
      try Architecture(graph: draw.graph, input: Shape(features: Self.inputs), outputs: 3))
    let state = state(network.layout)
    let samples = samples()
    let planned = try outputs(network, state, samples)
    let plain = try plainOutputs(draw, network.layout, state, samples)
    for (a, b) in zip(planned, plain) { #expect(relativeError(a, b) < 1e-11) }
  }

  @Test(arguments: seeds) func productsAgreeWithDifferences(_ seed: Int) throws {
    let draw = Draw(seed: UInt64(seed), count: 4 + seed % 9)
    let network = Network<Double>(
      try Architecture(graph: draw.graph, input: Shape(features: Self.inputs), outputs: 3))
    let state = state(network.layout)
    let samples = samples()
    var stream = RandomStream(seed: 5, purpose: "direction")
    let v = state.parameters.map { _ in stream.normal() }
    func at(_ h: Double) throws -> (loss: Double, gradient: [Double]) {
      var moved = state
      moved.parameters.add(h, times: v)
      let value = try network.gradient(moved, on: samples, loss: .crossEntropy, compute: compute)
      return (value.meanLoss, value.gradient)
    }
    let h = 1e-5
    let (above, below, here) = (try at(h), try at(-h), try at(0))
    let slope = (above.loss - below.loss) / (2 * h)
    let finer = try [1e-4, 1e-6, 1e-7].map { h in (try at(h).loss - at(-h).loss) / (2 * h) }
    #expect(
      abs(slope - here.gradient.dot(v)) < 1e-6 * max(1, abs(slope)),
      "\(finer), \(here.gradient.dot(v)): \(draw.words)")
    var change = above.gradient
    change.add(-1, times: below.gradient)
    let expected = change.map { $0 / (2 * h) }
    var product: [Double] = []
    try Linearization(
      network: network, state: state, samples: samples, loss: .crossEntropy, compute: compute
    ).curvatureProduct(.hessian, v, into: &product)
    let difference = zip(product, expected).map { $0 - $1 }
    #expect(difference.norm < 1e-5 * max(1, expected.norm))
  }
}
