import Influence
import JSON
import Network
import Tensor

/// The purpose of an update, as the samples that measure it: validation samples for choices, test samples for
/// reports.
protocol UpdateGoal: Sendable {
  associatedtype Metrics: UpdateMetrics

  /// Whether there is a score to choose by.
  var hasScore: Bool { get }

  func evaluate<Element: Scalar>(
    _ model: LoadedModel<Element>, _ state: NetworkState<Element>, _ compute: Compute
  ) throws -> Metrics

  /// The goal on at most `most` samples, drawn with a seed.
  func limited(to most: JudgedSamples, seed: UInt64) -> Self
}

/// How well a model meets the goal of an update.
protocol UpdateMetrics: Sendable {
  /// Larger is better; nil if there is none, as for regression.
  var score: Double? { get }
  /// The score from mean likelihoods exp(−ℓ). It moves even if accuracies stand still.
  var likelihoodScore: Double { get }
  /// Whether every loss is a number.
  var isFinite: Bool { get }
  /// On the samples that the update should change; nil if there are none.
  var changed: Evaluation? { get }
  /// On the samples that the update should leave as they are.
  var kept: Evaluation { get }
  var json: JSONValue { get }
  /// The numbers of a table, by name; nil if a number is not known.
  var numbers: [(name: String, value: Double?)] { get }
}

extension UpdateMetrics {
  /// The trial of a scale. Without a score, or with outputs that are not finite, it is never the best.
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
  /// At most `limit` of the samples, drawn with a seed.
  func drawn(_ limit: Int, _ purpose: String, seed: UInt64) -> Samples {
    guard count > limit else { return self }
    var stream = RandomStream(seed: seed, purpose: purpose)
    return selecting(stream.sample(limit, of: count))
  }
}
