import Tensor

/// The Neumann series: gradient steps of a fixed, computed length.
///
/// - Least squares (GIF, Lyu et al. 2023): x ← x + (Aᵀ(g − Ax) − δ²x)/c². It converges exactly when
///   c² > (σ_max² + δ²)/2.
/// - Symmetric: x ← x + (g − (H + δI)x)/c. It converges exactly when H + δI is positive definite and
///   c > λ_max/2.
///
/// By default c is 10 % above this limit, by a bound on the largest eigenvalue from a few Lanczos steps. The
/// number of steps grows with the condition number of AᵀA. For LSMR it grows with the square root of that.
public struct NeumannSeries: Solver {
  public static let name = "neumann"
  public static let hasPath = true
  public static let defaultIterationLimit = 5000
  public var options: SolveOptions
  /// c; nil measures it.
  public var scale: Double?
  /// Seeds the start of the Lanczos steps.
  public var seed: UInt64

  public init(_ options: SolveOptions = SolveOptions(), scale: Double? = nil, seed: UInt64 = 0) {
    self.options = options
    self.scale = scale
    self.seed = seed
  }

  /// Most series end before their step limit.
  public func expectedCost(_ size: SolveSize) -> SolveCost {
    var cost = SolveCost()
    cost.products = size.count * (20 + size.steps(1000, limit: options.iterationLimit))
    cost.vectors = 6
    return cost
  }

  /// The relative residual of the report is ‖Aᵀ(g − Ax) − δ²x‖/‖Aᵀg‖.
  public func solve<A: LinearOperator>(
    leastSquares a: A, _ g: [A.Element], monitor: SolveMonitor<A.Element>
  ) throws -> Solution<A.Element> {
    typealias Element = A.Element
    try requireLength(g.count, a.rows, "the right-hand side")
    var course = try course(DefaultTolerance.leastSquares(Element.self), monitor)
    let delta = options.damping
    let right = try a.applyTransposed(g)
    course.count(1, of: a)
    let normal = NormalOperator(a, damping: delta)
    let measured = try measuredScale(of: normal, start: right, &course)
    // For AᵀA + δ²I the divisor of a step is c².
    let c = scale ?? measured.limit.squareRoot()
    course.report.scale = c
    return try iterate(&course, right, step: c * c, largest: measured.largest, advice: leastSquaresAdvice(c))
    {
      course, x in
      var remaining = try a.apply(x)
      remaining.scale(-1, adding: g)
      var gradient = try a.applyTransposed(remaining)
      gradient.add(Element(-delta * delta), times: x)
      course.count(2, of: a)
      return gradient
    }
  }

  /// The relative residual of the report is ‖g − (H + δI)x‖/‖g‖.
  public func solve<H: SymmetricOperator>(
    _ h: H, _ g: [H.Element], monitor: SolveMonitor<H.Element>
  ) throws -> Solution<H.Element> {
    try requireLength(g.count, h.dimension, "the right-hand side")
    var course = try course(DefaultTolerance.symmetric(H.Element.self), monitor)
    let damped = DampedOperator(h, damping: options.damping)
    let measured = try measuredScale(of: damped, start: g, &course)
    let c = scale ?? measured.limit
    course.report.scale = c
    let advice = symmetricAdvice(c, smallest: measured.smallest)
    return try iterate(&course, g, step: c, largest: measured.largest, advice: advice) { course, x in
      var remaining = try damped.apply(x)
      remaining.scale(-1, adding: g)
      course.count(1, of: damped)
      return remaining
    }
  }

  private func course<Element: Scalar>(
    _ tolerance: Double, _ monitor: SolveMonitor<Element>
  ) throws -> SolveCourse<Element> {
    if let scale, !(scale.isFinite && scale > 0) {
      throw SolveError.option(name: "scale", value: "\(scale)", expected: "a positive number")
    }
    return try SolveCourse(
      solver: Self.name, options: options, defaultLimit: Self.defaultIterationLimit,
      defaultTolerance: tolerance, monitor: monitor)
  }

  /// The step limit for an operator, and the ends of its spectrum if they were measured.
  private func measuredScale<H: SymmetricOperator>(
    of h: H, start: [H.Element], _ course: inout SolveCourse<H.Element>
  ) throws -> (limit: Double, largest: Double, smallest: Double?) {
    try course.require(start.norm, "the right-hand side")
    if scale != nil || h.dimension == 0 { return (1, 0, nil) }
    let ends = try ExtremeEigenvalues(of: h, start: start, seed: seed)
    course.report.curvatureProducts += ends.products
    let bound = ends.upperBound
    return (bound > 0 ? 0.55 * bound : 1, bound, ends.smallest)
  }

  /// x ← x + r/step with r the true residual of x.
  private func iterate<Element: Scalar>(
    _ course: inout SolveCourse<Element>, _ right: [Element], step: Double, largest: Double, advice: String,
    residual: (inout SolveCourse<Element>, [Element]) throws -> [Element]
  ) throws -> Solution<Element> {
    let size = right.norm
    if size == 0 {
      course.finishTrivially()
      return Solution(x: right, report: course.report)
    }
    var x = [Element].zeros(right.count)
    var r = right
    var relative = 1.0
    var best = 1.0
    var reason = StopReason.iterationLimit
    var stagnant = 0
    let floor = 2 * unitRoundoff(Element.self)
    while !course.isAtLimit {
      x.add(Element(1 / step), times: r)
      r = try residual(&course, x)
      let previous = relative
      relative = r.norm / size
      if !relative.isFinite || relative > 10 * best {
        throw SolveError.diverged(
          solver: course.report.solver, iteration: course.report.iterations + 1, relativeResidual: relative,
          advice: advice)
      }
      best = min(best, relative)
      course.report.roundingFloor = floor * (1 + largest * x.norm / size)
      if try course.step(residual: relative, iterate: { x }) {
        reason = .observer
        break
      }
      if relative <= course.tolerance { break }
      // The residual of a convergent series falls at every step, until it is near the rounding floor.
      stagnant = relative < previous ? 0 : stagnant + 1
      if stagnant >= 20 && relative <= 100 * course.report.roundingFloor {
        reason = .stagnation
        break
      }
    }
    try course.finish(residual: relative, reason: reason)
    return Solution(x: x, report: course.report)
  }

  private func leastSquaresAdvice(_ c: Double) -> String {
    """
    The series needs a scale c above √((σ_max² + δ²)/2), but c is \(c). Leave the scale out, so that it is \
    measured, or choose a larger one.
    """
  }

  private func symmetricAdvice(_ c: Double, smallest: Double?) -> String {
    if scale == nil, let smallest, smallest < 0 {
      return """
        The operator has negative curvature (an eigenvalue at or below \(smallest)): raise the damping by \
        more than \(-smallest), use the Gauss–Newton operator, or the solver lsmr or minres.
        """
    }
    return """
      The series needs a scale c above half the largest eigenvalue and a positive definite operator, and c is \
      \(c). Leave the scale out, so that it is measured, or add damping.
      """
  }
}
