import JSON

extension MislabeledRequest {
  public static let result = ResultObject([
    .checkpoint,
    .always(
      "method", .choice(MislabeledRequest.Method.allCases.map(\.rawValue)), "What the samples are ordered by."
    ),
    .samples([
      .trainSamples, .validationSamples,
      .sometimes(
        "flipped", .count, unit: "samples", "Samples with a flipped label, if the data set knows any."),
    ]),
    .always("suspects", .list(.object(suspect)), "The most suspect samples, the first first."),
    .always("before", .object(.metrics), "The checkpoint on the test split."),
    .sometimes("curvature", .object(.rankingCurvature), "Of `self_influence`."),
    .sometimes("solver", .object(.selfInfluenceStatus), "Of `self_influence`: how good the values are."),
    .sometimes("reliable", .flag, "Of `self_influence`: whether they are good enough for a ranking."),
    .sometimes("curve", .list(.object(course)), "The way through the order; where flipped labels are known."),
    .sometimes("area", .share, "The area under the curve: 1/2 of a random order."),
    .sometimes("fixed", .list(.object(fix)), "The trainings with what was found put right."),
    .warnings, .checkpointGradient,
  ])

  private static let suspect = ResultObject([
    .always("index", .count, "The place of the sample in the training split."),
    .always("label", .count, "Its label."),
    .always("suggested", .count, "The other class that it looks most like."),
    .always("score", .nullable(.number), "What it is ordered by; null of a random order."),
    .sometimes(
      "effect", .nullable(.number), "Of `self_influence`: by how much its own loss would change without it."),
    .sometimes("true_label", .count, "Its class before the data set changed it, if it did."),
    .always("picture", .text, "The path where the sample can be seen."),
  ])

  private static let course = ResultObject([
    .always("inspected", .share, "The share of the samples that was inspected."),
    .always("found", .share, "The share of the flipped labels among them."),
  ])

  private static let fix = ResultObject([
    .always("inspected", .share, "The share of the samples that was inspected."),
    .always("samples", .count, unit: "samples", "How many these are."),
    .always("found", .share, "The share of the flipped labels among them."),
    .always("test", .object(.metrics), "The model trained again, on the test split."), .warnings,
  ])
}
