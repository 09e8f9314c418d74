import Influence
import JSON
import Network
import Tensor

/// What an update of a model is made for: the samples on which that is measured, for choices on validation samples, for
/// reports on test samples.
protocol UpdateGoal: Sendable {
  associatedtype Metrics: UpdateMetrics

  /// Whether there is a score to choose by.
  var hasScore: Bool { get }

  func evaluate<Element: Scalar>(
    _ model: LoadedModel<Element>, _ state: NetworkState<Element>, _ compute: Compute
  ) throws -> Metrics

  /// At most so many of the samples that should change and of the rest, drawn with a seed.
  func limited(to most: JudgedSamples, seed: UInt64) -> Self
}

/// How well a model does what an update is made for.
protocol UpdateMetrics: Sendable {
  /// Larger is better; nil if there is none, as for regression.
  var score: Double? { get }
  /// The same of mean likelihoods exp(−ℓ) instead of accuracies: it moves where accuracies stand still.
  var likelihoodScore: Double { get }
  /// Whether every loss is a number.
  var isFinite: Bool { get }
  /// On the samples that the update is to change; nil if there are none.
  var changed: Evaluation? { get }
  /// On the samples that the update is to leave as they are.
  var kept: Evaluation { get }
  var json: JSONValue { get }
  /// What a table compares, by name; nil if it is not known.
  var numbers: [(name: String, value: Double?)] { get }
}

extension UpdateMetrics {
  /// As the trial of a scale; without a score, or with outputs that are no numbers, never the best.
  func trial(_ scale: Double, by yardstick: UpdateRequest.Yardstick) -> ScaleTrial {
    let score = isFinite ? score ?? .nan : .nan
    return switch yardstick {
    case .accuracy: ScaleTrial(scale: scale, score: score, tieBreak: likelihoodScore)
    case .likelihood:
      ScaleTrial(scale: scale, score: score.isNaN ? .nan : likelihoodScore, tieBreak: score)
    }
  }
}

extension Samples {
  /// At most so many of them, drawn with a seed.
  func drawn(_ limit: Int, _ purpose: String, seed: UInt64) -> Samples {
    guard count > limit else { return self }
    var stream = RandomStream(seed: seed, purpose: purpose)
    return selecting(stream.sample(limit, of: count))
  }
}
