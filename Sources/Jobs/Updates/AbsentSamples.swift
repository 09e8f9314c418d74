import JSON
import Network
import Tensor

/// Samples of classes that a checkpoint was not trained on: its recipe left them out, or edits took them out.
///
/// The checkpoint can read them neither right nor wrong, so results keep them apart from the rest.
struct AbsentSamples: Sendable {
  /// Ascending.
  let classes: [Int]
  let samples: Samples

  func evaluate<Element: Scalar>(
    _ model: LoadedModel<Element>, _ state: NetworkState<Element>, _ compute: Compute
  ) throws -> AbsentMetrics {
    AbsentMetrics(
      classes: classes,
      evaluation: try model.network.evaluate(state, on: samples, loss: model.loss, compute: compute))
  }
}

/// How a model does on classes that it was not trained on.
struct AbsentMetrics: Sendable {
  let classes: [Int]
  let evaluation: Evaluation

  /// `{"classes", "samples", "loss", "accuracy"}`.
  var json: JSONValue {
    let members: JSONObject = [
      "classes": JSONValue(classes), "samples": JSONValue(evaluation.losses.count),
    ]
    return .object(members.merging(evaluation.json.objectValue ?? [:]))
  }
}

extension Samples {
  /// The samples of classes that something is trained on, and the others.
  /// - Parameter seen: the classes of trained samples; nil for regression, where every sample counts.
  func parted(bySeen seen: Set<Int>?) -> (seen: Samples, absent: AbsentSamples?) {
    guard let seen, case .classes(let labels) = targets else { return (self, nil) }
    let others = labels.indices.filter { !seen.contains(Int(labels[$0])) }
    guard !others.isEmpty else { return (self, nil) }
    let kept = labels.indices.filter { seen.contains(Int(labels[$0])) }
    return (
      selecting(kept),
      AbsentSamples(classes: Set(others.map { Int(labels[$0]) }).sorted(), samples: selecting(others))
    )
  }
}
