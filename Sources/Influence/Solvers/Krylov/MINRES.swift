import Tensor

#if canImport(Glibc)
  import Glibc
#endif

/// The minimum residual method (Paige and Saunders 1975) for (H + δI) x = g with a symmetric H of any sign.
/// Lanczos reduces H to a tridiagonal T, and Givens rotations make T triangular. The residual never rises. If
/// H is singular and g is not in its range, the solve ends with `stagnation` at a least-squares solution.
public struct MINRES: NormalEquationsSolver {
  public static let name = "minres"
  public static let hasPath = true
  public static let defaultIterationLimit = 2000
  public var options: SolveOptions

  public init(_ options: SolveOptions = SolveOptions()) {
    self.options = options
  }

  public func expectedCost(_ size: SolveSize) -> SolveCost {
    var cost = SolveCost()
    cost.products =
      size.block * size.productsAStep * size.steps(size.usualSteps ?? 150, limit: options.iterationLimit)
    cost.vectors = 8 + 6 * min(size.count, 16)
    return cost
  }

  public func solve<H: SymmetricOperator>(
    _ h: H, _ g: [H.Element], monitor: SolveMonitor<H.Element>
  ) throws -> Solution<H.Element> {
    try SolveCourse.refine(
      Self.self, h, g, options, defaultLimit: Self.defaultIterationLimit, monitor
    ) { course, damped, rightHandSide, base, size, largest in
      try Self.run(&course, damped, rightHandSide, base, size, &largest)
    }
  }

  /// One run of the recurrences for a correction of `base`. Greek letters as in the paper's §6: α, β of the
  /// Lanczos process; γ, δ, ε the three diagonals of the triangular factor; φ the rotated right-hand side.
  static func run<H: SymmetricOperator>(
    _ course: inout SolveCourse<H.Element>, _ h: H, _ rightHandSide: [H.Element],
    _ base: [H.Element], _ size: Double, _ largest: inout Double
  ) throws -> (step: [H.Element], end: RunEnd) {
    typealias Element = H.Element
    let n = rightHandSide.count
    let noise = unitRoundoff(Element.self)
    let unreachable = 10 * noise
    var singular = SingularStop<Element>()
    var x = [Element].zeros(n)
    var v = rightHandSide
    var beta = v.norm
    v.scale(Element(1 / beta))
    var previousV = [Element].zeros(n)
    var w = [Element].zeros(n)
    var previousW = [Element].zeros(n)
    var next = [Element].zeros(n)
    var phiBar = beta
    // The rotation before the first one, chosen so that δ = 0 and γ̄ = α in the first step.
    var cosine = -1.0
    var sine = 0.0
    var deltaBar = 0.0
    var epsilon = 0.0
    var coupling = 0.0
    while true {
      if course.isAtLimit { return (x, .stopped(.iterationLimit)) }
      try h.apply(v, into: &next)
      course.count(1, of: h)
      next.add(Element(-beta), times: previousV)
      let alpha = v.dot(next)
      next.add(Element(-alpha), times: v)
      beta = next.norm
      try course.require(alpha + beta, "a product")
      // The norm of a column of T.
      largest = max(largest, hypot(alpha, hypot(beta, coupling)))
      coupling = beta

      let previousEpsilon = epsilon
      let delta = cosine * deltaBar + sine * alpha
      let gammaBar = sine * deltaBar - cosine * alpha
      epsilon = sine * beta
      deltaBar = -cosine * beta
      // ‖H r‖/‖r‖ before this step. If it is rounding, r is orthogonal to the range and no step helps.
      let slope = hypot(gammaBar, deltaBar)
      if slope <= unreachable * largest { return (x, .stopped(.stagnation)) }
      if let found = singular.look(x, slope: slope / largest, residual: phiBar) {
        return (found, .stopped(.stagnation))
      }
      let gamma = hypot(gammaBar, beta)
      cosine = gammaBar / gamma
      sine = beta / gamma
      let phi = cosine * phiBar
      phiBar *= sine

      // w ← (v − δ w − ε w₋)/γ
      previousW.scale(Element(-previousEpsilon), adding: v)
      previousW.add(Element(-delta), times: w)
      previousW.scale(Element(1 / gamma))
      swap(&w, &previousW)
      x.add(Element(phi), times: w)

      let residual = phiBar / size
      let stops = try course.step(residual: residual) {
        var iterate = base
        iterate.add(1, times: x)
        return iterate
      }
      if stops { return (x, .stopped(.observer)) }
      if residual <= course.target || beta <= noise * largest { return (x, .tolerance) }
      swap(&previousV, &v)
      swap(&v, &next)
      v.scale(Element(1 / beta))
    }
  }
}

/// Ends MINRES if the system is singular and g is not in its range. Then ‖Hr‖/‖r‖ falls to a small value, and
/// rounding makes later answers grow along the null space. So the answer at the smallest value is taken.
private struct SingularStop<Element: Scalar> {
  private var x: [Element] = []
  private var slope = unitRoundoff(Element.self).squareRoot()
  private var residual = 0.0

  /// - Parameters:
  ///   - slope: ‖Hr‖/(‖H‖‖r‖) of x.
  /// - Returns: the answer to end with, if the slope has risen again and the residual has not fallen; else
  ///   nil.
  mutating func look(_ x: [Element], slope: Double, residual: Double) -> [Element]? {
    if slope < self.slope {
      self.slope = slope
      self.residual = residual
      self.x = x
      return nil
    }
    return !self.x.isEmpty && slope > 10 * self.slope && residual > 0.9 * self.residual ? self.x : nil
  }
}
