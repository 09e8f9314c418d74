import JSON
import Tensor

extension ValidateRequest {
  public static let result = ResultObject(
    [
      .checkpoint,
      .always("precision", .choice(Precision.allCases.map(\.rawValue)), "What everything was computed in."),
    ] + ValidationOutcome.result.members + [.checkpointGradient])
}

extension ValidationOutcome {
  /// The members that `json` writes.
  static let result = ResultObject([
    .always("from", .choice(ValidationPlan.Start.allCases.map(\.rawValue)), "Where trainings begin."),
    .always("samples", .count, unit: "samples", "Samples that the model was trained on."),
    .always("tests", .list(.object(test)), "A row a test point."),
    .always("pearson", .nullable(.number), "The mean over reliable test points; null of none."),
    .always("spearman", .nullable(.number), "The same of rank correlations."),
    .always("curvature", .object(.rankingCurvature), "The matrix of the estimates."),
    .sometimes("groups", .object(groups), "Groups that were left out, if any."),
    .always("solves", .object(solves), "All solves together."),
    .always("retraining", .object(training), "How the models were trained."),
    .warnings,
  ])

  private static let pair = ResultObject([
    .always("train", .count, "The sample that was left out, in the training split."),
    .always("estimated", .number, "The change of the test loss that is foretold."),
    .always("retrained", .number, "The change that training without the sample makes."),
    .always("score", .number, "The influence score."),
    .always("estimated_norm", .nullable(.size), "‖Δθ‖ foretold; null without `norms`."),
    .always("retrained_norm", .size, "‖Δθ‖ of the training."),
    .always("reliable", .flag, "Whether the solve of the test point is good enough for a ranking."),
  ])

  private static let test = ResultObject.testPoint.adding([
    .always("reliable", .flag, "Whether its solve is good enough for a ranking."),
    .always(
      "pearson", .nullable(.number),
      "Correlation of estimated and retrained; null if one of them does not vary."),
    .always("spearman", .nullable(.number), "The same of ranks."),
    .always("pairs", .list(.object(pair)), "A row a sample that was left out."),
    .sometimes(
      "solver", .object(.solve), "The solve of its factor; absent where groups alone are estimated."),
  ])

  /// Three estimates of one change. `newton` is absent if the request did not ask for it.
  private static func orders(_ type: ResultType, _ meaning: String) -> [ResultMember] {
    [
      .always("first_order", type, "\(meaning), by the sum of influences."),
      .always("second_order", type, "\(meaning), by a second-order step."),
      .sometimes("newton", type, "\(meaning), by a step with the remaining curvature; with `newton`."),
    ]
  }

  private static let group = ResultObject(
    [
      .always("group", .count, "Its place."), .always("size", .count, unit: "samples", "Its samples."),
      .always(
        "norms",
        .object(
          ResultObject(orders(.finiteSize, "‖Δθ‖") + [.always("retrained", .size, "‖Δθ‖ of the training.")])),
        "How far the weights move."),
    ] + orders(.list(.nullable(.number)), "The change of every test loss") + [
      .always("retrained", .list(.number), "The changes that training without the group makes."),
      .always("reliable", .flag, "Whether its solve is good enough for a ranking."),
    ])

  private static let groups = ResultObject([
    .always("count", .count, unit: "groups", "Groups."),
    .always(
      "score", .object(ResultObject(optional(orders(.nullable(.number), "The mean of `spearman`")))),
      "The linear datamodeling score."),
    .always(
      "spearman",
      .object(ResultObject(optional(orders(.list(.nullable(.number)), "Rank correlation over the groups")))),
      "A number a test point."),
    .always("rows", .list(.object(group)), "A row a group."),
  ])

  /// Without test points no correlation is written.
  private static func optional(_ members: [ResultMember]) -> [ResultMember] {
    members.map { .sometimes($0.name, $0.type, unit: $0.unit, $0.meaning) }
  }

  private static let solves = ResultObject([
    .always("count", .count, "Solves."), .always("converged", .count, "Those that met their tolerance."),
    .always("relative_residual", .finiteSize, "The largest of the solves."),
    .always("curvature_products", .count, unit: "products", "Products with the curvature."),
  ])

  private static let control = ResultObject([
    .always("gradient_norm", .finiteSize, "‖∇R‖ at its end."),
    .always("converged", .nullable(.flag), "Whether it ended at a minimum; null of `sgd` and `adam`."),
    .always("steps", .count, unit: "steps", "Steps that it made."),
    .always("distance", .finiteSize, "Its distance from the start."),
    .always("losses", .list(.number), "Losses of the test points at its end."),
  ])

  private static let training = ResultObject([
    .always("optimizer", .nullable(.text), "The optimizer."),
    .always("count", .count, unit: "trainings", "Trainings without samples."),
    .sometimes("steps", .count, unit: "steps", "Of `sgd` and `adam`: steps of each."),
    .sometimes("iterations_limit", .count, unit: "iterations", "Of `lbfgs` and `newton`: at most."),
    .always("control", .object(control), "The training that leaves nothing out."),
    .always("gradient_norm", .finiteSize, "The largest at the ends of the others."),
    .sometimes("learning_rate", .size, "Of `sgd` and `adam`: the rate at the start."),
    .sometimes("converged", .flag, "Of `lbfgs` and `newton`: whether every training ended at a minimum."),
  ])
}
