import Datasets
import JSON
import Network
import Tensor

/// The targets of a request's test choice at one state, and their losses and gradients at any other state.
struct TestPoints: Sendable {
  /// One loss that the request asks about.
  struct Target: Sendable {
    /// The index in the split; for `validation` in the training split. Nil for the mean over the split.
    let index: Int?
    /// At the state the points were resolved at, without weight decay.
    let loss: Double
    /// Nil for regression and for the mean.
    let label: Int?
    /// The class that the model names; nil if `label` is.
    let predicted: Int?
  }

  let choice: TestChoice
  let targets: [Target]
  /// The samples of the points in the order of `targets`. For the mean, every sample of the split.
  let samples: Samples

  var isMean: Bool { choice.points == .mean }
  var count: Int { targets.count }

  /// The loss of every target at a state.
  /// - Throws: `Cancelled`.
  func losses<Element: Scalar>(
    _ model: LoadedModel<Element>, _ state: NetworkState<Element>, _ compute: Compute
  ) throws(Cancelled) -> [Double] {
    let evaluation = try model.network.evaluate(state, on: samples, loss: model.loss, compute: compute)
    return isMean ? [evaluation.meanLoss] : evaluation.losses
  }

  /// ∇ℓ of every target at a state, without weight decay, in the engine's order.
  /// - Throws: `Cancelled`.
  func gradients<Element: Scalar>(
    _ model: LoadedModel<Element>, _ state: NetworkState<Element>, _ compute: Compute
  ) throws(Cancelled) -> VectorBlock<Element> {
    if isMean {
      return VectorBlock([
        try model.network.gradient(state, on: samples, loss: model.loss, compute: compute).gradient
      ])
    }
    return try model.network.sampleGradients(state, on: samples, loss: model.loss, compute: compute)
  }

  /// A row of a result's `tests`.
  func json(_ target: Target) -> JSONObject {
    var row: JSONObject = [
      "index": JSONValue(target.index), "split": .string(choice.split.rawValue), "loss": .number(target.loss),
    ]
    if isMean { row["samples"] = JSONValue(samples.count) }
    if let label = target.label { row["label"] = JSONValue(label) }
    if let predicted = target.predicted { row["predicted"] = JSONValue(predicted) }
    return row
  }
}

extension LoadedModel {
  /// Every index of a split that may be a test point, ascending, and the split that holds it.
  private func places(_ split: TestChoice.Split) -> (split: Split, indices: [Int]) {
    switch split {
    case .test: (dataset.test, Array(0..<dataset.test.count))
    case .train: (dataset.train, Array(0..<dataset.train.count))
    case .validation: (dataset.train, partition().validation)
    }
  }

  /// Finds the points of a choice. The result is deterministic: of equal losses the lower index comes first.
  /// - Throws: `JobFailure` if there are none, or a loss is no number; `Cancelled`.
  func testPoints(
    _ choice: TestChoice, _ state: NetworkState<Element>, _ compute: Compute
  ) throws -> TestPoints {
    let (split, all) = places(choice.split)
    let named: [Int] = if case .indices(let indices) = choice.points { indices } else { all }
    let candidates = split.samples(named)
    guard candidates.count > 0 else {
      throw JobFailure(
        .unacceptable, "The split \(choice.split.rawValue) of \(dataset.name) has no samples.",
        advice: "Choose test points of another split.")
    }
    let columns = network.architecture.output.count
    let predicted = Buffer<Int32>(count: candidates.count)
    let evaluation = try network.evaluate(state, on: candidates, loss: loss, compute: compute) { place, row in
      guard let base = row.baseAddress else { return }
      predicted.pointer[place] = Int32(Loss.predictedClass(base, columns: columns))
    }
    guard evaluation.losses.allSatisfy(\.isFinite) else {
      throw JobFailure(
        .nonFinite, "The loss of a test point is infinite or NaN.",
        advice: "Look at the checkpoint; its training has probably diverged.")
    }
    if choice.points == .mean {
      return TestPoints(
        choice: choice, targets: [.init(index: nil, loss: evaluation.meanLoss, label: nil, predicted: nil)],
        samples: candidates)
    }
    let chosen = Self.chosen(choice.points, evaluation)
    guard !chosen.isEmpty else {
      throw JobFailure(
        .unacceptable, "The model names the class of every sample of the split rightly.",
        advice: "Choose test points by another pick.")
    }
    let samples = candidates.selecting(chosen)
    let targets = chosen.map { place in
      let label: Int? = if case .classes(let labels) = candidates.targets { Int(labels[place]) } else { nil }
      return TestPoints.Target(
        index: candidates.indices[place], loss: evaluation.losses[place], label: label,
        predicted: label == nil ? nil : Int(predicted.pointer[place]))
    }
    return TestPoints(choice: choice, targets: targets, samples: samples)
  }

  private static func chosen(_ points: TestChoice.Points, _ evaluation: Evaluation) -> [Int] {
    let losses = evaluation.losses
    guard case .pick(let pick, let count) = points else { return Array(losses.indices) }
    func falling(_ places: [Int]) -> [Int] {
      places.sorted { (-losses[$0], $0) < (-losses[$1], $1) }
    }
    func rising(_ places: [Int]) -> [Int] {
      places.sorted { (losses[$0], $0) < (losses[$1], $1) }
    }
    let all = Array(losses.indices)
    switch pick {
    case .highestLoss: return Array(falling(all).prefix(count))
    case .lowestLoss: return Array(rising(all).prefix(count))
    case .misclassified: return Array(falling(all.filter { evaluation.correctness[$0] < 1 }).prefix(count))
    case .medianLoss:
      let start = max(0, (all.count - count) / 2)
      return Array(rising(all)[start..<min(start + count, all.count)])
    }
  }
}
