/// A scale of an update and how it did.
public struct ScaleTrial: Sendable, Equatable {
  public let scale: Double
  /// Larger is better.
  public let score: Double
  /// Decides between equal scores. It measures the same more finely, since few samples give few distinct
  /// scores.
  public let tieBreak: Double

  public init(scale: Double, score: Double, tieBreak: Double = 0) {
    self.scale = scale
    self.score = score
    self.tieBreak = tieBreak
  }

  /// Whether this trial did better; a score that is not a number never does.
  public func isBetter(than other: ScaleTrial) -> Bool {
    if score.isNaN || other.score.isNaN { return !score.isNaN }
    if score != other.score { return score > other.score }
    return tieBreak > other.tieBreak
  }
}

/// Looks for the scale s of an update sΔ with the best validation score. The linear theory says 1.
public enum ScaleSearch {
  /// The scales that a sweep tries first.
  public static let scales: [Double] = [0.125, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64]
  /// The smallest scale that is tried beyond the sweep: curvatures with many weak directions give far too
  /// large updates.
  public static let smallest = 1.0 / 1024
  /// The largest scale that is tried beyond the sweep: early steps of a solver give far too small updates.
  public static let largest = 2048.0

  /// Tries the scales of the sweep, then goes on up or down in factors of 2 as long as the score gets better.
  /// - Parameter trial: tries the model with the update at a scale.
  /// - Returns: the trials by rising scale.
  public static func sweep(_ trial: (Double) throws -> ScaleTrial) rethrows -> [ScaleTrial] {
    var trials: [ScaleTrial] = []
    for scale in scales { trials.append(try trial(scale)) }
    while let last = trials.last, last.scale < largest, best(trials) == last {
      trials.append(try trial(2 * last.scale))
    }
    while let first = trials.first, first.scale > smallest, best(trials) == first {
      trials.insert(try trial(first.scale / 2), at: 0)
    }
    return trials
  }

  /// Tries the scales of the sweep, then scales between the neighbours of the best one.
  /// - Parameters:
  ///   - refinements: how often the ratio of neighbouring scales is reduced to its root. Each time tries two
  ///     scales.
  ///   - trial: tries the model with the update at a scale.
  /// - Returns: every trial in the order made, and the best.
  public static func search(
    refinements: Int = 3, _ trial: (Double) throws -> ScaleTrial
  ) rethrows -> (trials: [ScaleTrial], best: ScaleTrial) {
    var trials = try sweep(trial)
    var best = best(trials)
    var ratio = 2.0
    for _ in 0..<refinements {
      ratio = ratio.squareRoot()
      for scale in [best.scale / ratio, best.scale * ratio] { trials.append(try trial(scale)) }
      best = Self.best(trials)
    }
    return (trials, best)
  }

  /// The ratio of neighbouring scales in `climb`. With a factor of 2 the loss from a missed best scale is
  /// larger than the differences between steps of a solver's path.
  public static let ratio = (2.0).squareRoot()

  /// Goes from a trial to the next smaller scale, or else the next larger one, as long as that is better.
  /// - Parameter trial: tries the model with the update at a scale.
  /// - Returns: the best trial seen.
  public static func climb(
    from start: ScaleTrial, _ trial: (Double) throws -> ScaleTrial
  ) rethrows -> ScaleTrial {
    for factor in [1 / ratio, ratio] {
      var best = start
      while (smallest...largest).contains(best.scale * factor) {
        let there = try trial(best.scale * factor)
        guard there.isBetter(than: best) else { break }
        best = there
      }
      if best.scale != start.scale { return best }
    }
    return start
  }

  /// The best trial; of equally good ones the one nearest to 1 (in ratio), then the smaller.
  /// - Precondition: there is at least one trial.
  public static func best(_ trials: [ScaleTrial]) -> ScaleTrial {
    func distance(_ scale: Double) -> Double { scale <= 0 ? .infinity : max(scale, 1 / scale) }
    return trials.dropFirst().reduce(trials[0]) { best, trial in
      if trial.isBetter(than: best) { return trial }
      if best.isBetter(than: trial) { return best }
      let (a, b) = (distance(trial.scale), distance(best.scale))
      return a < b || (a == b && trial.scale < best.scale) ? trial : best
    }
  }
}
