import Foundation
import Influence
import Network
import Tensor

extension Evaluation {
  /// The mean loss; nil for no samples.
  var knownLoss: Double? { losses.isEmpty ? nil : meanLoss }

  /// The mean of exp(−ℓ): of a classification the mean probability of the true class.
  var meanLikelihood: Double { losses.reduce(0) { $0 + exp(-$1) } / Double(losses.count) }

  /// `{"loss", "accuracy"}`; the accuracy is null for regression, both are null for no samples.
  var json: JSONValue {
    losses.isEmpty
      ? ["loss": .null, "accuracy": .null] : ["loss": .number(meanLoss), "accuracy": JSONValue(accuracy)]
  }
}

/// How a model does on what should be forgotten (`self`) and on the rest (`test`).
struct ForgettingMetrics: UpdateMetrics {
  let own: Evaluation
  let test: Evaluation

  /// 2a(1 − s)/(a + 1 − s), the harmonic mean of the test accuracy a and the share 1 − s of the group that is no longer
  /// read as labelled (Lyu et al. 2023); nil for regression or where one of the sets is empty.
  var score: Double? {
    guard let a = test.accuracy, let s = own.accuracy else { return nil }
    return Self.score(a, s)
  }

  var likelihoodScore: Double { Self.score(test.meanLikelihood, own.meanLikelihood) }

  private static func score(_ a: Double, _ s: Double) -> Double {
    a + 1 - s > 0 ? 2 * a * (1 - s) / (a + 1 - s) : 0
  }

  /// Whether every loss is a number.
  var isFinite: Bool { (own.losses + test.losses).allSatisfy(\.isFinite) }

  var json: JSONValue { ["self": own.json, "test": test.json, "score": JSONValue(score)] }

  var numbers: [(name: String, value: Double?)] {
    [
      ("self_accuracy", own.accuracy), ("self_loss", own.knownLoss), ("test_accuracy", test.accuracy),
      ("test_loss", test.knownLoss), ("score", score),
    ]
  }
}

/// The two sets of samples that forgetting is measured on.
struct ForgettingSamples: UpdateGoal {
  let own: Samples
  let test: Samples

  /// Accuracy is known of both sets.
  var hasScore: Bool {
    if case .classes = test.targets { return own.count > 0 && test.count > 0 }
    return false
  }

  func evaluate<Element: Scalar>(
    _ model: LoadedModel<Element>, _ state: NetworkState<Element>, _ compute: Compute
  ) throws -> ForgettingMetrics {
    ForgettingMetrics(
      own: try model.network.evaluate(state, on: own, loss: model.loss, compute: compute),
      test: try model.network.evaluate(state, on: test, loss: model.loss, compute: compute))
  }

  func limited(to most: JudgedSamples, seed: UInt64) -> ForgettingSamples {
    ForgettingSamples(
      own: own.drawn(most.own, "validation of the group", seed: seed),
      test: test.drawn(most.test, "validation of the rest", seed: seed))
  }
}

extension LoadedModel {
  /// What results report on: the test split. A removed class's own samples there are `self`, the others `test`; for
  /// another group `self` is its training samples.
  func reportSamples(_ group: GroupChoice, members: [Int]) -> ForgettingSamples {
    forgetting(group, members: members, in: dataset.test.samples())
  }

  /// What choices are made on: the held-out validation samples, or the training samples where there are none of
  /// the group, or none of the rest.
  func choiceSamples(_ group: GroupChoice, members: [Int], partition: Partition) -> ForgettingSamples {
    let held = forgetting(group, members: members, in: dataset.train.samples(partition.validation))
    if held.own.count > 0, held.test.count > 0 { return held }
    return forgetting(group, members: members, in: dataset.train.samples(partition.training))
  }

  private func forgetting(_ group: GroupChoice, members: [Int], in samples: Samples) -> ForgettingSamples {
    guard case .label(let label) = group, case .classes(let labels) = samples.targets else {
      return ForgettingSamples(own: dataset.train.samples(members), test: samples)
    }
    let places = Array(0..<samples.count)
    return ForgettingSamples(
      own: samples.selecting(places.filter { Int(labels[$0]) == label }),
      test: samples.selecting(places.filter { Int(labels[$0]) != label }))
  }
}
