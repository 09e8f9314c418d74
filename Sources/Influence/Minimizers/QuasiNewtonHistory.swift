import Tensor

/// The last steps s and changes of gradient y, and the inverse Hessian that they stand for (Liu and Nocedal 1989).
struct QuasiNewtonHistory<Element: Scalar> {
  struct Pair {
    let step: [Element]
    let change: [Element]
    /// ⟨s, y⟩ and ‖y‖².
    let product: Double
    let square: Double

    init(step: [Element], change: [Element]) {
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

  /// Takes a pair in, unless it says that the function bends down, or rounding is all it says.
  mutating func append(step: [Element], change: [Element]) {
    let pair = Pair(step: step, change: change)
    let noise = 16 * unitRoundoff(Element.self) * step.norm * pair.square.squareRoot()
    guard pair.product > noise, pair.square > 0 else { return }
    if pairs.count == limit { pairs.removeFirst() }
    pairs.append(pair)
  }

  /// −H⁻¹g by the two-loop recursion.
  func direction(_ gradient: [Element]) -> [Element] {
    var d = gradient
    var weights: [Double] = []
    for pair in pairs.reversed() {
      let weight = pair.step.dot(d) / pair.product
      d.add(Element(-weight), times: pair.change)
      weights.append(weight)
    }
    if let last = pairs.last { d.scale(Element(last.product / last.square)) }
    for (pair, weight) in zip(pairs, weights.reversed()) {
      d.add(Element(weight - pair.change.dot(d) / pair.product), times: pair.step)
    }
    d.scale(-1)
    return d
  }
}
