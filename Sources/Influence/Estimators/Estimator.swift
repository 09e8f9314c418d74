import Tensor

/// How the effect of a group on the parameters is estimated.
public enum Estimator: String, Sendable, CaseIterable {
  /// Generalized influence function (Lyu et al. 2023): θ_J moves so that the gradient of all parameters vanishes in
  /// the least-squares sense, x = argmin ‖H[:, J]x − g‖² + δ²‖x‖².
  case gif
  /// Freezing influence function: x = (H[J, J] + δI)⁻¹g_J, the rest of the network frozen.
  case fif
  /// Projected influence function: the entries J of (H + δI)⁻¹g.
  case pif
  /// The influence function (Koh and Liang 2017): (H + δI)⁻¹g over every parameter.
  case `if`
}

/// A solver with its options, as a request chooses it.
public enum SolverChoice: Sendable, Equatable {
  case lsmr(SolveOptions)
  case conjugateGradient(SolveOptions)
  case minres(SolveOptions)
  case neumann(SolveOptions, scale: Double?)
  case direct(damping: Double)
  case arnoldi(ArnoldiSolver)

  /// Whether the steps follow a path from strong to weak curvature that can be watched.
  public var hasPath: Bool {
    switch self {
    case .lsmr, .conjugateGradient, .minres, .neumann: true
    case .direct, .arnoldi: false
    }
  }

  /// Solves (H + δI)x = g.
  func solve<H: SymmetricOperator>(
    _ h: H, _ g: [H.Element], _ monitor: SolveMonitor<H.Element>
  ) throws -> Solution<H.Element> {
    switch self {
    case .lsmr(let options): try LSMR(options).solve(h, g, monitor: monitor)
    case .conjugateGradient(let options): try ConjugateGradient(options).solve(h, g, monitor: monitor)
    case .minres(let options): try MINRES(options).solve(h, g, monitor: monitor)
    case .neumann(let options, let scale):
      try NeumannSeries(options, scale: scale).solve(h, g, monitor: monitor)
    case .direct(let damping): try DirectSolver(damping: damping).solve(h, g, monitor: monitor)
    case .arnoldi(let solver): try solver.solve(h, g, monitor: monitor)
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
    case .conjugateGradient(let options), .minres(let options):
      let normal = NormalOperator(a, damping: options.damping)
      var inner = options
      inner.damping = 0
      let right = try a.applyTransposed(g)
      var solution: Solution<A.Element>
      if case .minres = self {
        solution = try MINRES(inner).solve(normal, right, monitor: monitor)
      } else {
        solution = try ConjugateGradient(inner).solve(normal, right, monitor: monitor)
      }
      solution.report.damping = options.damping
      solution.report.curvatureProducts += a.productsPerApplication
      return solution
    case .arnoldi(var solver):
      let damping = solver.options.damping
      solver.options.damping = 0
      var solution = try solver.solve(
        NormalOperator(a, damping: damping), try a.applyTransposed(g), monitor: monitor)
      solution.report.damping = damping
      solution.report.curvatureProducts += a.productsPerApplication
      return solution
    }
  }
}

extension Estimator {
  /// The estimate's answer over J for the gradient g (DESIGN: I = −x for one sample, Δ_J = r/(1−r)·x for a group
  /// that is removed).
  /// - Parameters:
  ///   - curvature: H with the weight decay in it, without damping.
  ///   - indices: J, ascending places in θ; all of them for `if`.
  ///   - gradient: g, of θ's length.
  ///   - monitor: sees iterates over J (over all of θ for `pif`).
  /// - Returns: x, of J's length.
  public func solve<H: SymmetricOperator>(
    _ curvature: H, indices: [Int], gradient: [H.Element], solver: SolverChoice,
    monitor: SolveMonitor<H.Element> = SolveMonitor()
  ) throws -> Solution<H.Element> {
    switch self {
    case .gif:
      return try solver.solve(leastSquares: ColumnRestriction(curvature, indices: indices), gradient, monitor)
    case .fif:
      return try solver.solve(
        PrincipalRestriction(curvature, indices: indices), indices.map { gradient[$0] }, monitor)
    case .pif:
      var projected = monitor
      projected.observe = monitor.observe.map { observe in
        { iteration, x in try observe(iteration, indices.map { x[$0] }) }
      }
      var solution = try solver.solve(curvature, gradient, projected)
      solution.x = indices.map { solution.x[$0] }
      return solution
    case .if: return try solver.solve(curvature, gradient, monitor)
    }
  }
}
