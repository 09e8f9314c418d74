import Tensor

/// Conjugate gradients (Hestenes and Stiefel 1952) for (H + δI) x = g with a positive definite H + δI.
///
/// If a search direction p has pᵀ(H + δI)p < 0, the system is not positive definite. The solve then ends with
/// `negative_curvature` and the answer before that direction.
public struct ConjugateGradient: NormalEquationsSolver {
  public static let name = "cg"
  public static let hasPath = true

  /// How the operator is preconditioned.
  public enum Preconditioning: Sendable, Hashable {
    case none
    /// The diagonal of H + δI, estimated from this many random products.
    case jacobi(probes: Int, seed: UInt64 = 0)
    /// A randomised low-rank approximation of H from this many products; needs δ > 0 to help.
    case nystrom(rank: Int, seed: UInt64 = 0)

    /// The names that requests use.
    public enum Name: String, Sendable, CaseIterable { case none, jacobi, nystrom }

    /// Another name gives the defaults of that preconditioner.
    public var name: Name {
      get {
        switch self {
        case .none: .none
        case .jacobi: .jacobi
        case .nystrom: .nystrom
        }
      }
      set {
        switch newValue {
        case .none: self = .none
        case .jacobi: self = .jacobi(probes: 100)
        case .nystrom: self = .nystrom(rank: 50)
        }
      }
    }

    /// Of `jacobi`; 0 of the others, which ignore a new value.
    public var probes: Int {
      get { if case .jacobi(let probes, _) = self { probes } else { 0 } }
      set { if case .jacobi(_, let seed) = self { self = .jacobi(probes: newValue, seed: seed) } }
    }

    /// Of `nystrom`; 0 of the others, which ignore a new value.
    public var rank: Int {
      get { if case .nystrom(let rank, _) = self { rank } else { 0 } }
      set { if case .nystrom(_, let seed) = self { self = .nystrom(rank: newValue, seed: seed) } }
    }

    func seeded(_ seed: UInt64) -> Preconditioning {
      switch self {
      case .none: .none
      case .jacobi(let probes, _): .jacobi(probes: probes, seed: seed)
      case .nystrom(let rank, _): .nystrom(rank: rank, seed: seed)
      }
    }
  }

  public static let defaultIterationLimit = 1000
  public var options: SolveOptions
  public var preconditioning: Preconditioning

  public init(_ options: SolveOptions = SolveOptions(), preconditioning: Preconditioning = .none) {
    self.options = options
    self.preconditioning = preconditioning
  }

  public func seeded(_ seed: UInt64) -> ConjugateGradient {
    ConjugateGradient(options, preconditioning: preconditioning.seeded(seed))
  }

  public func solve<H: SymmetricOperator>(
    _ h: H, _ g: [H.Element], monitor: SolveMonitor<H.Element>
  ) throws -> Solution<H.Element> {
    let built = try preconditioner(for: h)
    var solution = try solve(h, g, preconditioner: built.preconditioner, monitor: monitor)
    solution.report.curvatureProducts += built.products
    return solution
  }

  /// Solves one after the other with one preconditioner. The products that build it are in the first report.
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

  public func expectedCost(_ size: SolveSize) -> SolveCost {
    var cost = SolveCost()
    var usual = size.usualSteps ?? 100
    cost.vectors = 8 + 6 * min(size.count, 16)
    switch preconditioning {
    case .none: break
    case .jacobi(let probes, _): cost.setupProducts = Double(probes)
    case .nystrom(let rank, _):
      cost.setupProducts = Double(rank)
      cost.vectors += 3 * Double(rank)
      usual *= 0.6
    }
    cost.products = size.block * size.productsAStep * size.steps(usual, limit: options.iterationLimit)
    return cost
  }

  /// Bytes that one array of vectors in the block method may take.
  private static var blockBytes: Int { 1 << 27 }

  public func blockWidth<Element: Scalar>(length: Int, _: Element.Type) -> Int {
    min(
      BlockConjugateGradient.defaultWidth,
      max(1, Self.blockBytes / max(1, length * MemoryLayout<Element>.size)))
  }

  /// Right-hand sides share a Krylov space, as many at a time as `blockWidth` says.
  public func solve<H: SymmetricOperator>(
    _ h: H, block: [[H.Element]], batches: BatchFamily<H>?, progress: ((SolveProgress) throws -> Void)?
  ) throws -> [Solution<H.Element>] {
    try BlockConjugateGradient(
      options, preconditioning: preconditioning,
      width: blockWidth(length: h.dimension, H.Element.self)
    ).solve(h, block: block, progress: progress)
  }

  /// Solves with a preconditioner of the caller, which is symmetric and positive definite.
  public func solve<H: SymmetricOperator>(
    _ h: H, _ g: [H.Element], preconditioner: (any Preconditioner<H.Element>)?,
    monitor: SolveMonitor<H.Element> = SolveMonitor()
  ) throws -> Solution<H.Element> {
    try SolveCourse.refine(
      Self.self, h, g, options, defaultLimit: Self.defaultIterationLimit, monitor
    ) { course, damped, rightHandSide, base, size, largest in
      try Self.run(&course, damped, rightHandSide, base, size, preconditioner, &largest)
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

  /// The reason to end if the curvature pᵀHp/‖p‖² is below zero, or zero up to rounding. nil allows the step.
  static func refusal<Element: Scalar>(
    curvature: Double, largest: Double, _: Element.Type
  ) -> StopReason? {
    let noise = unitRoundoff(Element.self) * largest
    if curvature > noise { return nil }
    return curvature < -10 * noise ? .negativeCurvature : .stagnation
  }
}
