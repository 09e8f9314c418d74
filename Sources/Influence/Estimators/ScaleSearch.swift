/// A scale of an update and how it did.
public struct ScaleTrial: Sendable, Equatable {
  public let scale: Double
  public let score: Double

  public init(scale: Double, score: Double) {
    self.scale = scale
    self.score = score
  }
}

/// Looks for the scale s of an update sΔ with the best validation score. The linear theory says 1.
public enum ScaleSearch {
  /// The geometric sweep.
  public static let sweep: [Double] = [0.125, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64]

  /// The largest scale that is tried.
  public static let largest = 2048.0

  /// The sweep, further up as long as that is better, then refinements between the best scale's neighbours.
  /// - Parameters:
  ///   - refinements: times the bracket is cut: each tries two scales.
  ///   - score: of the model with the update at a scale; larger is better.
  /// - Returns: every trial in the order made, and the best: of equal scores the scale nearest to 1.
  public static func search(
    refinements: Int = 3, score: (Double) throws -> Double
  ) rethrows -> (trials: [ScaleTrial], best: ScaleTrial) {
    var trials: [ScaleTrial] = []
    for scale in sweep { trials.append(ScaleTrial(scale: scale, score: try score(scale))) }
    var best = Self.best(trials)
    while let last = trials.last, best == last, last.scale < largest {
      trials.append(ScaleTrial(scale: 2 * last.scale, score: try score(2 * last.scale)))
      best = Self.best(trials)
    }
    var ratio = 2.0
    for _ in 0..<refinements {
      ratio = ratio.squareRoot()
      for scale in [best.scale / ratio, best.scale * ratio] {
        trials.append(ScaleTrial(scale: scale, score: try score(scale)))
      }
      best = Self.best(trials)
    }
    return (trials, best)
  }

  /// The trial with the best score; of equal ones the one nearest to 1 (in ratio), then the smaller.
  /// - Precondition: there is at least one trial.
  public static func best(_ trials: [ScaleTrial]) -> ScaleTrial {
    func distance(_ scale: Double) -> Double { scale <= 0 ? .infinity : max(scale, 1 / scale) }
    return trials.dropFirst().reduce(trials[0]) { best, trial in
      // A score that is not a number never wins.
      if trial.score.isNaN { return best }
      if best.score.isNaN || trial.score > best.score { return trial }
      if trial.score < best.score { return best }
      let (a, b) = (distance(trial.scale), distance(best.scale))
      return a < b || (a == b && trial.scale < best.scale) ? trial : best
    }
  }
}
