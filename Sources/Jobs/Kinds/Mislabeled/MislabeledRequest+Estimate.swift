import Influence

extension MislabeledRequest {
  public func estimate(_ catalog: any Catalog, _ machine: Machine) throws -> JobEstimate? {
    var work = try Work(target, catalog, machine)
    work.evaluate(work.testCount)
    // The order of inspection, and the values that sort it.
    work.leave(16 * work.trainedCount)
    switch method {
    case .random: break
    case .loss: work.evaluate(work.trainedCount)
    case .selfInfluence:
      guard let solver else { break }
      let matrix = work.linearize(work.drawn(curvature.samples), matrix: curvature.matrix)
      work.selfInfluence(solver, work.trainedCount, matrix)
    }
    guard let training, let fixAt, !fixAt.isEmpty else { return work.estimate }
    work.apart(times: Double(fixAt.count)) { $0.train(training) }
    return work.estimate
  }
}
