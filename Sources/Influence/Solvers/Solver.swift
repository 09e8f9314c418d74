import Tensor

/// A solver with its options, as a request chooses it. Each solver is declared in a file of its own.
///
/// The reader of requests holds a list of the solvers, with the JSON fields of each.
public protocol Solver: SymmetricSolver, LeastSquaresSolver, Hashable {
  /// The name that requests and reports use.
  static var name: String { get }

  /// Whether the steps follow a path from strong to weak curvature that can be watched.
  static var hasPath: Bool { get }

  /// The limits of a solve and its damping. `direct` takes the damping alone.
  var options: SolveOptions { get set }

  /// The samples of a batch, of a solver that draws batches. The caller makes the batches. Nil for the others.
  var samplesABatch: Int? { get }

  /// The same solver, with random choices from this seed.
  func seeded(_ seed: UInt64) -> Self

  /// Solves (H + δI)x = g.
  /// - Parameter batches: pieces of H, for a solver that draws batches.
  func solve<H: SymmetricOperator>(
    _ h: H, _ g: [H.Element], batches: BatchFamily<H>?, monitor: SolveMonitor<H.Element>
  ) throws -> Solution<H.Element>

  /// Solves (H + δI)xᵢ = gᵢ for several right-hand sides, which share as much work as the solver allows.
  func solve<H: SymmetricOperator>(
    _ h: H, block: [[H.Element]], batches: BatchFamily<H>?, progress: ((SolveProgress) throws -> Void)?
  ) throws -> [Solution<H.Element>]

  /// How many right-hand sides of a length are solved at a time. It depends on the length alone.
  func blockWidth<Element: Scalar>(length: Int, _: Element.Type) -> Int

  /// The expected cost of a solve, from measured solves.
  func expectedCost(_ size: SolveSize) -> SolveCost
}

extension Solver {
  public static var hasPath: Bool { false }
  public var samplesABatch: Int? { nil }
  public func seeded(_ seed: UInt64) -> Self { self }

  public func solve<H: SymmetricOperator>(
    _ h: H, _ g: [H.Element], batches: BatchFamily<H>?, monitor: SolveMonitor<H.Element>
  ) throws -> Solution<H.Element> {
    try solve(h, g, monitor: monitor)
  }

  public func solve<H: SymmetricOperator>(
    _ h: H, block: [[H.Element]], batches: BatchFamily<H>?, progress: ((SolveProgress) throws -> Void)?
  ) throws -> [Solution<H.Element>] {
    try solve(h, block: block, progress: progress)
  }

  /// The same without progress. It calls the requirement, so that a solver's own method runs.
  public func solve<H: SymmetricOperator>(
    _ h: H, block: [[H.Element]], batches: BatchFamily<H>?
  ) throws -> [Solution<H.Element>] {
    try solve(h, block: block, batches: batches, progress: nil)
  }

  public func blockWidth<Element: Scalar>(length: Int, _: Element.Type) -> Int { 1 }
}

/// Solves (H + δI) x = g for a symmetric H.
public protocol SymmetricSolver: Sendable {
  func solve<H: SymmetricOperator>(
    _ h: H, _ g: [H.Element], monitor: SolveMonitor<H.Element>
  ) throws -> Solution<H.Element>

  /// Several right-hand sides, which share as much work as possible; each has its own report.
  func solve<H: SymmetricOperator>(
    _ h: H, block: [[H.Element]], progress: ((SolveProgress) throws -> Void)?
  ) throws -> [Solution<H.Element>]
}

extension SymmetricSolver {
  public func solve<H: SymmetricOperator>(
    _ h: H, block: [[H.Element]]
  ) throws -> [Solution<H.Element>] {
    try solve(h, block: block, progress: nil)
  }

  public func solve<H: SymmetricOperator>(_ h: H, _ g: [H.Element]) throws -> Solution<H.Element> {
    try solve(h, g, monitor: SolveMonitor())
  }

  public func solve<H: SymmetricOperator>(
    _ h: H, block: [[H.Element]], progress: ((SolveProgress) throws -> Void)?
  ) throws -> [Solution<H.Element>] {
    try block.map { try solve(h, $0, monitor: SolveMonitor(progress: progress)) }
  }
}

/// Solves min ‖Ax − g‖² + δ²‖x‖² for a rectangular A. If there are several minimizers, the shortest x.
public protocol LeastSquaresSolver: Sendable {
  func solve<A: LinearOperator>(
    leastSquares a: A, _ g: [A.Element], monitor: SolveMonitor<A.Element>
  ) throws -> Solution<A.Element>
}

extension LeastSquaresSolver {
  public func solve<A: LinearOperator>(
    leastSquares a: A, _ g: [A.Element]
  ) throws -> Solution<A.Element> {
    try solve(leastSquares: a, g, monitor: SolveMonitor())
  }
}

/// A solver for symmetric matrices alone. It solves least squares through (AᵀA + δ²I)x = Aᵀg.
public protocol NormalEquationsSolver: Solver {}

extension NormalEquationsSolver {
  public func solve<A: LinearOperator>(
    leastSquares a: A, _ g: [A.Element], monitor: SolveMonitor<A.Element>
  ) throws -> Solution<A.Element> {
    // The operator has the damping.
    var undamped = self
    undamped.options.damping = 0
    let normal = NormalOperator(a, damping: options.damping)
    var solution = try undamped.solve(normal, try a.applyTransposed(g), monitor: monitor)
    solution.report.damping = options.damping
    solution.report.curvatureProducts += a.productsPerApplication
    return solution
  }
}
