import Influence
import JSON

extension TrajectoryRequest {
  public static let result = ResultObject([
    .checkpoint,
    .always("parameters", .list(.object(parameter)), "The free parameters, in the order of the request."),
    .samples([.trainSamples, .groupSamples]),
    .always("steps", .count, unit: "steps", "Steps in which the group is taken out."),
    .always("paths", .list(.object(path)), "A row a path; the last is the constrained optimum."),
    .always(
      "curve",
      .list(
        .object(
          ResultObject(
            [.always("removed", .count, unit: "samples", "Samples that are gone.")],
            others: ("path", .object(place))))),
      "A row a step, from before the first; of many steps about 1,000."),
    .warnings, .checkpointGradient,
  ])

  private static let parameter = ResultObject([
    .always("tensor", .text, "The tensor."), .always("index", .count, "The place in it, row-major."),
  ])

  private static let path = ResultObject([
    .always("path", .text, "Its name."),
    .sometimes(
      "estimator", .choice(Estimator.allCases.map(\.rawValue)), "Its estimator; absent of the optimum."),
    .sometimes(
      "mode", .choice(TrajectoryRequest.Mode.allCases.map(\.rawValue)), "Its mode; absent of the optimum."),
    .always("end", .list(.number), "The free parameters at its end."),
    .always("gradient_norm", .nullable(.size), "‖∇R‖ of the remaining risk at its end."),
    .always("risk", .nullable(.number), "The remaining risk at its end."),
    .always("mean_gradient_norm", .size, "The mean of the norm over the steps."),
    .always("mean_risk_excess", .number, "The mean of how far the risk is above that of the optimum."),
    .always("mean_distance", .size, "The mean distance from the optimum."),
    .always("largest_distance", .size, "The largest distance from the optimum."),
    .always("converged", .flag, "Whether every solve met its tolerance."),
    .always(
      "worst_residual", .finiteSize,
      "The largest relative residual of its solves; of the optimum the largest gradient norm."),
    .always("products", .count, unit: "products", "Products with the curvature."),
  ])

  /// A path at a step. The names of free parameters are `theta_1` to `theta_16`.
  private static let place = ResultObject(
    [
      .always("gradient_norm", .size, "‖∇R‖ of the remaining risk."),
      .always("risk", .number, "The remaining risk."),
    ], others: ("theta_n", .number))
}
