import Influence
import JSON
import Network
import Tensor

/// Warnings about a checkpoint for every job that uses curvature there: the slope of its risk, and the
/// warnings of its training.
struct CheckpointCaution {
  let warnings: [String]
  /// The member `checkpoint_gradient` of results. `norm` is ‖∇R‖ over the samples that the model was trained
  /// on. `one_sample` is the part of a single sample in ∇R.
  let gradient: JSONValue

  /// - Parameter training: places in the training split that the checkpoint was trained on.
  /// - Throws: `Cancelled`, and errors of the catalog.
  init<Element: Scalar>(
    _ checkpoint: String, _ state: NetworkState<Element>, _ model: LoadedModel<Element>, training: [Int],
    _ catalog: any Catalog, _ compute: Compute
  ) throws {
    let record = try catalog.checkpoint(id: checkpoint)
    let known = record?.kind == .trained ? Self.stored(record?.metrics) : nil
    let slope: (norm: Double, oneSample: Double)
    if let known {
      slope = known
    } else if training.isEmpty {
      slope = (0, 0)
    } else {
      let measured = try RiskSlope(
        of: state, model, on: model.dataset.train.samples(training), compute)
      slope = (measured.norm, measured.oneSample)
    }
    gradient = ["norm": .number(slope.norm), "one_sample": .number(slope.oneSample)]
    let told = try Self.told(record, catalog)
    warnings =
      told.isEmpty
      ? []
      : told.map { "The checkpoint's training: \($0)" } + [
        "‖∇R‖ at this checkpoint is \(slope.norm.shortText), where one training sample adds \(slope.oneSample.shortText): influence "
          + "functions speak of a minimum, where it is 0."
      ]
  }

  /// Adds the member `checkpoint_gradient` to a result, and appends the warnings.
  func add(to result: inout JSONObject) {
    result["checkpoint_gradient"] = gradient
    let others = (result["warnings"]?.arrayValue ?? []).compactMap(\.stringValue)
    result["warnings"] = JSONValue(others + warnings)
  }

  private static func stored(_ metrics: JSONValue?) -> (norm: Double, oneSample: Double)? {
    guard let norm = metrics?["gradient_norm"]?.doubleValue, let criterion = metrics?["criterion"] else {
      return nil
    }
    let oneSample = criterion["one_sample"] ?? criterion["tolerance"]
    return oneSample?.doubleValue.map { (norm, $0) }
  }

  /// The warnings of the training behind the weights. An edited checkpoint has the warnings of its parent.
  private static func told(_ record: CatalogCheckpoint?, _ catalog: any Catalog) throws -> [String] {
    var record = record
    var seen: Set<String> = []
    while let edited = record, edited.kind == .edited, let parent = edited.parent,
      seen.insert(edited.id).inserted
    {
      record = try catalog.checkpoint(id: parent)
    }
    guard let metrics = record?.metrics else { return [] }
    if let told = metrics["warnings"]?.arrayValue { return told.compactMap(\.stringValue) }
    // The checkpoint is older than the warnings of trainings.
    guard metrics["converged"]?.boolValue == false else { return [] }
    return ["It ended before a minimum (\(metrics["reason"]?.stringValue ?? "stagnation"))."]
  }
}
