import Tensor

#if canImport(Glibc)
  import Glibc
#endif

/// LSMR (Fong and Saunders 2011): min ‖Ax − g‖² + δ²‖x‖² by Golub–Kahan bidiagonalisation, two products a
/// step.
///
/// LSMR is MINRES on the normal equations without forming them. From x = 0 it tends to the solution of least
/// norm. For a symmetric H it solves (H + δI)x = g, definite or not.
public struct LSMR: Solver {
  public static let name = "lsmr"
  public static let hasPath = true

  /// The earlier right vectors to which a new v is made orthogonal again.
  public enum Reorthogonalization: Sendable, Hashable {
    case none
    /// The last so many, which are kept in memory.
    case window(Int)
    case full
  }

  public static let defaultIterationLimit = 2000
  public var options: SolveOptions
  public var reorthogonalization: Reorthogonalization

  public init(_ options: SolveOptions = SolveOptions(), reorthogonalization: Reorthogonalization = .none) {
    self.options = options
    self.reorthogonalization = reorthogonalization
  }

  public func expectedCost(_ size: SolveSize) -> SolveCost {
    var cost = SolveCost()
    cost.products = size.count * 1.6 * size.steps(100, limit: options.iterationLimit)
    cost.vectors = 8
    return cost
  }

  /// The relative residual of the report is ‖Aᵀ(g − Ax) − δ²x‖/‖Aᵀg‖.
  public func solve<A: LinearOperator>(
    leastSquares a: A, _ g: [A.Element], monitor: SolveMonitor<A.Element>
  ) throws -> Solution<A.Element> {
    try requireLength(g.count, a.rows, "the right-hand side")
    var course = try SolveCourse(
      solver: Self.name, options: options, defaultLimit: Self.defaultIterationLimit,
      defaultTolerance: DefaultTolerance.leastSquares(A.Element.self), monitor: monitor)
    let delta = options.damping
    let size = g.norm
    try course.require(size, "the right-hand side")
    let normalSize = try a.applyTransposed(g).norm
    course.count(1, of: a)
    try course.require(normalSize, "Aᵀg")
    if normalSize == 0 {
      course.finishTrivially()
      return Solution(x: .zeros(a.columns), report: course.report)
    }
    var largest = 0.0
    var isFirst = true
    return try course.refine(g, unknowns: a.columns) { course, rightHandSide, base in
      let target = Target.normal(size: normalSize)
      defer { isFirst = false }
      if isFirst || delta == 0 {
        return try run(&course, a, rightHandSide, base, damping: delta, target, &largest)
      }
      // A correction d of x solves min ‖[A; δI] d − [g − Ax; −δx]‖.
      let stacked = StackedDampingOperator(a, damping: delta)
      return try run(&course, stacked, rightHandSide, base, damping: 0, target, &largest)
    } measure: { course, x in
      var remaining = try a.apply(x)
      remaining.scale(-1, adding: g)
      var gradient = try a.applyTransposed(remaining)
      gradient.add(A.Element(-delta * delta), times: x)
      course.count(2, of: a)
      course.report.roundingFloor =
        2 * unitRoundoff(A.Element.self) * largest * (size + largest * x.norm) / normalSize
      if delta != 0 {
        remaining += x.map { A.Element(-delta) * $0 }
      }
      return (gradient.norm / normalSize, remaining)
    }
  }

  /// The relative residual of the report is ‖g − (H + δI)x‖/‖g‖.
  public func solve<H: SymmetricOperator>(
    _ h: H, _ g: [H.Element], monitor: SolveMonitor<H.Element>
  ) throws -> Solution<H.Element> {
    try SolveCourse.refine(
      Self.self, h, g, options, defaultLimit: Self.defaultIterationLimit, monitor
    ) { course, damped, rightHandSide, base, size, largest in
      try run(&course, damped, rightHandSide, base, damping: 0, .system(size: size), &largest)
    }
  }

  /// The residual that the tolerance is for, with the size it is relative to.
  private enum Target {
    case normal(size: Double)
    case system(size: Double)
  }

  /// One run of the recurrences for a correction of `base`.
  private func run<A: LinearOperator>(
    _ course: inout SolveCourse<A.Element>, _ a: A, _ rightHandSide: [A.Element], _ base: [A.Element],
    damping: Double, _ target: Target, _ largest: inout Double
  ) throws -> (step: [A.Element], end: RunEnd) {
    typealias Element = A.Element
    let noise = unitRoundoff(Element.self)
    var x = [Element].zeros(a.columns)
    var u = rightHandSide
    let beta = u.norm
    if beta == 0 { return (x, .tolerance) }
    u.scale(Element(1 / beta))
    var v = try a.applyTransposed(u)
    course.count(1, of: a)
    let alpha = v.norm
    try course.require(alpha, "Aᵀg")
    if alpha == 0 { return (x, .stopped(.stagnation)) }
    v.scale(Element(1 / alpha))
    var recurrence = LSMRRecurrence(alpha: alpha, beta: beta, damping: damping)
    var window = RightVectors<Element>(reorthogonalization)
    window.append(v)
    var h = v
    var hBar = [Element].zeros(a.columns)
    var left = [Element].zeros(a.rows)
    var right = [Element].zeros(a.columns)
    while true {
      if course.isAtLimit { return (x, .stopped(.iterationLimit)) }
      // u ← (A v − α u)/β, v ← (Aᵀ u − β v)/α
      try a.apply(v, into: &left)
      u.scale(Element(-recurrence.alpha), adding: left)
      var beta = u.norm
      course.count(2, of: a)
      try course.require(beta, "a product with A")
      largest = max(largest, hypot(recurrence.alpha, beta))
      var alpha = 0.0
      if beta > noise * largest {
        u.scale(Element(1 / beta))
        try a.applyTransposed(u, into: &right)
        v.scale(Element(-beta), adding: right)
        window.orthogonalize(&v)
        alpha = v.norm
        try course.require(alpha, "a product with Aᵀ")
      } else {
        beta = 0
      }
      let isExhausted = alpha <= noise * largest
      if isExhausted {
        alpha = 0
        for index in v.indices { v[index] = 0 }
      } else {
        v.scale(Element(1 / alpha))
        window.append(v)
      }
      let step = recurrence.advance(alpha: alpha, beta: beta)
      // h̄ ← h − … h̄, x ← x + … h̄, h ← v − … h
      hBar.scale(Element(step.hBar), adding: h)
      x.add(Element(step.x), times: hBar)
      h.scale(Element(step.h), adding: v)
      let residual =
        switch target {
        case .normal(let size): recurrence.normalResidual / size
        case .system(let size): recurrence.residual / size
        }
      let stops = try course.step(residual: residual) {
        var iterate = base
        iterate.add(1, times: x)
        return iterate
      }
      if stops { return (x, .stopped(.observer)) }
      if residual <= course.target || isExhausted { return (x, .tolerance) }
    }
  }
}

/// The right vectors of the bidiagonalisation that are kept for reorthogonalisation.
private struct RightVectors<Element: Scalar> {
  private var vectors: [[Element]] = []
  private var oldest = 0
  private let capacity: Int

  init(_ policy: LSMR.Reorthogonalization) {
    switch policy {
    case .none: capacity = 0
    case .window(let count): capacity = max(0, count)
    case .full: capacity = .max
    }
  }

  mutating func append(_ v: [Element]) {
    if capacity == 0 { return }
    if vectors.count < capacity {
      vectors.append(v)
    } else {
      vectors[oldest] = v
      oldest = (oldest + 1) % capacity
    }
  }

  /// v ← v − Σ ⟨v, vᵢ⟩ vᵢ, one vector after the other.
  func orthogonalize(_ v: inout [Element]) {
    for vector in vectors { v.add(Element(-v.dot(vector)), times: vector) }
  }
}
