import JSON
import Network

extension SpectrumRequest {
  public static let result = ResultObject([
    .always("checkpoint", .nullable(.id), "The checkpoint that was looked at; null with `retrain`."),
    .always("parameters", .integer(from: 1), unit: "parameters", "The dimension of the matrix."),
    .always("hessian", .choice(CurvatureKind.allCases.map(\.rawValue)), "The matrix."),
    .samples([.hessianSamples]),
    .always("spectra", .list(.object(spectrum)), "A row a loss and a weight of `l2`."),
    .warnings,
    .sometimes(
      ResultMember.checkpointGradient.name, ResultMember.checkpointGradient.type,
      "\(ResultMember.checkpointGradient.meaning) Absent with `retrain`."),
  ])

  private static let spectrum = ResultObject([
    .always("loss", .request("Loss"), "The loss of the risk."),
    .always("l2", .size, "λ of the risk."),
    .always("gradient_norm", .finiteSize, "‖∇R‖ of this risk at the weights."),
    .sometimes("metrics", .object(.trainingMetrics), "With `retrain`: measures of the trained weights."),
    .sometimes("warnings", .list(.text), "What concerns this row alone."),
    .always("eigenvalues", .list(.number), "By falling magnitude."),
    .always("residuals", .list(.finiteSize), "‖Hv − σv‖ of each pair: the eigenvalue is that close."),
    .always("negative_share", .share, "The share of negative eigenvalues, by those whose sign is certain."),
    .always("uncertain_signs", .count, unit: "eigenvalues", "Eigenvalues within their residual of 0."),
    .always("largest", .number, "The largest eigenvalue."),
    .always("smallest", .number, "The smallest eigenvalue."),
    .always(
      "uncertainty",
      .object(
        ResultObject([
          .always("largest", .finiteSize, "Of the largest eigenvalue."),
          .always("smallest", .finiteSize, "Of the smallest."),
        ])), "How close the ends are known."),
    .always("converged", .flag, "Whether every eigenvalue meets the tolerance."),
    .always("reason", .nullable(.choice(["iteration_limit"])), "Why not; null if so."),
    .always("products", .count, unit: "products", "Products with the matrix."),
    .sometimes("density", .object(density), "With `density`; its points are in `density.npy`."),
  ])

  private static let density = ResultObject([
    .always("width", .size, "The standard deviation of the kernel."),
    .always("products", .count, unit: "products", "Products with the matrix."),
    .always("negative_mass", .number, "The share of eigenvalues below 0."),
    .always("mean", .number, "The mean eigenvalue."),
  ])
}
