import JSON
import Network
import Tensor
import TestSupport
import Testing

/// Attention in one operation against the same attention of products, sums and a softmax. A mask as a fourth
/// input takes the second way.
struct AttentionTests {
  struct Form: Sendable {
    let positions: Int
    let heads: Int
    let width: Int
    var isCausal = false
  }

  /// The last two have more shares than are kept, and more than one block of queries.
  static let forms = [
    Form(positions: 7, heads: 3, width: 4), Form(positions: 5, heads: 2, width: 3, isCausal: true),
    Form(positions: 300, heads: 1, width: 1), Form(positions: 290, heads: 1, width: 2, isCausal: true),
  ]

  private func network(_ form: Form, masked: Bool) throws -> Network<Double> {
    let (t, h, d) = (form.positions, form.heads, form.width)
    var nodes: [JSONValue] = []
    for name in ["q", "k", "v"] {
      nodes.append(
        ["op": "linear", "name": .string(name), "inputs": ["input"], "out_features": JSONValue(t * h * d)])
      nodes.append(
        [
          "op": "reshape", "name": .string(name + " heads"), "inputs": [.string(name)],
          "shape": JSONValue([t, h, d]),
        ])
      nodes.append(
        [
          "op": "permute", "name": .string(name + " ordered"), "inputs": [.string(name + " heads")],
          "dims": JSONValue([0, 2, 1, 3]),
        ])
    }
    var inputs: [JSONValue] = ["q ordered", "k ordered", "v ordered"]
    if masked {
      let mask = (0..<t).flatMap { row in (0..<t).map { form.isCausal && $0 > row ? -1e30 : 0 } }
      nodes.append(
        [
          "op": "constant", "name": "mask", "inputs": [], "shape": JSONValue([t, t]),
          "values": .array(mask.map { .number($0) }),
        ])
      inputs.append("mask")
    }
    nodes.append(
      [
        "op": "scaled_dot_product_attention", "name": "attention", "inputs": .array(inputs),
        "is_causal": .bool(form.isCausal && !masked),
      ])
    nodes.append(["op": "mean", "name": "mean", "inputs": ["attention"], "dim": JSONValue([2])])
    nodes.append(["op": "flatten", "name": "flat", "inputs": ["mean"]])
    nodes.append(["op": "linear", "name": "head", "inputs": ["flat"], "out_features": 3])
    let faults = RequestFaults()
    let list = GraphDescription.list.read(.array(nodes), JSONPointer.root, faults)
    #expect(faults.list == [])
    return Network(
      try Architecture(
        graph: GraphDescription(nodes: try #require(list), output: "head"), input: Shape(features: 4)))
  }

  @Test(arguments: forms) func equalsItsParts(_ form: Form) throws {
    var stream = RandomStream(seed: 1, purpose: "attention")
    let inputs = (0..<3 * 4).map { _ in stream.normal() }
    let samples = Samples(
      source: TensorSource(inputs: inputs, shape: Shape(features: 4)), indices: [0, 1, 2],
      targets: .classes([0, 1, 2]))
    var results: [(loss: Double, gradient: [Double], product: [Double])] = []
    for masked in [false, true] {
      let network = try network(form, masked: masked)
      let state = NetworkState<Double>(initial: network.layout, seed: 5)
      let linearization = try Linearization(
        network: network, state: state, samples: samples, loss: .crossEntropy,
        compute: Compute(pool: testPool))
      var directions = RandomStream(seed: 2, purpose: "direction")
      let v = (0..<network.layout.parameterCount).map { _ in directions.normal() }
      var product: [Double] = []
      try linearization.curvatureProduct(.hessian, v, into: &product)
      results.append((linearization.meanLoss, linearization.gradient, product))
    }
    #expect(abs(results[0].loss - results[1].loss) < 1e-12)
    #expect(relativeError(results[0].gradient, results[1].gradient) < 1e-11)
    #expect(relativeError(results[0].product, results[1].product) < 1e-11)
  }
}
