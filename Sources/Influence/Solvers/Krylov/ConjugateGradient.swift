import Tensor

/// Conjugate gradients (Hestenes and Stiefel 1952) for (H + δI) x = g with a positive definite H + δI.
///
/// Where a search direction p has pᵀ(H + δI)p < 0 the system is not positive definite: the solve ends with
/// `negative_curvature` and the last iterate before that direction.
public struct ConjugateGradient: SymmetricSolver, Equatable {
  /// What the operator is preconditioned with.
  public enum Preconditioning: Sendable, Equatable {
    case none
    /// The diagonal of H + δI, estimated from this many random products.
    case jacobi(probes: Int, seed: UInt64 = 0)
    /// A randomised low-rank approximation of H from this many products; needs δ > 0 to help.
    case nystrom(rank: Int, seed: UInt64 = 0)
  }

  public static let defaultIterationLimit = 1000
  public var options: SolveOptions
  public var preconditioning: Preconditioning

  public init(_ options: SolveOptions = SolveOptions(), preconditioning: Preconditioning = .none) {
    self.options = options
    self.preconditioning = preconditioning
  }

  public func solve<H: SymmetricOperator>(
    _ h: H, _ g: [H.Element], monitor: SolveMonitor<H.Element>
  ) throws -> Solution<H.Element> {
    let built = try preconditioner(for: h)
    var solution = try solve(h, g, preconditioner: built.preconditioner, monitor: monitor)
    solution.report.curvatureProducts += built.products
    return solution
  }

  /// One after the other with one preconditioner, whose products are in the first report.
  public func solve<H: SymmetricOperator>(
    _ h: H, block: [[H.Element]], progress: ((SolveProgress) throws -> Void)?
  ) throws -> [Solution<H.Element>] {
    if block.isEmpty { return [] }
    let built = try preconditioner(for: h)
    var solutions = try block.map {
      try solve(h, $0, preconditioner: built.preconditioner, monitor: SolveMonitor(progress: progress))
    }
    solutions[0].report.curvatureProducts += built.products
    return solutions
  }

  /// Solves with a preconditioner of the caller's, symmetric and positive definite.
  public func solve<H: SymmetricOperator>(
    _ h: H, _ g: [H.Element], preconditioner: (any Preconditioner<H.Element>)?,
    monitor: SolveMonitor<H.Element> = SolveMonitor()
  ) throws -> Solution<H.Element> {
    try requireLength(g.count, h.dimension, "the right-hand side")
    var course = try SolveCourse(
      solver: "cg", options: options, defaultLimit: Self.defaultIterationLimit,
      defaultTolerance: DefaultTolerance.symmetric(H.Element.self), monitor: monitor)
    let size = g.norm
    try course.require(size, "the right-hand side")
    if size == 0 {
      course.finishTrivially()
      return Solution(x: g, report: course.report)
    }
    let damped = DampedOperator(h, damping: options.damping)
    var largest = 0.0
    return try course.refine(g, unknowns: g.count) { course, rightHandSide, base in
      try Self.run(&course, damped, rightHandSide, base, size, preconditioner, &largest)
    } measure: { course, x in
      try course.measure(damped, g, x, largestEigenvalue: largest)
    }
  }

  /// The preconditioner that the options name and the products it took.
  public func preconditioner<H: SymmetricOperator>(
    for h: H
  ) throws -> (preconditioner: (any Preconditioner<H.Element>)?, products: Int) {
    switch preconditioning {
    case .none:
      return (nil, 0)
    case .jacobi(let probes, let seed):
      let jacobi = try JacobiPreconditioner(
        estimating: h, probes: probes, damping: options.damping, seed: seed)
      return (jacobi, probes * h.productsPerApplication)
    case .nystrom(let rank, let seed):
      let nystrom = try NystromPreconditioner(h, rank: rank, damping: options.damping, seed: seed)
      return (nystrom, nystrom.products)
    }
  }

  /// One run of the recurrences for a correction of `base`.
  private static func run<H: SymmetricOperator>(
    _ course: inout SolveCourse<H.Element>, _ h: DampedOperator<H>, _ rightHandSide: [H.Element],
    _ base: [H.Element], _ size: Double, _ preconditioner: (any Preconditioner<H.Element>)?,
    _ largest: inout Double
  ) throws -> (step: [H.Element], end: RunEnd) {
    typealias Element = H.Element
    var x = [Element].zeros(rightHandSide.count)
    var r = rightHandSide
    var p = try preconditioner?.apply(r) ?? r
    var rz = r.dot(p)
    var product = [Element].zeros(r.count)
    while true {
      if course.isAtLimit { return (x, .stopped(.iterationLimit)) }
      try h.apply(p, into: &product)
      course.count(1, of: h)
      let curvature = p.dot(product)
      try course.require(curvature, "the curvature along the search direction")
      let pp = p.dot(p)
      largest = max(largest, (product.dot(product) / pp).squareRoot())
      if let reason = Self.refusal(curvature: curvature / pp, largest: largest, Element.self) {
        return (x, .stopped(reason))
      }
      let alpha = rz / curvature
      x.add(Element(alpha), times: p)
      r.add(Element(-alpha), times: product)
      let residual = r.norm / size
      let stops = try course.step(residual: residual) {
        var iterate = base
        iterate.add(1, times: x)
        return iterate
      }
      if stops { return (x, .stopped(.observer)) }
      if residual <= course.target { return (x, .tolerance) }
      let z = try preconditioner?.apply(r) ?? r
      let next = r.dot(z)
      try course.require(next, "the preconditioned residual")
      p.scale(Element(next / rz), adding: z)
      rz = next
    }
  }

  /// Whether a curvature pᵀHp/‖p‖² rules out a step: below zero, or zero up to rounding.
  static func refusal<Element: Scalar>(
    curvature: Double, largest: Double, _: Element.Type
  ) -> StopReason? {
    let noise = unitRoundoff(Element.self) * largest
    if curvature > noise { return nil }
    return curvature < -10 * noise ? .negativeCurvature : .stagnation
  }
}
