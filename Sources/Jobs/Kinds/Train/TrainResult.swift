import JSON

extension TrainRequest {
  public static let result = ResultObject([
    .always("checkpoint", .id, "The trained checkpoint."),
    .always("metrics", .object(.trainingMetrics), "Measures of the last weights."),
    .trainingCurve, .samples([.trainSamples, .validationSamples]), .warnings,
  ])
}
