import Tensor

extension AttackRequest {
  public func estimate(_ catalog: any Catalog, _ machine: Machine) throws -> JobEstimate? {
    var work = try Work(target, catalog, machine)
    work.evaluate(work.testCount)
    work.apart(times: Double(test.count) * Double(iterations)) { work in
      let curvature = work.linearize(work.drawn(self.curvature.samples), matrix: self.curvature.matrix)
      work.solve(self.curvature.solver, curvature, usual: work.rankingSteps(self.curvature.solver))
      // Each training goes from one minimum to the next.
      work.pass(20 * work.trainedCount, times: 3)
    }
    if case .lbfgs(let history, _) = training.optimizer { work.hold(vectors: 2 * Double(history)) }
    return work.estimate
  }
}
