import Influence

extension InfluenceRequest {
  public func estimate(_ catalog: any Catalog, _ machine: Machine) throws -> JobEstimate? {
    var work = try Work(target, catalog, machine)
    let samples = Double(train.count(in: work.set))
    var tests = Double(test?.count ?? 0)
    var curvature: CurvatureCost?
    if let factors {
      tests = Double(try catalog.job(id: factors)?.result["tests"]?.arrayValue?.count ?? 0)
      work.hold(vectors: 2 * tests)
    } else if tests > 0 {
      curvature = work.factors(tests, self.curvature)
      work.leave(tests * work.parameterBytes)
    }
    if tests > 0 {
      work.score(tests, on: samples)
      if effect == .perturbation {
        let size = work.set.inputShape.reduce(1.0) { $0 * Double($1) }
        work.pass(samples, times: 4 * tests)
        work.hold(2 * tests * samples * size * work.element)
        work.leave(tests * samples * size * work.element)
      } else {
        work.leave(tests * samples * work.element)
      }
    }
    if selfInfluence, let solver = selfSolver {
      let matrix =
        curvature ?? work.linearize(work.drawn(self.curvature.samples), matrix: self.curvature.matrix)
      work.selfInfluence(solver, samples, matrix)
      work.leave(samples * work.element)
    }
    return work.estimate
  }
}
