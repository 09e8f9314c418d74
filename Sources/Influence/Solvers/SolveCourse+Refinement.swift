import Tensor

/// How one run of a recurrence ended.
enum RunEnd {
  /// Its own residual met the tolerance.
  case tolerance
  case stopped(StopReason)
}

extension SolveCourse {
  /// Runs a recurrence and, where its residual met the tolerance but the true one does not, runs it again on
  /// the true residual (iterative refinement) until the tolerance is met or a run gains less than half.
  ///
  /// - Parameters:
  ///   - run: solves for a correction of `base` from a right-hand side; it counts its steps and products here.
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
