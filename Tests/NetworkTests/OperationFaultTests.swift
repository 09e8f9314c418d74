import JSON
import Network
import Tensor
import Testing

/// Options and inputs of operations that do not suit each other: one fault each, at its place.
struct OperationFaultTests {
  /// The graph of a case: values of several shapes, then the operation that the case writes.
  private func architecture(_ text: String) throws -> Architecture {
    guard case .object(let options) = try JSONParser.parse(text) else { throw Malformed() }
    let head: JSONObject = ["name": "operation"]
    let operation = try NodeDescription.form.value(of: .object(head.merging(options)))
    return try Architecture(
      graph: GraphDescription(
        nodes: [
          NodeDescription("vector", .reshape([24]), [GraphDescription.input]),
          NodeDescription("rows", .reshape([6, 4]), [GraphDescription.input]),
          NodeDescription("steps", .reshape([4, 6]), [GraphDescription.input]),
          NodeDescription("cube", .reshape([2, 3, 4]), [GraphDescription.input]),
          NodeDescription("heads", .reshape([4, 3, 2]), [GraphDescription.input]), operation,
          NodeDescription("y", .reshape([-1]), ["operation"]),
        ], output: "y"), input: Shape(features: 24))
  }

  private struct Malformed: Error {}

  @Test(arguments: [
    (#"{"op": "gather", "inputs": ["vector", "rows"]}"#, "nodes/5/inputs must have the same axes"),
    (
      #"{"op": "linear", "inputs": ["rows"], "out_features": 2, "tensors": {"kernel": "x"}}"#,
      "nodes/5/tensors/kernel is no tensor of this linear, whose tensors are bias, weight"
    ),
    (
      #"{"op": "tanh", "inputs": ["rows"], "tensors": {"weight": "x"}}"#,
      "nodes/5/tensors/weight is no tensor of this tanh, which has none"
    ),
    (
      #"{"op": "conv2d", "inputs": ["cube"], "out_channels": 2, "kernel_size": 3, "padding": 3, "padding_mode": "reflect"}"#,
      "nodes/5/padding must be at most 2 for reflect padding of 3 places, got 3"
    ),
    (
      #"{"op": "pad", "inputs": ["rows"], "pad": [5, 0], "mode": "circular"}"#,
      "nodes/5/pad must be at most 4 in the mode circular for an axis of 4 places, got 5"
    ),
    (
      #"{"op": "pad", "inputs": ["rows"], "pad": [1, 0], "mode": "replicate", "value": 2}"#,
      "nodes/5/value belongs to the mode constant"
    ),
    (#"{"op": "gather", "inputs": ["rows", "rows"], "dim": 0}"#, "nodes/5/dim must not be the batch"),
    (
      #"{"op": "where", "inputs": ["vector", "vector", "vector"], "reversed": true}"#,
      "nodes/5/reversed needs a constant, but the node has three inputs"
    ),
    (#"{"op": "where", "inputs": ["rows", "steps"]}"#, "nodes/5/inputs shapes must agree"),
    (#"{"op": "less", "inputs": ["rows", "steps"]}"#, "nodes/5/inputs shapes must agree"),
    (
      #"{"op": "prelu", "inputs": ["cube"], "num_parameters": 3}"#,
      "nodes/5/num_parameters must be 1, or 2, the channels of the input, got 3"
    ),
    (
      #"{"op": "glu", "inputs": ["cube"], "dim": 2}"#,
      "nodes/5/dim must be an axis of an even number of places, got 3"
    ),
    (#"{"op": "dropout2d", "inputs": ["rows"]}"#, "nodes/5 needs channels with 2 more axes"),
    (#"{"op": "amax", "inputs": ["rows"], "dim": []}"#, "nodes/5/dim must name at least one axis"),
    (
      #"{"op": "var", "inputs": ["rows"], "dim": [2], "correction": 4}"#,
      "nodes/5/correction must be less than 4"
    ),
    (#"{"op": "lstm", "inputs": ["cube"], "hidden_size": 2}"#, "nodes/5 needs steps with features"),
    (#"{"op": "lstm", "inputs": ["rows"], "hidden_size": 2, "dropout": 0.1}"#, "nodes/5/dropout must be 0"),
    (
      #"{"op": "gru", "inputs": ["rows"], "hidden_size": 2, "input_size": 6}"#,
      "nodes/5/input_size must be 4, the features of the layer before, got 6"
    ),
    (#"{"op": "gru", "inputs": ["rows"], "hidden_size": 1073741824}"#, "nodes/5/hidden_size makes the"),
    (
      #"{"op": "lstm", "inputs": ["rows"], "hidden_size": 9000, "num_layers": 9}"#,
      "nodes/5/hidden_size makes the"
    ),
    (
      #"{"op": "multihead_attention", "inputs": ["rows"], "num_heads": 3}"#,
      "nodes/5/num_heads must divide the 4 features, got 3"
    ),
    (
      #"{"op": "multihead_attention", "inputs": ["rows", "steps", "steps"], "num_heads": 2, "kdim": 4}"#,
      "nodes/5/kdim must be 6, the features of the input, got 4"
    ),
    (
      #"{"op": "multihead_attention", "inputs": ["rows", "rows", "steps"], "num_heads": 2}"#,
      "nodes/5/inputs must have as many keys as values"
    ),
    (#"{"op": "multihead_attention", "inputs": ["cube"], "num_heads": 2}"#, "nodes/5 needs positions with"),
    (
      #"{"op": "multihead_attention", "inputs": ["rows", "steps"], "num_heads": 2}"#,
      "nodes/5/inputs shapes must agree"
    ),
    (
      #"{"op": "scaled_dot_product_attention", "inputs": ["cube", "heads", "heads"], "enable_gqa": true}"#,
      "nodes/5/enable_gqa needs heads that divide the 2 of the queries, got 4"
    ),
    (
      #"{"op": "scaled_dot_product_attention", "inputs": ["rows", "rows", "rows"], "enable_gqa": true}"#,
      "nodes/5/enable_gqa needs heads, positions and features"
    ),
  ])
  func faultsAreAtTheirPlaces(_ text: String, _ expected: String) throws {
    let error = #expect(throws: ArchitectureFaults.self) { try architecture(text) }
    #expect(error?.faults.count == 1)
    #expect(error?.description.hasPrefix(expected) == true, "\(error?.description ?? "")")
  }

  /// Options outside of their ranges, and arities.
  @Test(arguments: [
    #"{"op": "stochastic_depth", "inputs": ["rows"], "p": 1}"#,
    #"{"op": "stochastic_depth", "inputs": ["rows"], "p": 0.5, "mode": "column"}"#,
    #"{"op": "hardshrink", "inputs": ["rows"], "lambd": -1}"#,
    #"{"op": "celu", "inputs": ["rows"], "alpha": 0}"#,
    #"{"op": "masked_fill", "inputs": ["rows", "rows"]}"#,
    #"{"op": "lstm", "inputs": ["rows"]}"#,
    #"{"op": "gru", "inputs": ["rows"], "hidden_size": 0}"#,
  ])
  func optionsAreRead(_ text: String) { #expect(throws: RequestRejection.self) { try architecture(text) } }

  /// Places that come from the network's input are checked against data sets, and constants at once.
  @Test func placesOfGatherAreChecked() throws {
    let nodes = [
      NodeDescription("x", .reshape([3, 2]), [GraphDescription.input]),
      NodeDescription("y", try gather(["x", "x"]), ["x", "x"]),
      NodeDescription("flat", .reshape([-1]), ["y"]),
    ]
    let architecture = try Architecture(
      graph: GraphDescription(nodes: nodes, output: "flat"), input: Shape(features: 6))
    let reader = try #require(architecture.wholeReaders.first)
    #expect(reader.name == "y" && reader.type == "gather" && reader.limit == 3)
    #expect(reader.places == Array(0..<6))
    #expect(reader.fault(Array(repeating: 0...3, count: 6)) != nil)
    #expect(reader.fault(Array(repeating: 0...2, count: 6)) == nil)

    let constant = try NodeDescription.form.value(
      of: JSONParser.parse(
        #"{"op": "constant", "name": "places", "inputs": [], "shape": [1, 2], "values": [0, 3]}"#))
    let graph = GraphDescription(
      nodes: [
        nodes[0], constant, NodeDescription("y", try gather(["x", "places"]), ["x", "places"]), nodes[2],
      ], output: "flat")
    #expect(throws: ArchitectureFaults.self) { try Architecture(graph: graph, input: Shape(features: 6)) }
  }

  private func gather(_ inputs: [String]) throws -> LayerDescription {
    try NodeDescription.form.value(
      of: ["op": "gather", "name": "y", "inputs": JSONValue(inputs), "dim": 1]
    ).operation
  }
}
