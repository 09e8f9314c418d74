import Tensor

/// The bookkeeping that all iterations share: history, products, callbacks and the verdict at the end.
struct SolveCourse<Element: Scalar> {
  var report: SolveReport
  let limit: Int
  let monitor: SolveMonitor<Element>
  /// Whether the caller chose the tolerance. Then a residual at the rounding floor does not meet it.
  let isStrict: Bool

  init(
    solver: String, options: SolveOptions, defaultLimit: Int, defaultTolerance: Double,
    monitor: SolveMonitor<Element>
  ) throws {
    try options.validate()
    report = SolveReport(
      solver: solver, tolerance: options.tolerance ?? defaultTolerance, damping: options.damping)
    limit = options.iterationLimit ?? defaultLimit
    isStrict = options.tolerance != nil
    self.monitor = monitor
  }

  var tolerance: Double { report.tolerance }
  /// The target of a recurrence: half the tolerance, since rounding makes its residual differ from the true
  /// one.
  var target: Double { report.tolerance / 2 }
  var isAtLimit: Bool { report.iterations >= limit }

  /// Counts `applications` of an operator.
  mutating func count<A: LinearOperator>(_ applications: Int, of operation: A) {
    report.curvatureProducts += applications * operation.productsPerApplication
  }

  /// Throws if a number is infinite or NaN.
  func require(_ value: Double, _ quantity: String) throws {
    if !value.isFinite {
      throw SolveError.nonFinite(
        solver: report.solver, iteration: report.iterations, quantity: quantity)
    }
  }

  /// Notes one step. Returns true if the watcher wants to stop. `iterate` is called only if there is a
  /// watcher.
  mutating func step(residual: Double, iterate: () -> [Element]) throws -> Bool {
    report.iterations += 1
    report.residualHistory.append(residual)
    try require(residual, "the residual")
    try monitor.progress?(
      SolveProgress(iteration: report.iterations, limit: limit, relativeResidual: residual))
    guard let observe = monitor.observe else { return false }
    return try observe(report.iterations, iterate()) == .stop
  }

  /// Whether a true residual is as small as requested.
  func meets(_ residual: Double) -> Bool {
    report.meets(residual, isStrict: isStrict)
  }

  /// Completes the report with the verdict on the true residual.
  mutating func finish(residual: Double, reason: StopReason?) throws {
    report.relativeResidual = residual
    try require(residual, "the residual of the answer")
    report.converged = meets(residual)
    report.reason = report.converged ? nil : (reason ?? .stagnation)
  }

  /// Completes the report for a right-hand side of zeros, whose answer is zero.
  mutating func finishTrivially() {
    report.relativeResidual = 0
    report.converged = true
  }
}
