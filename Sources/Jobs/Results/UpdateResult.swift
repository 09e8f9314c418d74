import JSON

extension ResultObject {
  /// The result of an update of a model, as `ModelUpdate.finish` writes it, with its samples.
  /// - Parameter metrics: the metrics that judge the update.
  static func update(_ metrics: ResultObject, samples: [ResultMember]) -> ResultObject {
    ResultObject([
      .always("checkpoint", .id, "The edited checkpoint."),
      .always("scale", .number, "What the solution was multiplied by; 1 is the theory's."),
      .always(
        "sweep", .list(.object(scaleRow(metrics))), "The scales that were tried on validation samples."),
      .always("parameters", .object(parameterCounts), "How many parameters there are and may change."),
      .always("layers", .list(.object(layerRow)), "What became of every layer."),
      .always("solver", .object(solve), "The solve."),
      .always("before", .object(metrics), "The checkpoint on test samples."),
      .always("after", .object(metrics), "The edited checkpoint on the same samples."),
      .always(
        "retrained", retrained(metrics),
        "The newest model that was retrained on the same data, on the same samples; null if there is none."),
      .samples(samples), .warnings, .checkpointGradient,
      .sometimes("rounds", .list(.object(round)), "The rounds, with `rounds` above 1."),
      .sometimes(
        "curve", .list(.object(ResultObject([.always("scale", .number, "The scale.")], others: curveNumber))),
        "The numbers of `before` and `after` at the scales of the request's `curve`."),
    ])
  }

  private static let curveNumber = (names: "number", type: ResultType.nullable(.number))

  private static func scaleRow(_ metrics: ResultObject) -> ResultObject {
    ResultObject([
      .always("scale", .number, "The scale."),
      .always("validation", .object(metrics), "On validation samples."),
      .always("score", .nullable(.share), "The score of accuracies."),
      .always("likelihood_score", .nullable(.number), "The same of mean likelihoods."),
    ])
  }

  private static let parameterCounts = ResultObject([
    .always("total", .count, unit: "parameters", "All parameters."),
    .always("selectable", .count, unit: "parameters", "Those of weight layers."),
    .always("selected", .count, unit: "parameters", "Those that the update may change."),
  ])

  private static let layerRow = ResultObject([
    .always("name", .text, "The layer."),
    .always("parameters", .count, unit: "parameters", "Parameters of the layer."),
    .always("selected", .count, unit: "parameters", "Those that the update may change."),
    .always("change", .finiteSize, "The 2-norm of the change."),
    .always("relative_change", .finiteSize, "The same, divided by the norm of the layer's parameters."),
  ])

  private static let round = ResultObject([
    .always(
      "kept", .flag, "Whether the edited checkpoint has this round: the last one may have gained nothing."),
    .always("scale", .number, "The scale of the round."),
    .always("validation_score", .nullable(.share), "The score on validation samples."),
    .always("iterations", .count, unit: "iterations", "The step whose solution is used."),
    .always("relative_residual", .finiteSize, "Of the solution that is used."),
    .always(
      "converged", .nullable(.flag),
      "Whether the solve met its tolerance; null if a step of the path was chosen."),
    .always("curvature_products", .count, unit: "products", "Products with the curvature."),
    .warnings,
  ])
}

extension ResultMember {
  static let groupSamples = ResultMember.always(
    "group", .count, unit: "samples", "Samples of the group that the model was trained on.")
  static let changedSamples = ResultMember.always(
    "changed", .count, unit: "samples", "Those of the group whose label is not the true one.")
  static let gradientSamples = ResultMember.always(
    "gradient", .count, unit: "samples", "Samples that the gradient was taken over.")
}
