import Influence
import JSON
import Network
import Tensor

/// The verdict on a training's end: whether it is a minimum by a named criterion, and whether the model
/// learned anything. The verdict is stored with the checkpoint's metrics, so every later job can repeat it
/// (`CheckpointCaution`).
struct TrainingVerdict {
  /// Members of the checkpoint's metrics.
  let members: JSONObject
  let warnings: [String]

  /// The end of a descent.
  /// - Parameter start: where batch normalization's statistics began; nil if they did not move.
  /// - Throws: `Cancelled`.
  init<Element: Scalar>(
    of state: NetworkState<Element>, _ model: LoadedModel<Element>, on samples: Samples,
    from start: NetworkState<Element>?, _ compute: Compute
  ) throws {
    let slope = try RiskSlope(of: state, model, on: samples, compute)
    let evaluation = try Self.evaluate(state, model, on: samples, compute)
    var warnings = ChanceLevel(model, evaluation.samples)?.warnings(evaluation.evaluation) ?? []
    if let start { warnings += model.layout.flatChannels(from: start, to: state) }
    self.warnings = warnings
    members = Self.members(
      evaluation.evaluation,
      [
        "gradient_norm": .number(slope.norm), "converged": .bool(slope.isStationary),
        "criterion": [
          "name": "gradient_of_one_sample", "gradient_norm": .number(slope.norm),
          "tolerance": .number(slope.oneSample), "samples": JSONValue(slope.samples),
        ],
      ], warnings)
  }

  /// The end of a minimisation.
  init<Element: Scalar>(
    of state: NetworkState<Element>, _ model: LoadedModel<Element>, on samples: Samples,
    minimization report: MinimizationReport, precision: Precision, _ compute: Compute
  ) throws {
    let slope = try RiskSlope(of: state, model, on: samples, compute, norm: report.gradientNorm)
    let evaluation = try Self.evaluate(state, model, on: samples, compute)
    let warnings =
      report.warnings(precision)
      + (ChanceLevel(model, evaluation.samples)?.warnings(evaluation.evaluation) ?? [])
    self.warnings = warnings
    members = Self.members(
      evaluation.evaluation,
      [
        "iterations": JSONValue(report.iterations), "gradient_norm": .number(report.gradientNorm),
        "converged": .bool(report.converged), "reason": JSONValue(report.reason?.rawValue),
        "criterion": [
          "name": "expected_decrease", "expected_decrease": .number(report.expectedDecrease),
          "tolerance": .number(report.decreaseTolerance), "rounding_rise": .number(report.roundingRise),
          "gradient_norm": .number(report.gradientNorm), "one_sample": .number(slope.oneSample),
        ],
      ], warnings)
  }

  private static func members(
    _ evaluation: Evaluation, _ own: JSONObject, _ warnings: [String]
  ) -> JSONObject {
    let members: JSONObject = ["train": evaluation.json]
    return members.merging(own).merging(["warnings": JSONValue(warnings)])
  }

  /// Uses at most as many training samples as the gradient does, spread over all.
  private static func evaluate<Element: Scalar>(
    _ state: NetworkState<Element>, _ model: LoadedModel<Element>, on samples: Samples, _ compute: Compute
  ) throws -> (evaluation: Evaluation, samples: Samples) {
    let samples = samples.spread(RiskSlope.mostSamples)
    return (
      try model.network.evaluate(state, on: samples, loss: model.loss, compute: compute), samples
    )
  }
}

/// ‖∇R‖ at a state, and the part of one sample in ∇R. Influence functions hold if the norm is the smaller.
struct RiskSlope {
  let norm: Double
  /// The mean norm of the gradients of single samples, divided by their number.
  let oneSample: Double
  /// Samples that the norm was measured on.
  let samples: Int

  /// A gradient over more would take as long as an epoch.
  static let mostSamples = 8192
  private static let probes = 32

  var isStationary: Bool { norm <= oneSample }

  /// - Parameter norm: ‖∇R‖ if it is already known.
  /// - Throws: `Cancelled`.
  init<Element: Scalar>(
    of state: NetworkState<Element>, _ model: LoadedModel<Element>, on samples: Samples, _ compute: Compute,
    norm known: Double? = nil
  ) throws {
    let norms = try Self.norms(of: state, model, on: samples.spread(Self.probes), compute)
    oneSample = norms.reduce(0, +) / Double(max(1, norms.count)) / Double(max(1, samples.count))
    if let known {
      norm = known
      self.samples = samples.count
    } else {
      let some = samples.spread(Self.mostSamples)
      var gradient = try model.network.gradient(state, on: some, loss: model.loss, compute: compute).gradient
      gradient.add(Element(model.weightDecay), times: state.parameters)
      norm = gradient.norm
      self.samples = some.count
    }
  }
}

extension RiskSlope {
  /// Gradients in memory at a time take at most so many bytes, or are one for each thread.
  private static let gradientBytes = 1 << 28

  /// The norm of the gradient of each sample.
  private static func norms<Element: Scalar>(
    of state: NetworkState<Element>, _ model: LoadedModel<Element>, on samples: Samples, _ compute: Compute
  ) throws -> [Double] {
    let bytes = model.layout.parameterCount * MemoryLayout<Element>.size
    let group = max(compute.pool.threads, gradientBytes / max(1, bytes))
    return try stride(from: 0, to: samples.count, by: group).flatMap { first in
      let some = samples.selecting(Array(first..<min(first + group, samples.count)))
      let gradients = try model.network.sampleGradients(
        state, on: some, loss: model.loss, compute: compute)
      return (0..<gradients.count).map { gradients[$0].norm }
    }
  }
}

extension Samples {
  /// At most `most` of the samples, spread evenly over all.
  func spread(_ most: Int) -> Samples {
    count <= most ? self : selecting((0..<most).map { $0 * count / most })
  }
}

extension MinimizationReport {
  /// Warnings about the end of a minimisation.
  fileprivate func warnings(_ precision: Precision) -> [String] {
    var warnings: [String] = []
    switch reason {
    case nil: break
    case .noMinimum:
      warnings.append(
        "The risk has no minimum: the model parts classes of the training samples without an error, so that the loss falls for "
          + "ever while the weights grow. The weights are those at which the minimisation was left, and influence on them "
          + "means little. Give the model a weight_decay above 0.")
    case .precision:
      warnings.append(
        "The minimum was found, but weights in \(precision.rawValue) cannot hold it: rounding them raised the risk by "
          + "\(roundingRise.shortText). Standardize the columns (\"standardize\": true), or use \"precision\": \"float64\"."
      )
    case .coarseGradientNorm:
      warnings.append(
        "The gradient norm asked for was reached, but the risk can still fall by \(expectedDecrease.shortText) of "
          + "\(value.shortText): leave gradient_norm out, or make it smaller.")
    case .negativeCurvature:
      warnings.append(
        "The training ended at a saddle: the risk bends down along some direction (gradient norm \(gradientNorm.shortText)). "
          + "Train with another seed, or with weight_decay.")
    case .iterationLimit, .stagnation, .unresolvedCurvature, .nonFinite:
      let cure =
        reason == .iterationLimit
        ? "Allow more epochs." : "Standardize the inputs, or add weight_decay."
      warnings.append(
        "The training did not reach a minimum (\(reason?.rawValue ?? "")): the gradient norm is \(gradientNorm.shortText), and the "
          + "risk of \(value.shortText) can still fall by about \(expectedDecrease.shortText). \(cure)")
    }
    if let arithmeticError, !(arithmeticError <= 1e-3) {
      warnings.append(
        "In \(precision.rawValue) the risk of these weights comes out wrong by \(Self.percent(arithmeticError)): columns as large "
          + "as these cancel in it. Standardize the columns, or use \"precision\": \"float64\".")
    }
    return warnings
  }

  private static func percent(_ share: Double) -> String { "\((100 * share).shortText) %" }
}
