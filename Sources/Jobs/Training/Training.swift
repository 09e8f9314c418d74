import Foundation
import Influence
import JSON
import Network
import Tensor

/// One training by a recipe, epoch by epoch, resumable. `train` and `retrain` share it.
struct Training<Element: Scalar> {
  let model: LoadedModel<Element>
  let recipe: TrainingRecipe
  let seed: Int
  let partition: Partition
  /// The training samples; nil takes the partition's training samples as labelled.
  let samples: Samples?
  let environment: JobEnvironment
  let context: any JobContext
  let compute: Compute

  struct Outcome {
    let state: NetworkState<Element>
    /// An object for each epoch; for many epochs, only the rows of `keepsRow`.
    let curve: [JSONValue]
    /// The metrics of the last state, with the warnings.
    let metrics: JSONValue
    /// Sentences that a user must read before using the weights.
    let warnings: [String]
  }

  static var stage: String { "epoch" }

  func run(from start: NetworkState<Element>) throws -> Outcome {
    guard !partition.training.isEmpty else {
      throw JobFailure(
        .unacceptable, "No training sample is left.", advice: "Hold out or leave out fewer samples.")
    }
    let samples = samples ?? model.dataset.train.samples(partition.training)
    switch recipe.method(weightDecay: model.weightDecay, seed: seed, samples: samples.count) {
    case .descent(let options): return try descend(from: start, samples, options)
    case .minimization(let options): return try minimize(from: start, samples, options)
    }
  }

  /// Begins the phase of a training that does not go on from a snapshot. A short training ends before its
  /// first report is due.
  func begin() { context.progress(0, phase: "train", detail: "\(partition.training.count) samples") }

  private func descend(
    from start: NetworkState<Element>, _ samples: Samples, _ options: TrainingOptions
  ) throws -> Outcome {
    let vectors = options.optimizerVectors
    var snapshot = try TrainingSnapshot<Element>(
      context.resumeState(Self.stage), layout: model.layout, vectors: vectors...vectors)
    if snapshot == nil { begin() }
    let trainer = Trainer(
      network: model.network, state: snapshot?.state ?? start, samples: samples, loss: model.loss,
      options: options, compute: compute,
      optimizerState: snapshot?.optimizerState, epoch: snapshot?.epoch ?? 0)
    var curve = snapshot?.curve ?? []
    var last = snapshot?.memory["loss"]?.doubleValue
    snapshot = nil
    var (saving, reporting) = (environment.saving, environment.reporting)
    while trainer.epoch < recipe.epochs {
      let epoch = trainer.epoch
      let summary = try trainer.runEpoch { step, steps in
        try context.throwIfInterrupted()
        guard reporting.isDue() else { return }
        let fraction = (Double(epoch) + Double(step) / Double(steps)) / Double(recipe.epochs)
        context.progress(
          fraction * 0.98, phase: "train",
          detail: "epoch \(epoch + 1) of \(recipe.epochs), step \(step) of \(steps)"
            + (last.map { ", loss \($0.shortText)" } ?? ""))
      }
      last = summary.loss
      if recipe.keepsRow(summary.epoch) { curve.append(try row(summary, trainer.state)) }
      if saving.isDue() {
        let snapshot = TrainingSnapshot(
          state: trainer.state, optimizerState: trainer.optimizerState, epoch: trainer.epoch,
          memory: ["loss": .number(summary.loss)], curve: curve)
        try context.saveResumeState(Self.stage, snapshot.bytes(layout: model.layout))
        saving.noteDone()
      }
    }
    context.progress(0.98, phase: "evaluate", detail: "test samples")
    let verdict = try TrainingVerdict(
      of: trainer.state, model, on: samples, from: recipe.freezesStatistics ? nil : start, compute)
    return Outcome(
      state: trainer.state, curve: curve,
      metrics: .object(try metrics(trainer.state).merging(verdict.members)), warnings: verdict.warnings)
  }

  private func row(_ summary: EpochSummary, _ state: NetworkState<Element>) throws -> JSONValue {
    var row: JSONObject = [
      "epoch": JSONValue(summary.epoch), "loss": .number(summary.loss),
      "accuracy": JSONValue(summary.accuracy),
      "learning_rate": .number(summary.learningRate),
    ]
    if let held = try validation(state) { row["validation"] = held.json }
    return .object(row)
  }

  private func evaluate(_ state: NetworkState<Element>, _ samples: Samples) throws -> Evaluation {
    try model.network.evaluate(state, on: samples, loss: model.loss, compute: compute)
  }

  func metrics(_ state: NetworkState<Element>) throws -> JSONObject {
    var metrics: JSONObject = [:]
    let test = model.dataset.test.samples().parted(bySeen: model.data.seenClasses(partition))
    if test.seen.count > 0 { metrics["test"] = try evaluate(state, test.seen).json }
    if let absent = test.absent { metrics["absent"] = try absent.evaluate(model, state, compute).json }
    if let held = try validation(state) { metrics["validation"] = held.json }
    return metrics
  }

  func validation(_ state: NetworkState<Element>) throws -> Evaluation? {
    // A model is not measured on a class that it has never seen.
    let held = model.dataset.train.samples(partition.validation).parted(
      bySeen: model.data.seenClasses(partition)
    ).seen
    return held.count > 0 ? try evaluate(state, held) : nil
  }
}

extension TrainingRecipe {
  /// The engine's method for the recipe.
  enum Method {
    case descent(TrainingOptions)
    case minimization(MinimizationOptions)
  }

  /// - Parameter samples: the number of samples, for a full batch.
  func method(weightDecay: Double, seed: Int, samples: Int) -> Method {
    let optimizer: TrainingOptions.Optimizer
    switch self.optimizer {
    case .sgd(let momentum, let nesterov): optimizer = .sgd(momentum: momentum, nesterov: nesterov)
    case .adam(let beta1, let beta2, let epsilon):
      optimizer = .adam(beta1: beta1, beta2: beta2, epsilon: epsilon)
    case .lbfgs(let history, let norm):
      return .minimization(
        MinimizationOptions(.lbfgs(history: history), gradientNorm: norm, iterationLimit: epochs))
    case .newton(let norm):
      return .minimization(MinimizationOptions(.newton, gradientNorm: norm, iterationLimit: epochs))
    }
    let batch: Int =
      switch batchSize {
      case .all: samples
      case .count(let count): min(count, samples)
      }
    return .descent(
      TrainingOptions(
        optimizer: optimizer, learningRate: learningRate, schedule: schedule, epochs: epochs,
        batchSize: batch,
        augment: Set(augmentations), freezesStatistics: freezesStatistics,
        weightDecay: weightDecay, seed: UInt64(seed)))
  }

  /// The most rows of a curve. The last epoch may add one.
  private static var mostRows: Int { 1000 }

  /// Whether the curve has a row for an epoch, counted from 1. Of over a thousand epochs, only every second
  /// or third and so on has a row. The last epoch always has one.
  func keepsRow(_ epoch: Int) -> Bool {
    epoch == epochs || epoch % ((epochs + Self.mostRows - 1) / Self.mostRows) == 0
  }
}

extension Double {
  /// Three significant digits, for people.
  var shortText: String { text(digits: 3) }

  /// `digits` significant digits, for people.
  func text(digits: Int) -> String { String(format: "%.\(digits)g", self) }
}
