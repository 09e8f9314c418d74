import Datasets
import JSON

extension DomainMismatchRequest {
  public static let result = ResultObject([
    .checkpoint, .samples([.trainSamples, .hessianSamples]),
    .always("curvature", .object(.rankingCurvature), "The matrix."),
    .always("reliable", .flag, "Whether every solve is good enough for a ranking."),
    .always(
      "effect", .nullable(.object(.effect)), "How effects follow from scores; null if nothing would remain."),
    .always(
      "test",
      .object(
        ResultObject([
          .always("points", .count, "Test points."),
          .always("split", .choice(TestChoice.Split.allCases.map(\.rawValue)), "The split they are of."),
          .always("loss", .number, "Their mean loss."),
        ])), "The test points."),
    .always("groups", .list(.object(group)), "The groups, the most harmful first."),
    .always(
      "solver", .either([.object(.factorSolve), .list(.object(.factorSolve))]),
      "The solve, or one a test point."),
    .warnings, .checkpointGradient,
  ])

  private static let group = ResultObject(
    [
      .always("name", .text, "The name of the group."),
      .sometimes("class", .count, "The class that it is."),
    ]
      + SampleGroup.allCases.map { .sometimes($0.rawValue, .flag, "Whether it is this group.") } + [
        .always("samples", .count, unit: "samples", "Its samples."),
        .always("trained", .count, unit: "samples", "Those that the model was trained on."),
        .always(
          "effect", .nullable(.number),
          "The mean effect of leaving out one of them; null if nothing would remain."),
        .always(
          "removal_effect", .nullable(.number),
          "By how much leaving all of them out changes the loss, to first order; "
            + "null if nothing would remain."
        ),
        .always("mean", .number, "The mean score."), .always("sum", .number, "The sum of scores."),
        .always("smallest", .number, "The smallest score."),
        .always("largest", .number, "The largest score."),
        .always("helpful_share", .share, "The share of samples without which the loss would rise."),
      ])
}
