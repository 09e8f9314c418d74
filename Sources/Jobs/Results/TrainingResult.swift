import Influence
import JSON

extension ResultObject {
  /// The metrics of a training, as `Training.metrics` and `TrainingVerdict` write them.
  static let trainingMetrics = ResultObject(
    "TrainingMetrics",
    [
      .sometimes("test", .object(metrics), "On the test split, if it has samples of trained classes."),
      .sometimes("absent", .object(absentMetrics), "On test samples of classes that nothing is trained on."),
      .sometimes("validation", .object(metrics), "On the samples that the recipe holds out."),
      .always("train", .object(metrics), "On 8,192 training samples at most."),
      .sometimes("iterations", .count, unit: "iterations", "Of `lbfgs` and `newton`."),
      .always("gradient_norm", .finiteSize, "‖∇R‖ of the last weights."),
      .always("converged", .flag, "Whether the last weights meet the criterion."),
      .sometimes(
        "reason", .nullable(.choice(MinimizationReason.allCases.map(\.rawValue))),
        "Of `lbfgs` and `newton`: why they did not converge; null if they did."),
      .always(
        "criterion", .either([.object(descentCriterion), .object(minimumCriterion)]), "What was asked."),
      .warnings,
    ],
    "Measures of the last weights. converged is a statement about them, by the criterion that is named.")

  private static let descentCriterion = ResultObject(
    [
      .always("name", .choice(["gradient_of_one_sample"]), "Of `sgd` and `adam`."),
      .always("gradient_norm", .finiteSize, "‖∇R‖ over `samples`."),
      .always(
        "tolerance", .finiteSize, "The mean of what one sample adds to ∇R: the norm must not be larger."),
      .always("samples", .count, unit: "samples", "Samples that the norm was measured on."),
    ])

  private static let minimumCriterion = ResultObject(
    [
      .always("name", .choice(["expected_decrease"]), "Of `lbfgs` and `newton`."),
      .always("expected_decrease", .nullable(.number), "½gᵀH⁻¹g, by which the risk can still fall."),
      .always("tolerance", .nullable(.number), "The largest decrease that counts as none."),
      .always(
        "rounding_rise", .nullable(.number), "By how much rounding to the model's precision raised the risk."),
      .always("gradient_norm", .finiteSize, "‖∇R‖ of the last weights."),
      .always("one_sample", .finiteSize, "The mean of what one sample adds to ∇R."),
    ])

  /// A row of the curve of a training.
  fileprivate static let trainingRow = ResultObject([
    .always(
      "epoch", .integer(from: 1), unit: "epochs", "The epoch, or the iteration of a minimisation, from 1."),
    .always("loss", .nullable(.number), "The mean loss without weight decay."),
    .sometimes("accuracy", .nullable(.share), "Of `sgd` and `adam`, during the epoch; null for regression."),
    .sometimes("learning_rate", .size, "Of `sgd` and `adam`."),
    .sometimes("gradient_norm", .finiteSize, "Of `lbfgs` and `newton`: ‖∇R‖."),
    .sometimes("validation", .object(metrics), "On the samples that the recipe holds out."),
  ])
}

extension ResultMember {
  static let trainingCurve = ResultMember.always(
    "curve", .list(.object(.trainingRow)),
    "A row an epoch; of more than 1,000 epochs every second, third and so on, and the last.")
}
