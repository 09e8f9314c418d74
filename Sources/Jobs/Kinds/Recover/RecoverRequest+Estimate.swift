import Influence

extension RecoverRequest {
  public func estimate(_ catalog: any Catalog, _ machine: Machine) throws -> JobEstimate? {
    try update.estimate(target, group, catalog, machine)
  }
}
