import Formats
import JSON

/// Functions of one value.
extension ONNXConverter {
  static var functionWriters: [String: Write] {
    var writers: [String: Write] = [
      "LeakyRelu": {
        try $0.function($1, "leaky_relu", ["negative_slope": .number($1.float("alpha") ?? 0.01)])
      },
      "Elu": { try $0.function($1, "elu", ["alpha": .number($1.float("alpha") ?? 1)]) },
      "Celu": { try $0.function($1, "celu", ["alpha": .number($1.float("alpha") ?? 1)]) },
      "Selu": { try $0.selu($1) },
      "ThresholdedRelu": {
        try $0.function($1, "threshold", ["threshold": .number($1.float("alpha") ?? 1), "value": 0.0])
      },
      "Gelu": {
        try $0.function($1, "gelu", $1.text("approximate") == "tanh" ? ["approximate": "tanh"] : [:])
      },
      "HardSigmoid": { try $0.hardSigmoid($1) }, "Clip": { try $0.clip($1) }, "PRelu": { try $0.prelu($1) },
      "Not": { try $0.function($1, "logical_not", type: .truth) }, "IsNaN": { try $0.never($1) },
      "IsInf": { try $0.never($1) },
    ]
    for (type, op) in [
      "Relu": "relu", "Tanh": "tanh", "Sigmoid": "sigmoid", "Softplus": "softplus", "Softsign": "softsign",
      "HardSwish": "hardswish", "Mish": "mish", "Exp": "exp", "Log": "log", "Sqrt": "sqrt", "Abs": "abs",
      "Erf": "erf", "Sin": "sin", "Cos": "cos", "Reciprocal": "reciprocal", "Neg": "neg", "Floor": "floor",
      "Ceil": "ceil", "Round": "round", "Sign": "sign",
    ] { writers[type] = { try $0.function($1, op) } }
    return writers
  }

  private func function(
    _ node: ONNXNode, _ op: String, _ options: JSONObject = [:], type: ONNXConstant.ElementType? = nil
  ) throws {
    let x = try value(node, 0)
    add(node, op, [x], shape: x.shape, dropped: x.dropped, type: type ?? x.type, options)
  }

  private func selu(_ node: ONNXNode) throws {
    // The constants of Klambauer et al. 2017, as files have them in `float32`.
    guard abs((node.float("alpha") ?? 1.67326319) - 1.67326324) < 1e-6,
      abs((node.float("gamma") ?? 1.05070102) - 1.05070098) < 1e-6
    else { throw ONNXMissing("with other constants than those of SELU") }
    try function(node, "selu")
  }

  /// max(0, min(1, αx + β)).
  private func hardSigmoid(_ node: ONNXNode) throws {
    let x = try value(node, 0)
    let (alpha, beta) = (node.float("alpha") ?? 0.2, node.float("beta") ?? 0.5)
    if abs(alpha - 1 / 6.0) < 1e-6, beta == 0.5 { return try function(node, "hardsigmoid") }
    let scaled = made(node, "multiply", [x], shape: x.shape, dropped: x.dropped, ["value": .number(alpha)])
    let moved = made(node, "add", [scaled], shape: x.shape, dropped: x.dropped, ["value": .number(beta)])
    add(node, "clamp", [moved], shape: x.shape, dropped: x.dropped, ["min": 0.0, "max": 1.0])
  }

  private func clip(_ node: ONNXNode) throws {
    let x = try value(node, 0)
    let least = try node.float("min") ?? required(node, 1, "limits")?.scalar
    let most = try node.float("max") ?? required(node, 2, "limits")?.scalar
    if least == 0, most == 6 {
      _ = add(node, "relu6", [x], shape: x.shape, dropped: x.dropped)
      return
    }
    var options: JSONObject = [:]
    if let least, least > -1e30 { options["min"] = .number(least) }
    if let most, most < 1e30 { options["max"] = .number(most) }
    if options.isEmpty { return set(node, x) }
    add(node, "clamp", [x], shape: x.shape, dropped: x.dropped, type: x.type, options)
  }

  private func prelu(_ node: ONNXNode) throws {
    let x = try value(node, 0)
    guard let shape = input(node, 1)?.shape else { throw ONNXMissing("lacks its slopes") }
    let channels = x.rank > 1 ? x.shape[1] : 1
    let count = shape.reduce(1, *)
    // One slope, or one for each channel, which is the second axis.
    let isChannels =
      count == channels && x.dropped == 0
      && (shape.count == x.rank - 1 ? shape.first == channels : shape.count == x.rank && shape[1] == channels)
    if count == 1 || isChannels, let view = try? weight(node, 1, "slopes") {
      let slopes = view.reshaped([count])
      if isFree(slopes) {
        _ = add(
          node, "prelu", [x], shape: x.shape, dropped: x.dropped, tensors: ["weight": try tensor(slopes)],
          ["num_parameters": JSONValue(count)])
        return
      }
    }
    // max(x, 0) + w·min(x, 0).
    let above = made(node, "relu", [x], shape: x.shape, dropped: x.dropped)
    let below = made(node, "clamp", [x], shape: x.shape, dropped: x.dropped, ["max": 0.0])
    guard let slopes = input(node, 1) else { return }
    let scaled = try binary(node, "multiply", .node(below), slopes)
    set(node, try binary(node, "add", .node(above), .node(scaled)))
  }

  /// Values of a network in order are numbers.
  private func never(_ node: ONNXNode) throws {
    let x = try value(node, 0)
    values[node.node.outputs[0]] = .constant(
      ONNXConstant(Array(repeating: 1, count: x.rank), [0], .truth))
  }
}
