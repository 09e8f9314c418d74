import Tensor

/// The last steps s and changes of gradient y, and the inverse Hessian that they approximate (Liu and Nocedal
/// 1989).
struct QuasiNewtonHistory {
  struct Pair {
    let step: [Double]
    let change: [Double]
    /// ⟨s, y⟩ and ‖y‖².
    let product: Double
    let square: Double

    init(step: [Double], change: [Double]) {
      self.step = step
      self.change = change
      product = step.dot(change)
      square = change.dot(change)
    }
  }

  let limit: Int
  /// Oldest first.
  private(set) var pairs: [Pair] = []

  init(limit: Int) { self.limit = limit }

  mutating func forget() { pairs = [] }

  /// Adds a pair. A pair is left out if the function bends down along the step, or if rounding hides the
  /// curvature.
  mutating func append(step: [Double], change: [Double]) {
    let pair = Pair(step: step, change: change)
    let noise = 16 * unitRoundoff(Double.self) * step.norm * pair.square.squareRoot()
    guard pair.product > noise, pair.square > 0 else { return }
    if pairs.count == limit { pairs.removeFirst() }
    pairs.append(pair)
  }

  /// −H⁻¹g by the two-loop recursion, with a multiple of P⁻¹ as the first approximation.
  func direction(_ gradient: [Double], precondition: ([Double]) -> [Double]) -> [Double] {
    var d = gradient
    var weights: [Double] = []
    for pair in pairs.reversed() {
      let weight = pair.step.dot(d) / pair.product
      d.add(-weight, times: pair.change)
      weights.append(weight)
    }
    d = precondition(d)
    if let last = pairs.last { d.scale(last.product / last.change.dot(precondition(last.change))) }
    for (pair, weight) in zip(pairs, weights.reversed()) {
      d.add(weight - pair.change.dot(d) / pair.product, times: pair.step)
    }
    d.scale(-1)
    return d
  }
}
