/// The time that a job still takes, from the growth of its fraction.
///
/// The rate is the mean of two rates: that of the whole attempt, and that of the last half minute. The first
/// is steady if progress is even. The second adapts soon to a slower phase. Without enough progress there is
/// no estimate.
package struct ProgressEstimate: Sendable {
  private struct Sample {
    var time: Double
    var fraction: Double
  }

  private static let window = 30.0
  private var start: Sample?
  /// Rising in time, at most one a second.
  private var recent: [Sample] = []
  package private(set) var fraction = 0.0

  package init() {}

  /// - Parameters:
  ///   - time: monotonic seconds.
  ///   - fraction: 0…1. A smaller fraction than before is ignored.
  package mutating func record(_ fraction: Double, at time: Double) {
    guard fraction.isFinite else { return }
    let sample = Sample(time: time, fraction: max(self.fraction, min(max(fraction, 0), 1)))
    self.fraction = sample.fraction
    guard start != nil else {
      start = sample
      recent = [sample]
      return
    }
    if let last = recent.last, time - last.time >= 1 {
      recent.append(sample)
      while recent.count > 2, time - recent[1].time > Self.window { recent.removeFirst() }
    }
  }

  /// Seconds until the fraction is 1; nil if they cannot be estimated yet.
  package func remaining(at time: Double) -> Double? {
    guard let start, let first = recent.first, fraction > start.fraction, time - start.time >= 0.5 else {
      return fraction >= 1 ? 0 : nil
    }
    let whole = (fraction - start.fraction) / (time - start.time)
    let lately = time > first.time ? (fraction - first.fraction) / (time - first.time) : whole
    let rate = lately > 0 ? (whole + 2 * lately) / 3 : whole / 3
    guard rate > 0 else { return nil }
    return (1 - fraction) / rate
  }
}
