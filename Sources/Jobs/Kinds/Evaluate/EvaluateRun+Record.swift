import JSON
import Network
import Tensor

/// Splits an evaluation by the record of the checkpoint.
extension EvaluateRun {
  /// Members of a result for some splits.
  ///
  /// If some samples are of classes that the checkpoint was not trained on, the members are `seen` and
  /// `absent`. For the training split `parts` has the trained, held-out, left-out and removed samples.
  /// - Parameters:
  ///   - samples: the samples, with the model's classes.
  ///   - isOwn: whether the samples are of the model's own data set.
  func blocks<Element: Scalar>(
    _ evaluation: Evaluation, of samples: Samples, _ model: LoadedModel<Element>, isOwn: Bool
  ) -> JSONObject {
    let partition = model.partition()
    var members = absentBlock(evaluation, of: samples, model, partition)
    guard request.split == .train, isOwn else { return members }
    let (trained, held) = (Set(partition.training), Set(partition.validation))
    var places: [(name: String, places: [Int])] = [
      ("trained", []), ("held_out", []), ("left_out", []), ("removed", []),
    ]
    for (place, index) in samples.indices.enumerated() {
      let part =
        trained.contains(index) ? 0 : model.data.removed.contains(index) ? 3 : held.contains(index) ? 1 : 2
      places[part].places.append(place)
    }
    let parts = places.filter { !$0.places.isEmpty }
    guard parts.count > 1 else { return members }
    members["parts"] = .object(
      JSONObject(parts.map { ($0.name, Self.block(evaluation.selecting($0.places))) }))
    return members
  }

  private func absentBlock<Element: Scalar>(
    _ evaluation: Evaluation, of samples: Samples, _ model: LoadedModel<Element>, _ partition: Partition
  ) -> JSONObject {
    guard let seen = model.data.seenClasses(partition), case .classes(let labels) = samples.targets else {
      return [:]
    }
    let absent = labels.indices.filter { !seen.contains(Int(labels[$0])) }
    guard !absent.isEmpty else { return [:] }
    let kept = labels.indices.filter { seen.contains(Int(labels[$0])) }
    return [
      "seen": Self.block(evaluation.selecting(kept)),
      "absent": AbsentMetrics(
        classes: Set(absent.map { Int(labels[$0]) }).sorted(), evaluation: evaluation.selecting(absent)
      ).json,
    ]
  }

  /// `{"samples", "loss", "accuracy"}`.
  private static func block(_ evaluation: Evaluation) -> JSONValue {
    let count: JSONObject = ["samples": JSONValue(evaluation.losses.count)]
    return .object(count.merging(evaluation.json.objectValue ?? [:]))
  }
}
