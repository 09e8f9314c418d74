import JSON

extension InfluenceRequest {
  public static let result = ResultObject([
    .checkpoint,
    .always(
      "influence", .choice(InfluenceRequest.Effect.allCases.map(\.rawValue)),
      "The effect that was asked about."),
    .always("train", .object(scored), "The training samples that got scores."),
    .sometimes(
      "samples", .object(ResultObject([.trainSamples, .hessianSamples])),
      "How many samples were used for what; absent with `factors` alone."),
    .sometimes("curvature", .object(.rankingCurvature), "The matrix; with `factors` that of their job."),
    .always("tests", .list(.object(test)), "A row a test point; empty without any."),
    .sometimes("solver", .object(summaryOfSolves), "All solves together; absent without test points."),
    .sometimes("self_influence", .object(own), "With `self_influence`."),
    .warnings, .checkpointGradient,
  ])

  private static let scored = ResultObject([
    .always("samples", .count, unit: "samples", "Samples that have scores."),
    .always("trained", .count, unit: "samples", "Those of them that the model was trained on."),
  ])

  private static let score = ResultMember.always("score", .number, "sᵀ∇ℓ of the sample, as in `scores.npy`.")

  private static let test = ResultObject.testPoint.adding([
    .always("reliable", .flag, "Whether the solve is good enough for a ranking."),
    .always(
      "effect", .nullable(.object(.effect)), "How effects follow from scores; null if nothing would remain."),
    .sometimes(
      "helpful", .list(.object(.sampleRow(score))),
      "Of `upweight`: the samples without which the loss would rise most, the strongest first."),
    .sometimes(
      "harmful", .list(.object(.sampleRow(score))),
      "Of `upweight`: the samples without which the loss would fall most, the strongest first."),
    .sometimes(
      "largest",
      .list(.object(.sampleRow(.always("norm", .size, "The 2-norm of the influence by the input.")))),
      "Of `perturbation`: the samples whose inputs matter most."),
    .always("solver", .object(.factorSolve), "The solve of its factor."),
  ])

  private static let summaryOfSolves = ResultObject([
    .always("name", .nullable(.text), "The solver."),
    .always("converged", .flag, "Whether every solve met its tolerance."),
    .always("curvature_products", .count, unit: "products", "Products of this job; 0 with `factors`."),
    .always("factors_of", .nullable(.id), "The job that made the factors; null if this one did."),
    .always("relative_residual", .finiteSize, "The largest of the solves."),
  ])

  private static let own = ResultObject([
    .always("mean", .number, "The mean over the samples."),
    .always("negative", .count, unit: "samples", "Samples with a negative value."),
    .always("solver", .object(.selfInfluenceStatus), "How good the values are."),
    .always("reliable", .flag, "Whether they are good enough for a ranking."),
    .always(
      "largest",
      .list(.object(.sampleRow(.always("self_influence", .number, "gᵀ(H + δI)⁻¹g of the sample.")))),
      "The samples with the largest values."),
  ])
}
