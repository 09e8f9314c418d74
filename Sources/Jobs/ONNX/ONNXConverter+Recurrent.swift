import Formats
import JSON

/// `LSTM` and `GRU` of ONNX, whose gates have another order than PyTorch's.
extension ONNXConverter {
  static var recurrentWriters: [String: Write] {
    ["LSTM": { try $0.recurrent($1, "lstm", gates: 4) }, "GRU": { try $0.recurrent($1, "gru", gates: 3) }]
  }

  private func recurrent(_ node: ONNXNode, _ op: String, gates: Int) throws {
    guard node.integer("layout") ?? 0 == 0, let units = node.integer("hidden_size"), units > 0,
      units < 1 << 24,
      node.node.attributes["clip"] == nil,
      node.node.attributes["activations"] == nil || usesUsualFunctions(node, op),
      node.integer("input_forget") ?? 0 == 0
    else { throw ONNXMissing("with options that PyTorch's layers do not have") }
    if op == "gru", node.integer("linear_before_reset") ?? 0 == 0 {
      throw ONNXMissing("with linear_before_reset = 0, which is another cell than PyTorch's")
    }
    let sequence = try value(node, 0)
    guard sequence.rank == 3, sequence.shape[1] == 1 else {
      throw ONNXMissing("of another batch than one sample")
    }
    let x = try graph.without(sequence, 1)
    let steps = sequence.shape[0]
    if let lengths = input(node, 4), constant(lengths)?.isAll(Double(steps)) != true {
      throw ONNXMissing("with lengths of sequences")
    }
    for state in [5, 6] {
      guard let input = input(node, state) else { continue }
      guard constant(input)?.isAll(0) == true else { throw ONNXMissing("whose first state is not zero") }
    }
    guard input(node, 7) == nil else { throw ONNXMissing("with peepholes") }
    let direction = node.text("direction") ?? "forward"
    let directions = direction == "bidirectional" ? 2 : 1
    let (w, r) = (try weight(node, 1, "weights"), try weight(node, 2, "weights"))
    let b = try optionalWeight(node, 3, "biases")
    let rows = gates * units
    guard w.shape == [directions, rows, sequence.shape[2]], r.shape == [directions, rows, units],
      b == nil || b?.shape == [directions, 2 * rows], w.permutation == nil, r.permutation == nil,
      b?.permutation == nil
    else { throw ONNXMissing("with weights of sizes that do not fit") }
    // ONNX has the gates i, o, f, c and z, r, h; PyTorch has i, f, g, o and r, z, n.
    let order = op == "lstm" ? [0, 2, 3, 1] : [1, 0, 2]
    var tensors: [String: String] = [:]
    for place in 0..<directions {
      let suffix = "l0" + (place == 1 ? "_reverse" : "")
      func take(_ view: ONNXWeightView, _ ending: String, _ columns: Int, _ start: Int, _ part: String) {
        let shape = columns == 0 ? [rows] : [rows, columns]
        let name = "\(view.tensor.name)\(part)\(directions == 2 ? ".\(place)" : "")"
        tensors["\(ending)_\(suffix)"] = register(
          view.tensor, name, shape, .init(offset: start, shape: shape, permutation: nil, blocks: order))
      }
      take(w, "weight_ih", w.shape[2], place * rows * w.shape[2], "")
      take(r, "weight_hh", units, place * rows * units, "")
      if let b {
        take(b, "bias_ih", 0, 2 * place * rows, ".ih")
        take(b, "bias_hh", 0, (2 * place + 1) * rows, ".hh")
      }
    }
    var options: JSONObject = ["hidden_size": JSONValue(units), "bias": .bool(b != nil)]
    if directions == 2 { options["bidirectional"] = true }
    let isReverse = direction == "reverse"
    func flipped(_ value: ONNXGraphValue) -> ONNXGraphValue {
      made(node, "flip", [value], shape: value.shape, dropped: value.dropped, ["dim": 1])
    }
    var states = made(
      node, op, [isReverse ? flipped(x) : x], shape: [steps, 1, directions * units], dropped: 1,
      tensors: tensors,
      options)
    if isReverse { states = flipped(states) }
    if isRead(node, 0) { setStates(node, states, steps, directions, units) }
    if isRead(node, 1) { try setLast(node, states, steps, units, directions, isReverse: isReverse) }
    if isRead(node, 2) { throw ONNXMissing("whose last cell state is read") }
  }

  private func isRead(_ node: ONNXNode, _ output: Int) -> Bool {
    output < node.node.outputs.count && readers[node.node.outputs[output]] != nil
  }

  /// Whether the functions of the gates are sigmoid and tanh.
  private func usesUsualFunctions(_ node: ONNXNode, _ op: String) -> Bool {
    guard case .texts(let names) = node.node.attributes["activations"] else { return false }
    let usual = op == "lstm" ? ["sigmoid", "tanh", "tanh"] : ["sigmoid", "tanh"]
    let given = names.map { $0.lowercased() }
    return given == usual || given == usual + usual
  }

  /// Y: steps × directions × batch × units.
  private func setStates(
    _ node: ONNXNode, _ states: ONNXGraphValue, _ steps: Int, _ directions: Int, _ units: Int
  ) {
    let shape = [steps, directions, 1, units]
    var result = ONNXGraphValue(name: states.name, shape: shape, dropped: 2)
    if directions == 1 {
      result.name = graph.relabelled(states.name, states.sizes, result.sizes)
    } else {
      result.name = graph.node("reshape", title(node), [states.name], ["shape": JSONValue(result.sizes)])
    }
    set(node, result)
  }

  /// Y_h: directions × batch × units, after the last step of each direction.
  private func setLast(
    _ node: ONNXNode, _ states: ONNXGraphValue, _ steps: Int, _ units: Int, _ directions: Int, isReverse: Bool
  ) throws {
    var ends: [ONNXGraphValue] = []
    for direction in 0..<directions {
      let place = isReverse || direction == 1 ? 0 : steps - 1
      var end = made(
        node, "select", [states], shape: [1, directions * units], dropped: 0,
        ["dim": 1, "index": JSONValue(place)])
      if directions == 2 {
        end = made(
          node, "slice", [end], shape: [1, units], dropped: 0,
          ["dim": 1, "start": JSONValue(direction * units), "end": JSONValue((direction + 1) * units)])
      }
      end.name = graph.relabelled(end.name, [units], [1, units])
      ends.append(ONNXGraphValue(name: end.name, shape: [1, 1, units], dropped: 1))
    }
    set(node, try joined(node, ends, 0, [directions, 1, units]), output: 1)
  }
}
