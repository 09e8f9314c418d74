import JSON
import Network

extension AttackRequest {
  public static let result = ResultObject([
    .checkpoint, .always("epsilon", .number(.positive), "The largest change of an input value."),
    .always("tests", .list(.object(test)), "A row a test point."),
    .always("attacked", .count, "Test points."),
    .always("flipped", .count, "Those that are read as another class."),
    .warnings, .checkpointGradient,
  ])

  private static let test = ResultObject.testPoint.adding([
    .always(
      "control",
      .object(
        ResultObject([
          .always("predicted", .count, "The class that it names."),
          .always("loss", .number, "The loss of the point."),
        ])), "The model at its minimum on the samples as they are."),
    .always("flipped", .flag, "Whether the attacked model names another class than `control`."),
    .always("iterations", .count, unit: "iterations", "Iterations of the attack."),
    .always("predicted_after", .count, "The class that the attacked model names."),
    .always("loss_after", .number, "The loss of the point under the attacked model."),
    .always("losses", .list(.number), "The loss after every iteration."),
    .always("gradient_norm", .finiteSize, "‖∇R‖ at the end of the last training."),
    .always("converged", .flag, "Whether every solve and training met its tolerance."),
    .always("reliable", .flag, "Whether every solve is good enough for the signs taken from it."),
    .always("relative_residual", .finiteSize, "The largest of the solves."),
    .always("points", .list(.object(point)), "The training points that were changed."),
    .always(
      "curvature",
      .object(
        ResultObject([
          .always("hessian", .choice(CurvatureKind.allCases.map(\.rawValue)), "The matrix."),
          .always("damping", .object(.damping), "δ of the last solve."),
        ])), "The matrix of the solves."),
  ])

  private static let point = ResultObject([
    .always("index", .count, "Its place in the training split."),
    .always("largest_change", .size, "The largest change of an input value, before standardisation."),
    .always("norm", .size, "The 2-norm of the change, before standardisation."),
  ])
}
