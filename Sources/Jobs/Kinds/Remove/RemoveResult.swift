import JSON

extension RemoveRequest {
  public static let result = ResultObject.update(
    .removalMetrics,
    samples: [.trainSamples, .groupSamples, .validationSamples, .hessianSamples, .gradientSamples])
}
