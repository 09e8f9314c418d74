import JSON
import Network
import Tensor

/// Trains a model. The state after every epoch is kept, and an interrupted run continues from it.
struct TrainRun: PreciseRun {
  let request: TrainRequest
  let environment: JobEnvironment

  var target: ModelReference { request.target }

  func run<Element: Scalar>(
    _ model: LoadedModel<Element>, _ context: any JobContext, _ compute: Compute
  ) throws -> JSONValue {
    let seed = request.seed ?? model.record.seed
    let start: NetworkState<Element> =
      if let checkpoint = request.target.checkpoint {
        try model.state(checkpoint, environment.catalog)
      } else {
        NetworkState(initial: model.layout, seed: UInt64(model.record.seed))
      }
    // The model's seed makes every training of a model hold out the same samples.
    let partition = model.partition(recipe: request.recipe)
    let training = Training(
      model: model, recipe: request.recipe, seed: seed, partition: partition, samples: nil,
      environment: environment, context: context, compute: compute)
    let outcome = try training.run(from: start)
    let checkpoint = try model.save(
      outcome.state, kind: .trained, parent: request.target.checkpoint, trainedBy: request.recipe,
      metrics: outcome.metrics, context)
    try context.setTraining(request.recipe, ofModel: model.record.name)
    return [
      "checkpoint": .string(checkpoint), "metrics": outcome.metrics, "curve": .array(outcome.curve),
      "samples": [
        "train": JSONValue(partition.training.count), "validation": JSONValue(partition.validation.count),
      ], "warnings": JSONValue(outcome.warnings),
    ]
  }
}

// MARK: - Result

extension TrainRequest {
  public static let result = ResultObject([
    .always("checkpoint", .id, "The trained checkpoint."),
    .always("metrics", .object(.trainingMetrics), "Measures of the last weights."),
    .trainingCurve, .samples([.trainSamples, .validationSamples]), .warnings,
  ])
}
