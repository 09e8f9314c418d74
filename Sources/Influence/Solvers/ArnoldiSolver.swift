import Tensor

/// The inverse of H + δI through its strongest eigenpairs (Schioppa et al. 2022): x = V (D + δI)⁻¹ Vᵀ g, with
/// or without the part of g outside V.
///
/// The eigenpairs are found once for all right-hand sides. The strongest are those of largest magnitude, so
/// negative eigenvalues are also taken.
public struct ArnoldiSolver: NormalEquationsSolver {
  public static let name = "arnoldi"
  /// How the part of g outside the eigenvectors is answered.
  public enum Complement: String, Sendable, CaseIterable {
    /// Left out, as in the paper. The residual is then at least as large as that part.
    case dropped
    /// Divided by the smallest magnitude kept, plus δ: as if the rest of the spectrum were flat.
    case constant
    /// Solved by MINRES on the complement, which the eigenpairs have made well conditioned.
    case solved
  }

  public static let defaultIterationLimit = 2000
  public var options: SolveOptions
  /// Eigenpairs taken, at most the dimension.
  public var rank: Int
  public var complement: Complement
  public var seed: UInt64

  public init(
    _ options: SolveOptions = SolveOptions(), rank: Int = 50, complement: Complement = .solved,
    seed: UInt64 = 0
  ) {
    self.options = options
    self.rank = rank
    self.complement = complement
    self.seed = seed
  }

  public func seeded(_ seed: UInt64) -> ArnoldiSolver {
    var solver = self
    solver.seed = seed
    return solver
  }

  public func expectedCost(_ size: SolveSize) -> SolveCost {
    let rank = min(Double(rank), size.parameters)
    var cost = SolveCost()
    cost.products = min(2000, 4 * rank + 40) + (complement == .solved ? size.block * 60 : 0)
    cost.sweeps = 4 * rank * rank
    cost.vectors = 4 * rank + 30
    return cost
  }

  public func solve<H: SymmetricOperator>(
    _ h: H, _ g: [H.Element], monitor: SolveMonitor<H.Element>
  ) throws -> Solution<H.Element> {
    let pairs = try eigenpairs(of: h)
    var solution = try solve(h, g, pairs: pairs, monitor: monitor)
    solution.report.curvatureProducts += pairs.products
    return solution
  }

  /// Each report counts its own products. The products for the eigenpairs are divided evenly among the
  /// reports, with the remainder in the first.
  public func solve<H: SymmetricOperator>(
    _ h: H, block: [[H.Element]], progress: ((SolveProgress) throws -> Void)?
  ) throws -> [Solution<H.Element>] {
    if block.isEmpty { return [] }
    let pairs = try eigenpairs(of: h)
    var solutions = try block.map {
      try solve(h, $0, pairs: pairs, monitor: SolveMonitor(progress: progress))
    }
    let share = pairs.products / block.count
    for index in solutions.indices { solutions[index].report.curvatureProducts += share }
    solutions[0].report.curvatureProducts += pairs.products - share * block.count
    return solutions
  }

  /// The eigenpairs of H (without δ) that the solver uses.
  public func eigenpairs<H: SymmetricOperator>(
    of h: H, progress: ((SolveProgress) throws -> Void)? = nil
  ) throws -> Eigenpairs<H.Element> {
    if rank < 1 { throw SolveError.option(name: "rank", value: "\(rank)", expected: "at least 1") }
    let tolerance = H.Element.precision == .float32 ? 1e-4 : 1e-6
    return try LanczosEigensolver(count: rank, tolerance: tolerance, seed: seed).solve(h, progress: progress)
  }

  /// Solves with eigenpairs that were found before.
  public func solve<H: SymmetricOperator>(
    _ h: H, _ g: [H.Element], pairs: Eigenpairs<H.Element>,
    monitor: SolveMonitor<H.Element> = SolveMonitor()
  ) throws -> Solution<H.Element> {
    try requireLength(g.count, h.dimension, "the right-hand side")
    var course = try SolveCourse(
      solver: Self.name, options: options, defaultLimit: Self.defaultIterationLimit,
      defaultTolerance: DefaultTolerance.symmetric(H.Element.self), monitor: monitor)
    let size = g.norm
    try course.require(size, "the right-hand side")
    let inverse = LowRankInverse(pairs, damping: options.damping)
    course.report.rank = inverse.values.count
    course.report.negativeEigenvalues = pairs.values.filter { $0 < 0 }.count
    if size == 0 {
      course.finishTrivially()
      return Solution(x: g, report: course.report)
    }
    let damped = DampedOperator(h, damping: options.damping)
    let largest = inverse.largest
    if complement == .solved {
      let deflated = DeflatedOperator(base: damped, vectors: inverse.vectors)
      return try course.refine(g, unknowns: g.count) { course, right, base in
        try inverse.run(&course, deflated, right, base, size)
      } measure: { course, x in
        try course.measure(damped, g, x, largestEigenvalue: largest)
      }
    }
    var x = inverse.apply(g)
    if complement == .constant {
      let level = inverse.smallest + options.damping
      if level > 0 { x.add(H.Element(1 / level), times: inverse.outside(g)) }
    }
    let residual = try course.measure(damped, g, x, largestEigenvalue: largest).residual
    _ = try course.step(residual: residual) { x }
    try course.finish(residual: residual, reason: .lowRank)
    return Solution(x: x, report: course.report)
  }
}

/// V (D + δI)⁻¹ Vᵀ.
struct LowRankInverse<Element: Scalar>: Sendable {
  let vectors: [[Element]]
  /// λ + δ of the vectors.
  let values: [Double]
  /// The largest and smallest |λ| of the pairs kept.
  let largest: Double
  let smallest: Double

  /// Pairs whose λ + δ is zero up to rounding are left out: their directions stay at zero, as in a
  /// pseudo-inverse.
  init(_ pairs: Eigenpairs<Element>, damping: Double) {
    let top = pairs.values.map(\.magnitude).max() ?? 0
    let cutoff = 10 * unitRoundoff(Element.self) * top
    let kept = pairs.values.indices.filter { abs(pairs.values[$0] + damping) > cutoff }
    vectors = kept.map { pairs.vectors[$0] }
    values = kept.map { pairs.values[$0] + damping }
    largest = top + damping
    smallest = kept.map { pairs.values[$0].magnitude }.min() ?? 0
  }

  func apply(_ g: [Element]) -> [Element] {
    var x = [Element].zeros(g.count)
    for (vector, value) in zip(vectors, values) { x.add(Element(vector.dot(g) / value), times: vector) }
    return x
  }

  /// g − V Vᵀ g.
  func outside(_ g: [Element]) -> [Element] { projectedOut(vectors, of: g) }

  /// Solves for a correction of `base`: the part in V by D⁻¹, and the part outside by MINRES.
  func run<H: SymmetricOperator>(
    _ course: inout SolveCourse<Element>, _ deflated: DeflatedOperator<H>, _ right: [Element],
    _ base: [Element], _ size: Double
  ) throws -> (step: [Element], end: RunEnd) where H.Element == Element {
    let inside = apply(right)
    let rest = outside(right)
    if rest.norm <= course.target * size || vectors.count == right.count {
      let stops = try course.step(residual: rest.norm / size) {
        var iterate = base
        iterate.add(1, times: inside)
        return iterate
      }
      return (inside, stops ? .stopped(.observer) : .tolerance)
    }
    var start = base
    start.add(1, times: inside)
    var largest = self.largest
    var (step, end) = try MINRES.run(&course, deflated, rest, start, size, &largest)
    step = outside(step)
    step.add(1, times: inside)
    return (step, end)
  }
}

/// (I − V Vᵀ) H (I − V Vᵀ).
struct DeflatedOperator<Base: SymmetricOperator>: SymmetricOperator {
  typealias Element = Base.Element
  let base: Base
  let vectors: [[Element]]

  var dimension: Int { base.dimension }
  var productsPerApplication: Int { base.productsPerApplication }

  func apply(_ x: [Element], into y: inout [Element]) throws {
    try base.apply(projectedOut(vectors, of: x), into: &y)
    y = projectedOut(vectors, of: y)
  }
}

/// x − V Vᵀ x, one vector after the other.
private func projectedOut<Element: Scalar>(_ vectors: [[Element]], of x: [Element]) -> [Element] {
  var rest = x
  for vector in vectors { rest.add(Element(-rest.dot(vector)), times: vector) }
  return rest
}
