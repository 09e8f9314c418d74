import Formats

/// Which value of an ONNX model is the output of the network.
///
/// Losses of the service read class scores. So softmax, sigmoid, and what makes labels of scores are cut away.
struct ONNXResult {
  let value: String
  let notes: [String]

  /// - Parameter cutsToScores: whether the model's probabilities are replaced by the scores before them.
  init(_ model: ONNXModel, cutsToScores: Bool) throws(ONNXError) {
    var producers: [String: ONNXModel.Node] = [:]
    for node in model.nodes { for output in node.outputs { producers[output] = node } }
    guard let output = Self.output(model, producers) else { throw .missing("output") }
    var notes: [String] = []
    if model.outputs.count > 1 {
      notes.append("of the file's \(model.outputs.count) outputs, the network gives '\(output)'")
    }
    var value = output
    var gone: [String] = []
    // A cycle has at most as many steps as there are nodes.
    for _ in model.nodes.indices {
      guard let node = producers[value], let next = Self.source(node, value, producers, cutsToScores) else {
        break
      }
      if next == value { break }
      value = next
      if node.type != "Identity", node.type != "Cast" { gone.append("\(node.type) '\(node.place)'") }
    }
    if !gone.isEmpty {
      notes.append(
        "the network ends before \(gone.joined(separator: ", ")), in the scores '\(value)' that losses read")
    }
    self.value = value
    self.notes = notes
  }

  /// The first output of floating-point numbers, else the last, of which labels are made first.
  private static func output(_ model: ONNXModel, _ producers: [String: ONNXModel.Node]) -> String? {
    let floating = model.outputs.first { $0.type.isFloating }
    return (floating ?? model.outputs.last)?.name
  }

  /// The input of an operation that is cut away, or nil.
  private static func source(
    _ node: ONNXModel.Node, _ value: String, _ producers: [String: ONNXModel.Node], _ cutsToScores: Bool
  ) -> String? {
    switch node.type {
    case "Identity", "Cast", "ZipMap": return node.inputs.first
    case "LinearClassifier" where node.outputs.count > 1:
      // Labels and scores are outputs of one operation.
      return node.outputs[1]
    case "Softmax", "LogSoftmax", "Sigmoid", "Normalizer", "ArgMax", "ArrayFeatureExtractor":
      guard cutsToScores else { return nil }
      return node.type == "ArrayFeatureExtractor" ? node.inputs.last : node.inputs.first
    case "Concat" where cutsToScores && node.inputs.count == 2:
      // 1 − p and p of two classes.
      guard let rest = producers[node.inputs[0]], rest.type == "Sub", rest.inputs.last == node.inputs[1],
        producers[node.inputs[1]]?.type == "Sigmoid"
      else { return nil }
      return node.inputs[1]
    default: return nil
    }
  }
}
