/// Correlation coefficients of two lists of numbers.
///
/// Edge cases: nil for fewer than two pairs, for a constant list, and if a number is infinite or NaN.
public enum Correlation {
  /// Pearson's coefficient: the covariance over the product of the standard deviations, −1…1.
  /// - Precondition: both lists have the same length.
  public static func pearson(_ x: [Double], _ y: [Double]) -> Double? {
    precondition(x.count == y.count, "A correlation needs pairs.")
    guard x.count >= 2, x.allSatisfy(\.isFinite), y.allSatisfy(\.isFinite) else { return nil }
    let (dx, dy) = (centred(x), centred(y))
    guard let dx, let dy else { return nil }
    let (sx, sy) = (dx.reduce(0) { $0 + $1 * $1 }, dy.reduce(0) { $0 + $1 * $1 })
    let product = zip(dx, dy).reduce(0) { $0 + $1.0 * $1.1 }
    return min(1, max(-1, product / (sx * sy).squareRoot()))
  }

  /// Spearman's coefficient: Pearson's coefficient of the ranks. Equal values share the mean of their ranks.
  /// - Precondition: both lists have the same length.
  public static func spearman(_ x: [Double], _ y: [Double]) -> Double? {
    precondition(x.count == y.count, "A correlation needs pairs.")
    guard x.allSatisfy(\.isFinite), y.allSatisfy(\.isFinite) else { return nil }
    return pearson(ranks(x), ranks(y))
  }

  /// The place of every value in rising order, from 1; equal values share the mean of their places.
  /// - Precondition: no value is NaN.
  public static func ranks(_ x: [Double]) -> [Double] {
    let order = x.indices.sorted { x[$0] < x[$1] }
    var ranks = [Double](repeating: 0, count: x.count)
    var start = 0
    while start < order.count {
      var end = start + 1
      while end < order.count, x[order[end]] == x[order[start]] { end += 1 }
      for place in start..<end { ranks[order[place]] = Double(start + 1 + end) / 2 }
      start = end
    }
    return ranks
  }

  /// The differences from the mean, divided by the largest of them, so that squares neither overflow nor
  /// vanish; nil if all are zero.
  private static func centred(_ x: [Double]) -> [Double]? {
    if x.allSatisfy({ $0 == x[0] }) { return nil }
    let scale = x.reduce(0) { max($0, abs($1)) }
    let scaled = x.map { $0 / scale }
    let mean = scaled.reduce(0, +) / Double(x.count)
    let differences = scaled.map { $0 - mean }
    let largest = differences.reduce(0) { max($0, abs($1)) }
    return largest == 0 ? nil : differences.map { $0 / largest }
  }
}
