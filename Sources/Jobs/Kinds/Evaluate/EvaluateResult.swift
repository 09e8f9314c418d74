import JSON

extension EvaluateRequest {
  public static let result = ResultObject([
    .checkpoint, .always("dataset", .resourceName, "The data set that was measured on."),
    .always(
      "split", .choice(TestChoice.Split.allCases.map(\.rawValue)), "The split that was measured on."),
    .always("samples", .integer(from: 1), unit: "samples", "Samples of the split."),
    .always("loss", .number, "The mean loss, without weight decay."),
    .always("accuracy", .nullable(.share), "The share read as labelled; null for regression."),
    .always("gradient_norm", .finiteSize, "‖∇R‖ of the risk over these samples, with weight decay."),
    .warnings,
    .sometimes(
      "confusion", .nullable(.list(.list(.count))), unit: "samples",
      "A row a label, a column a class that the model names. Of classification; "
        + "null of more than 1,000 classes."
    ),
    .sometimes(
      "per_class", .nullable(.list(.object(classRow))),
      "A row a class. Of classification; null of more than 1,000 classes."),
    .sometimes(
      "seen", .object(.countedMetrics),
      "On samples of classes that the checkpoint was trained on; present if there are others."),
    .sometimes("absent", .object(.absentMetrics), "On samples of the other classes, if there are any."),
    .sometimes(
      "parts", .object(parts),
      "Of the training split: what the checkpoint did with the samples, if not all the same."),
  ])

  private static let classRow = ResultObject([.always("class", .count, "The class.")]).adding(
    ResultObject.countedMetrics.members)

  private static let parts = ResultObject([
    .sometimes("trained", .object(.countedMetrics), "Samples that the checkpoint was trained on."),
    .sometimes("held_out", .object(.countedMetrics), "Samples that the recipe holds out for validation."),
    .sometimes("left_out", .object(.countedMetrics), "Samples that the recipe leaves out."),
    .sometimes("removed", .object(.countedMetrics), "Samples that edits took out."),
  ])
}
