import Tensor

extension SweepRequest {
  public func estimate(_ catalog: any Catalog, _ machine: Machine) throws -> JobEstimate? {
    guard let set = try catalog.dataset(named: dataset) else { throw UnknownResource(.dataset, dataset) }
    var sum = JobEstimate(memoryBytes: 0, seconds: 0, resultBytes: 0)
    for architecture in architectures {
      let model = CatalogModel(
        name: "sweep", dataset: dataset, architecture: architecture, precision: precision, loss: loss,
        weightDecay: 0, seed: 0, training: plan.training)
      var work = try Work(model, set, machine)
      if let training = plan.training { work.train(training) }
      work.validate(plan)
      let one = work.estimate
      sum.seconds += one.seconds * Double(weightDecays.count * seeds.count)
      if one.memoryBytes > sum.memoryBytes {
        (sum.memoryBytes, sum.batchBytes) = (one.memoryBytes, one.batchBytes)
      }
    }
    return sum
  }
}
