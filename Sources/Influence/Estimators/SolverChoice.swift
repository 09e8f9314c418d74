import Tensor

/// A solver with its options, as a request chooses it.
public enum SolverChoice: Sendable, Equatable {
  case lsmr(SolveOptions)
  case conjugateGradient(ConjugateGradient)
  case minres(SolveOptions)
  case neumann(SolveOptions, scale: Double?)
  case direct(damping: Double)
  case lissa(LiSSA)
  case arnoldi(ArnoldiSolver)

  /// Whether the steps follow a path from strong to weak curvature that can be watched.
  public var hasPath: Bool {
    switch self {
    case .lsmr, .conjugateGradient, .minres, .neumann: true
    case .direct, .lissa, .arnoldi: false
    }
  }

  /// Solves (H + δI)x = g.
  func solve<H: SymmetricOperator>(
    _ h: H, _ g: [H.Element], batches: BatchFamily<H>?, _ monitor: SolveMonitor<H.Element>
  ) throws -> Solution<H.Element> {
    switch self {
    case .lsmr(let options): try LSMR(options).solve(h, g, monitor: monitor)
    case .conjugateGradient(let solver): try solver.solve(h, g, monitor: monitor)
    case .minres(let options): try MINRES(options).solve(h, g, monitor: monitor)
    case .neumann(let options, let scale):
      try NeumannSeries(options, scale: scale).solve(h, g, monitor: monitor)
    case .direct(let damping): try DirectSolver(damping: damping).solve(h, g, monitor: monitor)
    case .arnoldi(let solver): try solver.solve(h, g, monitor: monitor)
    case .lissa(let solver):
      try solver.solve(
        h, batches: batches ?? BatchFamily(count: 1) { _ in h }, block: [g], progress: monitor.progress)[0]
    }
  }

  /// Solves min ‖Ax − g‖² + δ²‖x‖². CG, MINRES and Arnoldi work on AᵀA + δ²I.
  func solve<A: LinearOperator>(
    leastSquares a: A, _ g: [A.Element], _ monitor: SolveMonitor<A.Element>
  ) throws -> Solution<A.Element> {
    switch self {
    case .lsmr(let options): return try LSMR(options).solve(leastSquares: a, g, monitor: monitor)
    case .neumann(let options, let scale):
      return try NeumannSeries(options, scale: scale).solve(leastSquares: a, g, monitor: monitor)
    case .direct(let damping):
      return try DirectSolver(damping: damping).solve(leastSquares: a, g, monitor: monitor)
    case .lissa:
      throw SolveError.option(
        name: "solver", value: "lissa",
        expected: "lsmr, cg, minres, neumann, direct or arnoldi for least squares")
    case .conjugateGradient(var solver):
      return try solve(normalEquationsOf: a, g, damping: solver.options.damping) {
        solver.options.damping = 0
        return try solver.solve($0, $1, monitor: monitor)
      }
    case .minres(var options):
      return try solve(normalEquationsOf: a, g, damping: options.damping) {
        options.damping = 0
        return try MINRES(options).solve($0, $1, monitor: monitor)
      }
    case .arnoldi(var solver):
      return try solve(normalEquationsOf: a, g, damping: solver.options.damping) {
        solver.options.damping = 0
        return try solver.solve($0, $1, monitor: monitor)
      }
    }
  }

  /// Solves (AᵀA + δ²I)x = Aᵀg by a solver for symmetric matrices, which is given that matrix and right-hand side.
  private func solve<A: LinearOperator>(
    normalEquationsOf a: A, _ g: [A.Element], damping: Double,
    _ body: (NormalOperator<A>, [A.Element]) throws -> Solution<A.Element>
  ) throws -> Solution<A.Element> {
    var solution = try body(NormalOperator(a, damping: damping), try a.applyTransposed(g))
    solution.report.damping = damping
    solution.report.curvatureProducts += a.productsPerApplication
    return solution
  }
}
