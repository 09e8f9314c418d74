import Influence

extension CompareRequest {
  public func estimate(_ catalog: any Catalog, _ machine: Machine) throws -> JobEstimate? {
    var work = try Work(target, catalog, machine)
    work.apart(times: Double(repeats)) { work in
      let measured = work.testCount + work.count(of: group)
      // At most, every cell needs a solve of its own.
      guard shared.rounds == 1 else {
        for cell in cells {
          work.makeRounds(update(cell, seed: shared.seed), group)
          work.evaluate(measured)
        }
        return
      }
      let curvature = work.prepare(shared, group)
      for cell in cells {
        work.apart(times: 1) { work in
          work.update(update(cell, seed: shared.seed), curvature)
          work.evaluate(measured)
        }
      }
    }
    return work.estimate
  }
}
