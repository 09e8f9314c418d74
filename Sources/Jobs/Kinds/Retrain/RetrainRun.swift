import Datasets
import JSON
import Network
import Tensor

/// Trains the model again from its initial weights as a new model, without a group or with its true labels.
/// The new model is the reference of a removal or a recovery.
struct RetrainRun: PreciseRun {
  let request: RetrainRequest
  let environment: JobEnvironment

  var target: ModelReference { request.target }

  func run<Element: Scalar>(
    _ model: LoadedModel<Element>, _ context: any JobContext, _ compute: Compute
  ) throws -> JSONValue {
    guard let own = request.training ?? model.record.training else {
      throw JobFailure(
        .unacceptable, "The model \(model.record.name) has no recipe.", advice: "Give one as training.")
    }
    let seed = request.seed ?? model.record.seed
    let before = model.partition(recipe: own, seed: seed)
    var changed = model
    var members: [Int] = []
    var edit: DataEdit?
    if let group = request.group {
      try model.requirePresent(group)
      let named = Set(model.data.members(of: group))
      members = before.training.filter(named.contains)
      let made = DataEdit(
        request.recovers ? .corrected : .removed, group, samples: members.count, job: context.id)
      changed = model.after(made)
      edit = made
    }
    let partition = changed.partition(recipe: own, seed: seed)
    let training = Training(
      model: changed, recipe: own, seed: seed, partition: partition, samples: nil,
      environment: environment, context: context, compute: compute)
    let outcome = try training.run(from: NetworkState(initial: model.layout, seed: UInt64(seed)))

    let report: JSONValue
    if let edit, request.recovers {
      report = try model.recoveryReport(edit, members: members)
        .evaluate(model, outcome.state, compute).json
    } else if let edit {
      report = try model.reportSamples(edit.group, edit, members: members)
        .evaluate(model, outcome.state, compute).json
    } else {
      report = outcome.metrics
    }
    var record = model.record
    record.name = request.name ?? standardName(model.record.name)
    record.seed = seed
    record.training = own
    record.reference = RetrainReference(
      model: model.record.name, group: request.group, recovers: request.recovers)
    record.name = try context.createModel(record, exactName: request.name != nil)
    let checkpoint = try changed.save(
      outcome.state, kind: .trained, parent: nil, model: record.name, trainedBy: own, seed: seed,
      metrics: outcome.metrics, context)
    return [
      "model": .string(record.name), "checkpoint": .string(checkpoint), "metrics": report,
      "curve": .array(outcome.curve),
      "samples": [
        "train": JSONValue(partition.training.count), "validation": JSONValue(partition.validation.count),
      ], "warnings": JSONValue(outcome.warnings),
    ]
  }

  /// A name that tells the change. If the name is taken, the service adds a number.
  private func standardName(_ model: String) -> String {
    let suffix: String
    if let group = request.group {
      let what =
        switch group {
        case .label(let label): "class-\(label)"
        case .indices(let indices): "\(indices.count)-samples"
        case .known(let group): group.rawValue
        }
      suffix = (request.recovers ? "-recovered-" : "-without-") + what
    } else {
      suffix = "-retrained"
    }
    // Names have at most 63 characters, and a number must fit.
    return String(model.prefix(63 - suffix.count - 5)) + suffix
  }
}

// MARK: - Result

extension RetrainRequest {
  public static let result = ResultObject([
    .always("model", .resourceName, "The new model."),
    .always("checkpoint", .id, "Its checkpoint."),
    .always(
      "metrics", .either([.object(.removalMetrics), .object(.recoveryMetrics), .object(.trainingMetrics)]),
      "What a removal or a recovery of the group reports; without a group what `train` reports."),
    .trainingCurve, .samples([.trainSamples, .validationSamples]), .warnings,
  ])
}
