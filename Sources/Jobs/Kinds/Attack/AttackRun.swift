import Datasets
import Foundation
import Influence
import JSON
import Network
import Tensor

/// Changes training inputs a little so that the model, trained again, misreads a test point (Koh and Liang
/// 2017, §5.2).
///
/// Each step moves the inputs along the sign of the perturbation influence and projects them into the allowed
/// box. Then the model is brought back to its minimum.
struct AttackRun: PreciseRun {
  let request: AttackRequest
  let environment: JobEnvironment

  var target: ModelReference { request.target }

  private static var stage: String { "attacked" }

  func run<Element: Scalar>(
    _ model: LoadedModel<Element>, _ context: any JobContext, _ compute: Compute
  ) throws -> JSONValue {
    let (checkpoint, state) = try model.checkpoint(of: request.target, environment.catalog)
    context.progress(0, phase: "choose", detail: "test points")
    let points = try model.testPoints(request.test, state, compute)
    let partition = model.partition()
    try requireTrained(partition)
    let attack = TestPointAttack(
      request: request, model: model, state: state, training: partition.training, environment: environment,
      compute: compute)
    var outcomes = try AttackOutcome.read(context.resumeState(Self.stage))
    for place in outcomes.count..<points.count {
      let share = 1 / Double(points.count)
      let outcome = try attack.run(points, place) { iteration, detail in
        try context.throwIfInterrupted()
        context.progress(
          0.98 * share * (Double(place) + Double(iteration) / Double(request.iterations + 1)),
          phase: "attack",
          detail: "test point \(place + 1) of \(points.count), \(detail)")
      }
      outcomes.append(outcome)
      try context.saveResumeState(
        Self.stage, JSONWriter.bytes(.array(outcomes.map(\.json))))
    }
    context.progress(0.98, phase: "save", detail: "")
    try writePictures(outcomes, model.dataset, context)
    var result = result(outcomes, points, checkpoint: checkpoint)
    try CheckpointCaution(
      checkpoint, state, model, training: partition.training, environment.catalog, compute
    ).add(to: &result)
    return .object(result)
  }

  private func requireTrained(_ partition: Partition) throws {
    guard case .indices(let indices) = request.train else { return }
    let trained = Set(partition.training)
    if let other = indices.first(where: { !trained.contains($0) }) {
      throw JobFailure(
        .unacceptable, "The model was not trained on the sample \(other).",
        advice: "Name samples of its training part; its recipe holds out or leaves out this one.")
    }
  }

  /// `perturbed.npy` [test, changed, input shape]: the inputs before normalization, pictures as C, H, W.
  ///
  /// The unit is that of the arrays that the set was made of. The bytes of other sources are scaled to 0…1.
  private func writePictures(
    _ outcomes: [AttackOutcome], _ dataset: Dataset, _ context: any JobContext
  ) throws {
    let count = outcomes.first?.points.count ?? 0
    let shape = dataset.shape
    try context.writeArtifact(
      "perturbed.npy", type: .float64, shape: [outcomes.count, count] + shape.dimensions
    ) { sink in
      for point in outcomes.flatMap(\.points) {
        let unit = dataset.unit == .stored ? dataset.normalization.scale : 1
        let raw = point.inputs.enumerated().map { index, value in
          dataset.normalization.unstandardized(value, channel: index % shape.channels) / unit
        }
        try shape.channelsFirst(raw).withUnsafeBytes { try sink($0) }
      }
    }
  }

  private func result(_ outcomes: [AttackOutcome], _ points: TestPoints, checkpoint: String) -> JSONObject {
    let rule: SettledDamping.Rule = request.curvature.dampingChoice == .automatic ? .minimum : .given
    let rows: [JSONValue] = zip(points.targets, outcomes).map { target, outcome in
      .object(
        points.json(target).merging(outcome.summary).merging([
          "curvature": [
            "hessian": .string(request.curvature.matrix.rawValue),
            "damping": SettledDamping(value: outcome.damping, rule: rule).json,
          ]
        ]))
    }
    let flipped = outcomes.filter(\.isFlipped).count
    var warnings: [String] = []
    if let open = outcomes.first(where: { !$0.isConverged }) {
      warnings.append(
        "A retraining or a solve did not reach its tolerance (gradient norm \(open.gradientNorm.shortText)); "
          + "the predictions are of the weights it reached.")
    }
    warnings += ConvergenceDemand.warning(
      of: outcomes.count { !$0.isReliable }, of: outcomes.count, "attacks")
    return [
      "checkpoint": .string(checkpoint), "epsilon": .number(request.epsilon), "tests": .array(rows),
      "attacked": JSONValue(outcomes.count), "flipped": JSONValue(flipped), "warnings": JSONValue(warnings),
    ]
  }
}

// MARK: - Result

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
