import JSON

extension RecoverRequest {
  public static let result = ResultObject.update(
    .recoveryMetrics,
    samples: [
      .trainSamples, .groupSamples, .changedSamples, .validationSamples, .hessianSamples, .gradientSamples,
    ])
}
