import Influence

extension TrajectoryRequest {
  public func estimate(_ catalog: any Catalog, _ machine: Machine) throws -> JobEstimate? {
    var work = try Work(target, catalog, machine)
    let steps = max(1, min(Double(Self.mostSteps), work.count(of: group) / Double(max(1, step))))
    let free = Double(
      parameters.reduce(0) { sum, choice in
        if case .tensor(_, let indices) = choice { sum + indices.count } else { sum + 1 }
      })
    let curvature = work.linearize(work.drawn(self.curvature.samples), matrix: self.curvature.matrix)
    // The optimum is found by Newton steps on the free parameters.
    _ = work.linearize(work.drawn(self.curvature.samples), matrix: self.curvature.matrix)
    work.multiply(curvature, times: steps * min(free, 1000) * 2)
    work.apart(times: steps * Double(max(1, estimators.count) * max(1, modes.count))) {
      $0.solve(self.curvature.solver, curvature, productsAStep: 2, columns: free)
    }
    work.hold(8 * 4 * free * free + steps * free * 8 * 10)
    work.leave(steps * free * 8 * Double(max(1, estimators.count) * max(1, modes.count) + 1))
    return work.estimate
  }
}
