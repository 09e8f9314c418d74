import Datasets
import Network
import Tensor

/// Trains the model again from its initial weights, without a group or with its true labels, as a new model: the
/// reference that a removal is measured against.
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
    var recipe = own
    let seed = request.seed ?? model.record.seed
    let group = request.group.indices(in: model.dataset)
    let partition = model.partition(recipe: recipe, seed: seed, excluding: request.recovers ? [] : group)
    if !request.recovers { recipe.excluded = request.group.joined(with: recipe.excluded, in: model.dataset) }
    let training = Training(
      model: model, recipe: recipe, seed: seed, partition: partition,
      samples: request.recovers
        ? model.dataset.train.samples(partition.training, trueLabels: group) : nil,
      environment: environment, context: context, compute: compute)
    let outcome = try training.run(from: NetworkState(initial: model.layout, seed: UInt64(seed)))

    let members = Set(group)
    let trained = model.partition(recipe: own, seed: seed).training
    let report = try model.reportSamples(request.group, members: trained.filter(members.contains))
      .evaluate(model, outcome.state, compute)
    var record = model.record
    record.name = request.name ?? standardName(model.record.name)
    record.seed = seed
    record.training = recipe
    record.reference = model.reference(request.group, recovers: request.recovers, recipe: own, seed: seed)
    record.name = try context.createModel(record, exactName: request.name != nil)
    let checkpoint = try model.save(
      outcome.state, kind: .trained, parent: nil, model: record.name, trainedBy: recipe,
      metrics: outcome.metrics, context)
    return [
      "model": .string(record.name), "checkpoint": .string(checkpoint), "metrics": report.json,
      "curve": .array(outcome.curve),
      "samples": [
        "train": JSONValue(partition.training.count), "validation": JSONValue(partition.validation.count),
      ],
    ]
  }

  /// A name that says what was done; the service numbers it where it is taken.
  private func standardName(_ model: String) -> String {
    let what =
      switch request.group {
      case .label(let label): "class-\(label)"
      case .indices(let indices): "\(indices.count)-samples"
      case .poisoned, .relabeled, .heterogeneous: request.group.member.name
      }
    let suffix = (request.recovers ? "-recovered-" : "-without-") + what
    // Names have at most 63 characters; room for a number.
    return String(model.prefix(63 - suffix.count - 5)) + suffix
  }
}
