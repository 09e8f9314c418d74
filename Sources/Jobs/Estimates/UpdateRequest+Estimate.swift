import Influence

extension UpdateRequest {
  func estimate(
    _ target: ModelReference, _ group: GroupChoice?, _ catalog: any Catalog, _ machine: Machine
  ) throws -> JobEstimate {
    var work = try Work(target, catalog, machine)
    work.makeRounds(self, group)
    // The model before and after the update, the reference, and the curve.
    work.evaluate(Double(3 + curve.count) * (work.testCount + work.count(of: group)))
    work.leaveCheckpoint()
    return work.estimate
  }
}
