import Influence
import JSON
import Network

extension ResultObject {
  /// The members that `SolveReport.json` writes.
  static let solve = ResultObject(
    "Solve",
    [
      .always("name", .text, "The solver."),
      .always("iterations", .count, unit: "iterations", "The step whose solution is used."),
      .always("path_iterations", .count, unit: "iterations", "The steps that were made."),
      .always(
        "relative_residual", .finiteSize,
        "‖b − Ax‖/‖b‖ of the solution that is used, of damped normal equations ‖Aᵀr‖."),
      .always("tolerance", .size, "The relative residual that was aimed at."),
      .always("rounding_floor", .finiteSize, "The relative residual that rounding allows."),
      .always("residual_history", .list(.finiteSize), "The relative residual after every step."),
      .always("curvature_products", .count, unit: "products", "Products with the curvature."),
      .always("damping", .size, "δ."),
      .always("c", .nullable(.number), "The scale of `neumann` and `lissa`; null of other solvers."),
      .sometimes("ended", .text, "Present if a step of the path was chosen before the end: why it was."),
      .sometimes("converged", .flag, "Whether the residual met the tolerance; absent with `ended`."),
      .sometimes(
        "reason", .nullable(.choice(StopReason.allCases.map(\.rawValue))),
        "Why the solve did not converge; null if it did."),
      .sometimes("rank", .count, "Of `arnoldi`: eigenvectors that are used."),
      .sometimes("negative_eigenvalues", .count, "Negative eigenvalues that were seen."),
    ])

  /// The solve of one of several factors, as `FactorSet` keeps it.
  static let factorSolve = ResultObject(
    "FactorSolve",
    solve.members.map {
      $0.name == "residual_history"
        ? .sometimes(
          $0.name, $0.type, "\($0.meaning) Absent beside more than \(FactorSet<Float>.mostHistories) solves.")
        : $0
    })

  /// The members that `RankingCurvature.json` writes.
  static let rankingCurvature = ResultObject(
    "RankingCurvature",
    [
      .always("hessian", .choice(CurvatureKind.allCases.map(\.rawValue)), "The matrix."),
      .always("samples", .count, unit: "samples", "Samples that the matrix was taken over."),
      .always("damping", .object(damping), "δ, and the rule that gave it."),
    ])

  /// The members that `SettledDamping.json` writes.
  static let damping = ResultObject(
    "Damping",
    [
      .always("value", .size, "δ."),
      .always(
        "rule", .choice(SettledDamping.Rule.allCases.map(\.rawValue)),
        "`given`: by the request. `1/T`: by the length of the training. "
          + "`minimum`: the weights minimise the risk. "
          + "`largest_eigenvalue`: a thousandth of it."),
      .always("T", .nullable(.size), "The summed rate of the training, where the rule needs it."),
      .always("largest_eigenvalue", .nullable(.size), "Of the matrix, where the rule needs it."),
    ])

  /// The members that `SelfInfluence.Status.json` writes.
  static let selfInfluenceStatus = ResultObject(
    "SelfInfluenceSolve",
    [
      .always("name", .text, "The solver."),
      .always("damping", .size, "δ."),
      .always("solves", .count, "Solves that were made."),
      .always("converged", .count, "How many of them met their tolerance."),
      .always("exact", .flag, "Whether every value is exact to the tolerance."),
      .always(
        "reasons", .object(ResultObject([], others: ("reason", .count))),
        "How many solves did not converge, by their reason."),
      .always("relative_residual", .finiteSize, "The largest of the solves."),
      .always("curvature_products", .count, unit: "products", "Products with the curvature."),
      .sometimes("rank", .count, "Of `arnoldi`: eigenvectors that are used."),
      .sometimes("negative_eigenvalues", .count, "Negative eigenvalues that were seen."),
      .sometimes(
        "median_error", .nullable(.size), "Of `arnoldi`, relative, on samples that were solved exactly."),
      .sometimes("largest_error", .nullable(.size), "The largest of the same."),
      .sometimes(
        "rank_correlation", .nullable(.number), "Of the values with the exact ones on the same samples."),
    ])

  /// A test point, as `TestPoints.json` writes it.
  static let testPoint = ResultObject([
    .always("index", .nullable(.count), "Its place in the split; null for the mean over the split."),
    .always("split", .choice(TestChoice.Split.allCases.map(\.rawValue)), "The split it is of."),
    .always("loss", .nullable(.number), "Its loss at the checkpoint, without weight decay."),
    .sometimes("samples", .count, unit: "samples", "Of the mean: samples of the split."),
    .sometimes("label", .count, "Its class; absent for regression and the mean."),
    .sometimes("predicted", .count, "The class that the model names; absent where `label` is."),
  ])

  /// The members that `SampleEffect.json` writes.
  static let effect = ResultObject(
    "Effect",
    [
      .always("scale", .number, "Of the score."), .always("offset", .number, "Of the weight decay."),
    ],
    "effect = scale · score + offset: by how much leaving the sample out changes the loss asked about.")

  /// The members that `SampleRows.row` writes.
  /// - Parameter value: the member with the value that the row is for.
  static func sampleRow(_ value: ResultMember) -> ResultObject {
    ResultObject([
      .always("index", .count, "The place of the sample in the training split."),
      .always(
        "effect", .nullable(.number),
        "By how much leaving the sample out changes the loss asked about, to first order; null if the "
          + "model was not trained on it."),
      value, .always("trained", .flag, "Whether the model was trained on the sample."),
      .sometimes("label", .count, "Its class; absent for regression."),
      .sometimes("true_label", .count, "Its class before the data set changed it, if it did."),
      .always("picture", .text, "The path where the sample can be seen."),
    ])
  }
}
