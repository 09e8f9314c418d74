import Tensor

extension ValidateRequest {
  public func estimate(_ catalog: any Catalog, _ machine: Machine) throws -> JobEstimate? {
    var work = try Work(target, catalog, machine, precision: precision)
    work.validate(plan)
    return work.estimate
  }
}
