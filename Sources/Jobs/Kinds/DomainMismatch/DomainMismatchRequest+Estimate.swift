import Influence

extension DomainMismatchRequest {
  public func estimate(_ catalog: any Catalog, _ machine: Machine) throws -> JobEstimate? {
    var work = try Work(target, catalog, machine)
    let tests = Double(test.count)
    _ = work.factors(tests, curvature)
    work.score(tests, on: work.trainCount)
    return work.estimate
  }
}
