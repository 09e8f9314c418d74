import JSON
import Network
import Tensor

/// How a model does on what should be forgotten (`self`) and on the rest (`test`).
struct ForgettingMetrics: UpdateMetrics {
  let own: Evaluation
  let test: Evaluation
  /// On the classes without training samples; nil if there are none. Choices between updates leave it nil.
  var absent: AbsentMetrics?

  /// 2a(1 − s)/(a + 1 − s), the harmonic mean of a and 1 − s (Lyu et al. 2023).
  ///
  /// a is the test accuracy, s the share of the group that is still read as labelled. Nil for regression, and
  /// if one of the sets is empty.
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

  var changed: Evaluation? { own.losses.isEmpty ? nil : own }
  var kept: Evaluation { test }

  var json: JSONValue {
    var object: JSONObject = ["self": own.json, "test": test.json, "score": JSONValue(score)]
    if let absent { object["absent"] = absent.json }
    return .object(object)
  }

  var numbers: [(name: String, value: Double?)] {
    [
      ("self_accuracy", own.accuracy), ("self_loss", own.knownLoss), ("test_accuracy", test.accuracy),
      ("test_loss", test.knownLoss), ("score", score),
    ]
  }
}

/// The two sets of samples that forgetting is measured on, and the samples that belong to neither.
struct ForgettingSamples: UpdateGoal {
  let own: Samples
  let test: Samples
  /// Samples of classes without training samples. They are reported apart and take no part in choices.
  var absent: AbsentSamples?

  /// Accuracy is known of both sets.
  var hasScore: Bool {
    switch test.targets {
    case .classes, .positions: own.count > 0 && test.count > 0
    case .values: false
    }
  }

  func evaluate<Element: Scalar>(
    _ model: LoadedModel<Element>, _ state: NetworkState<Element>, _ compute: Compute
  ) throws -> ForgettingMetrics {
    ForgettingMetrics(
      own: try model.network.evaluate(state, on: own, loss: model.loss, compute: compute),
      test: try model.network.evaluate(state, on: test, loss: model.loss, compute: compute),
      absent: try absent?.evaluate(model, state, compute))
  }

  func limited(to most: JudgedSamples, seed: UInt64) -> ForgettingSamples {
    ForgettingSamples(
      own: own.drawn(most.own, "validation of the group", seed: seed),
      test: test.drawn(most.test, "validation of the rest", seed: seed))
  }
}

extension LoadedModel {
  /// The samples that results report on, from the test split.
  ///
  /// For a removed class, `self` is its test samples and `test` those of the other classes. For another
  /// group, `self` is its training samples.
  /// - Parameter edit: the removal of the group.
  func reportSamples(_ group: GroupChoice, _ edit: DataEdit, members: [Int]) -> ForgettingSamples {
    forgetting(group, edit, members: members, in: dataset.test.samples())
  }

  /// The samples that choices are made on: the held-out validation samples. Training samples take their place
  /// if the group or the rest has no validation sample.
  func choiceSamples(
    _ group: GroupChoice, _ edit: DataEdit, members: [Int], partition: Partition
  ) -> ForgettingSamples {
    var held = forgetting(group, edit, members: members, in: dataset.train.samples(partition.validation))
    if held.own.count == 0 || held.test.count == 0 {
      held = forgetting(group, edit, members: members, in: dataset.train.samples(partition.training))
    }
    held.absent = nil
    return held
  }

  private func forgetting(
    _ group: GroupChoice, _ edit: DataEdit, members: [Int], in samples: Samples
  ) -> ForgettingSamples {
    let remaining = after(edit)
    let seen = remaining.data.seenClasses(remaining.partition())
    guard case .label(let label) = group, case .classes(let labels) = samples.targets else {
      let parts = samples.parted(bySeen: seen)
      return ForgettingSamples(own: dataset.train.samples(members), test: parts.seen, absent: parts.absent)
    }
    let places = Array(0..<samples.count)
    let parts = samples.selecting(places.filter { Int(labels[$0]) != label }).parted(bySeen: seen)
    return ForgettingSamples(
      own: samples.selecting(places.filter { Int(labels[$0]) == label }), test: parts.seen,
      absent: parts.absent)
  }
}
