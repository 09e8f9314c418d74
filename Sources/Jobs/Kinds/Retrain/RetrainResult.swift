import JSON

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
