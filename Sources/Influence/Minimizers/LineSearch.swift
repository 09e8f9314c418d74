import Tensor

/// A step along a descent direction that meets the Wolfe conditions, by secants in a bracket. Near a minimum
/// rounding hides differences of values long before it hides the gradient. There the slope decides (the
/// approximate Wolfe conditions of Hager and Zhang 2005, eq. 4.2 and 4.3), if the value has hardly risen.
struct LineSearch<Problem: Objective> {
  let problem: Problem
  let origin: [Double]
  let start: ObjectiveValue
  let direction: [Double]
  /// ⟨∇R, d⟩ at the start: below zero.
  let slope: Double
  /// Whether a step that halves the gradient is taken with any slope. This is right for Newton steps.
  let acceptsSmallerGradients: Bool

  /// A point that was looked at.
  struct Point {
    var step: Double
    var theta: [Double]
    var value: ObjectiveValue
    var slope: Double
  }

  private static var sufficientDecrease: Double { 0.1 }
  private static var curvature: Double { 0.9 }
  private static var mostTrials: Int { 60 }

  /// The most that a value may rise if slopes decide.
  private var slack: Double { max(start.resolution, 1e-6 * abs(start.value)) }

  /// - Returns: the point (nil if rounding hides every descent), and the number of evaluations.
  func run(first: Double) throws -> (point: Point?, evaluations: Int) {
    var low = Point(step: 0, theta: origin, value: start, slope: slope)
    var high: (step: Double, value: Double, slope: Double)?
    var step = first
    for trial in 1...Self.mostTrials {
      guard let point = try look(step) else { return (low.step > 0 ? low : nil, trial - 1) }
      let isFinite = point.value.isFinite
      if isFinite, accepts(point) { return (point, trial) }
      if isFinite, point.slope < 0, point.value.value <= start.value + slack {
        let previous = low
        low = point
        if high == nil {
          step = longer(previous, point)
          continue
        }
      } else {
        high = (step, isFinite ? point.value.value : .infinity, isFinite ? point.slope : .nan)
      }
      guard let high else { continue }
      step = between(low, high)
      if !(step > low.step && step < high.step) { break }
    }
    return (low.step > 0 ? low : nil, Self.mostTrials)
  }

  /// The point at a step; nil if θ does not move.
  private func look(_ step: Double) throws -> Point? {
    var theta = origin
    theta.add(step, times: direction)
    if theta == origin { return nil }
    let value = try problem.evaluate(theta)
    return Point(step: step, theta: theta, value: value, slope: value.gradient.dot(direction))
  }

  private func accepts(_ point: Point) -> Bool {
    let change = point.value.value - start.value
    let isFlatEnough = point.slope >= Self.curvature * slope
    if isFlatEnough, change <= Self.sufficientDecrease * point.step * slope { return true }
    guard change <= slack else { return false }
    if isFlatEnough, point.slope <= (2 * Self.sufficientDecrease - 1) * slope { return true }
    return acceptsSmallerGradients && point.value.gradient.norm <= 0.5 * start.gradient.norm
  }

  /// A longer step, after a point at which the function still falls. The slopes predict the minimum; the step
  /// is kept within 2 to 10 times the last one.
  private func longer(_ previous: Point, _ point: Point) -> Double {
    let bend = point.slope - previous.slope
    let secant = bend > 0 ? point.step - point.slope * (point.step - previous.step) / bend : .infinity
    return min(max(secant, 2 * point.step), 10 * point.step)
  }

  /// A step inside a bracket: by the slopes at both ends if they have opposite signs, else by a parabola. It
  /// is at least a tenth of the bracket away from the ends.
  private func between(_ low: Point, _ high: (step: Double, value: Double, slope: Double)) -> Double {
    let width = high.step - low.step
    var share: Double
    if high.slope > 0 {
      share = low.slope / (low.slope - high.slope)
    } else if high.value.isFinite {
      share = -low.slope * width / (2 * (high.value - low.value.value - low.slope * width))
    } else {
      share = 0.1
    }
    if !(share > 0 && share < 1) { share = 0.5 }
    return low.step + width * min(max(share, 0.1), 0.9)
  }
}
