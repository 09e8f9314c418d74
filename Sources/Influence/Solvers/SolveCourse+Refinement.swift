import Tensor

/// How one run of a recurrence ended.
enum RunEnd {
  /// Its own residual met the tolerance.
  case tolerance
  case stopped(StopReason)
}

extension SolveCourse {
  /// Solves (H + δI)x = g by a recurrence with iterative refinement.
  /// - Parameter run: solves for a correction of `base` from a right-hand side. `run` gets ‖g‖, and raises
  ///   `largest` to the largest eigenvalue that it sees.
  static func refine<H: SymmetricOperator>(
    _ solver: any Solver.Type, _ h: H, _ g: [Element], _ options: SolveOptions, defaultLimit: Int,
    _ monitor: SolveMonitor<Element>,
    run: (
      inout Self, DampedOperator<H>, _ rightHandSide: [Element], _ base: [Element], _ size: Double,
      _ largest: inout Double
    ) throws -> (step: [Element], end: RunEnd)
  ) throws -> Solution<Element> where H.Element == Element {
    try requireLength(g.count, h.dimension, "the right-hand side")
    var course = try SolveCourse(
      solver: solver.name, options: options, defaultLimit: defaultLimit,
      defaultTolerance: DefaultTolerance.symmetric(Element.self), monitor: monitor)
    let size = g.norm
    try course.require(size, "the right-hand side")
    if size == 0 {
      course.finishTrivially()
      return Solution(x: g, report: course.report)
    }
    let damped = DampedOperator(h, damping: options.damping)
    var largest = 0.0
    return try course.refine(g, unknowns: g.count) { course, rightHandSide, base in
      try run(&course, damped, rightHandSide, base, size, &largest)
    } measure: { course, x in
      try course.measure(damped, g, x, largestEigenvalue: largest)
    }
  }

  /// Runs a recurrence. If its own residual meets the tolerance but the true residual does not, the
  /// recurrence runs again on the true residual (iterative refinement). This ends if the tolerance is met, or
  /// if a run gains less than half.
  ///
  /// - Parameters:
  ///   - run: solves for a correction of `base` from a right-hand side; it counts its steps and products
  ///     here.
  ///   - measure: the true relative residual of x and the right-hand side of the correction that remains.
  mutating func refine(
    _ rightHandSide: [Element], unknowns: Int,
    run: (inout Self, _ rightHandSide: [Element], _ base: [Element]) throws -> (step: [Element], end: RunEnd),
    measure: (inout Self, _ x: [Element]) throws -> (residual: Double, rightHandSide: [Element])
  ) throws -> Solution<Element> {
    var x = [Element].zeros(unknowns)
    var remaining = rightHandSide
    var residual = Double.infinity
    while true {
      let (step, end) = try run(&self, remaining, x)
      var candidate = step
      candidate.add(1, times: x)
      let measured = try measure(&self, candidate)
      try require(measured.residual, "the residual of the answer")
      if measured.residual >= residual {
        try finish(residual: residual, reason: .stagnation)
        return Solution(x: x, report: report)
      }
      let gained = measured.residual <= residual / 2
      x = candidate
      residual = measured.residual
      remaining = measured.rightHandSide
      if case .stopped(let reason) = end {
        try finish(residual: residual, reason: reason)
        return Solution(x: x, report: report)
      }
      if meets(residual) || !gained || isAtLimit {
        try finish(residual: residual, reason: gained ? .iterationLimit : .stagnation)
        return Solution(x: x, report: report)
      }
    }
  }

  /// The true relative residual ‖g − (H + δI)x‖/‖g‖ and g − (H + δI)x; sets the rounding floor.
  mutating func measure<H: SymmetricOperator>(
    _ h: DampedOperator<H>, _ g: [Element], _ x: [Element], largestEigenvalue: Double
  ) throws -> (residual: Double, rightHandSide: [Element]) where H.Element == Element {
    var remaining = try h.apply(x)
    count(1, of: h)
    remaining.scale(-1, adding: g)
    let size = g.norm
    report.roundingFloor =
      2 * unitRoundoff(Element.self) * (1 + largestEigenvalue * x.norm / size)
    return (remaining.norm / size, remaining)
  }
}
