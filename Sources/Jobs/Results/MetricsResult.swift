import JSON

extension ResultObject {
  /// The members that `Evaluation.json` writes.
  static let metrics = ResultObject(
    "Metrics",
    [
      .always("loss", .nullable(.number), "The mean loss; null of no samples."),
      .always(
        "accuracy", .nullable(.share), "The share read as labelled; null for regression and of no samples."),
    ])

  /// The same with the number of samples.
  static let countedMetrics = ResultObject(
    [.always("samples", .count, unit: "samples", "How many samples were measured.")] + metrics.members)

  /// The members that `AbsentMetrics.json` writes.
  static let absentMetrics = ResultObject(
    "AbsentMetrics",
    [
      .always("classes", .list(.count), "The classes that the checkpoint was not trained on."),
      .always("samples", .count, unit: "samples", "Samples of these classes."),
    ] + metrics.members,
    "Readings of classes that the checkpoint was not trained on. None of them is right or wrong.")

  /// The members that `ForgettingMetrics.json` writes.
  static let removalMetrics = ResultObject(
    "RemovalMetrics",
    [
      .always(
        "self", .object(metrics),
        "On the group: of a class its samples in the test split, of another group its training samples."),
      .always("test", .object(metrics), "On the test samples of the rest."),
      .always(
        "score", .nullable(.share),
        "2a(1 − s)/(a + 1 − s) of the accuracies a of `test` and s of `self`; null if one is unknown."),
      .sometimes(
        "absent", .object(absentMetrics), "On the classes that nothing is trained on, if there are any."),
    ])

  /// The members that `RecoveryMetrics.json` writes.
  static let recoveryMetrics = ResultObject(
    "RecoveryMetrics",
    [
      .always("test", .object(metrics), "On clean test samples."),
      .always(
        "triggered", .nullable(.object(metrics)),
        "On the same with the trigger, against their true labels; null of a data set without a trigger."),
      .always(
        "attack_success_rate", .nullable(.share),
        "The share of triggered samples of other classes that are read as the trigger's class."),
      .sometimes(
        "self", .object(metrics),
        "On the exchanged training samples with their true labels; only on the test split."),
      .sometimes(
        "absent", .object(absentMetrics), "On the classes that nothing is trained on, if there are any."),
      .always(
        "score", .nullable(.share),
        "2at/(a + t) of the accuracies a of `test` and t of `triggered`; the first alone without a trigger."),
    ])

  /// The metrics of a retrained reference, with its checkpoint.
  static func retrained(_ metrics: ResultObject) -> ResultType {
    .nullable(
      .object(
        metrics.adding([.always("checkpoint", .id, "The checkpoint of the `retrain` job.")])))
  }
}

extension ResultMember {
  /// The member that every result has.
  static let warnings = ResultMember.always(
    "warnings", .list(.text), "Sentences that a user must know before relying on the result.")

  static let checkpoint = ResultMember.always("checkpoint", .id, "The checkpoint that was looked at.")

  /// The member that `CheckpointCaution` adds.
  static let checkpointGradient = ResultMember.always(
    "checkpoint_gradient",
    .object(
      ResultObject(
        "CheckpointGradient",
        [
          .always("norm", .finiteSize, "‖∇R‖ at the checkpoint over the samples that it was trained on."),
          .always("one_sample", .finiteSize, "The mean of what one sample adds to ∇R."),
        ],
        "Influence functions speak of a minimum, where the norm is 0. The norm is over 8,192 samples at most."
      )),
    "How far the checkpoint is from a minimum.")

  /// Numbers of samples by their use.
  static func samples(_ members: [ResultMember]) -> ResultMember {
    .always("samples", .object(ResultObject(members)), "How many samples were used for what.")
  }

  static let trainSamples = ResultMember.always(
    "train", .count, unit: "samples", "Samples that the model was trained on.")
  static let validationSamples = ResultMember.always(
    "validation", .count, unit: "samples", "Samples that the recipe holds out.")
  static let hessianSamples = ResultMember.always(
    "hessian", .count, unit: "samples", "Samples that the curvature was taken over.")
}
