extension RetrainRequest {
  public func estimate(_ catalog: any Catalog, _ machine: Machine) throws -> JobEstimate? {
    var work = try Work(target, catalog, machine)
    if let training { work.train(training) }
    work.leaveCheckpoint()
    return work.estimate
  }
}
