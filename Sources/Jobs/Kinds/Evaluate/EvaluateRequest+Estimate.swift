extension EvaluateRequest {
  public func estimate(_ catalog: any Catalog, _ machine: Machine) throws -> JobEstimate? {
    guard let model = try catalog.model(of: target) else {
      throw UnknownResource(.model, target.model)
    }
    let name = dataset ?? model.dataset
    guard let set = try catalog.dataset(named: name) else { throw UnknownResource(.dataset, name) }
    var work = try Work(model, set, machine)
    let count =
      switch split {
      case .train: work.trainCount
      case .test: work.testCount
      case .validation: work.heldCount
      }
    // The norm of the risk's gradient needs passes too.
    work.pass(count, times: 4)
    let outputs = count * work.network.outputs
    work.hold(outputs * (work.element + 8) + 16 * count)
    work.leave(outputs * work.element + 8 * count)
    return work.estimate
  }
}
