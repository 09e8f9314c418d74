import Formats
import JSON

/// Operations of `ai.onnx.ml` that scikit-learn's linear models and networks have.
extension ONNXConverter {
  static let classical = "ai.onnx.ml"

  static var classicalWriters: [String: Write] {
    [
      "\(classical).LinearRegressor": { try $0.linearModel($1) },
      "\(classical).LinearClassifier": { try $0.linearModel($1) },
      "\(classical).Scaler": { try $0.scaler($1) },
    ]
  }

  /// x·Wᵀ + b with weights in attributes.
  private func linearModel(_ node: ONNXNode) throws {
    let x = try value(node, 0)
    guard x.rank == 2, let features = x.shape.last, let given = node.tensor("coefficients"), given.count > 0,
      given.count % features == 0
    else { throw ONNXMissing("with coefficients that do not fit the features") }
    let isClassifier = node.type == "LinearClassifier"
    let rows = given.count / features
    let after = node.text("post_transform") ?? "NONE"
    guard ["NONE", "SOFTMAX", "LOGISTIC"].contains(after), isClassifier || after == "NONE" else {
      throw ONNXMissing("with the function \(after) behind it")
    }
    func place(_ tensor: ONNXTensor, _ shape: [Int]) -> String {
      register(tensor, tensor.name, shape, .init(offset: 0, shape: shape, permutation: nil, blocks: nil))
    }
    var tensors = ["weight": place(given, [rows, features])]
    if let intercepts = node.tensor("intercepts") {
      guard intercepts.count == rows else { throw ONNXMissing("with intercepts that do not fit") }
      tensors["bias"] = place(intercepts, [rows])
    }
    var result = made(
      node, "linear", [x], shape: [x.shape[0], rows], dropped: x.dropped, tensors: tensors,
      ["out_features": JSONValue(rows), "bias": .bool(tensors.count == 2)])
    if isClassifier, after == "LOGISTIC" {
      if rows == 2 {
        // The scores are −z and z, and the probability is σ(z): softmax of their halves gives the same.
        result = made(
          node, "multiply", [result], shape: result.shape, dropped: result.dropped, ["value": 0.5])
      } else {
        notes.append(
          "the classifier's probabilities are sigmoids of each class by itself, divided by their sum; the network "
            + "gives the scores, of which the cross-entropy takes the softmax")
      }
    }
    set(node, result, output: isClassifier ? 1 : 0)
  }

  /// (x − offset)·scale.
  private func scaler(_ node: ONNXNode) throws {
    let x = try value(node, 0)
    var result = x
    for (name, op) in [("offset", "subtract"), ("scale", "multiply")] {
      guard let numbers = node.floats(name) else { continue }
      guard numbers.count == 1 || numbers.count == x.shape.last else {
        throw ONNXMissing("with an \(name) that does not fit")
      }
      let constant = ONNXConstant([numbers.count], numbers, .float)
      result = try binary(node, op, .node(result), .constant(constant))
    }
    set(node, result)
  }
}
