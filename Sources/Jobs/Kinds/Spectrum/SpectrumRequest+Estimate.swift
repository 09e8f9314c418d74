import Influence

extension SpectrumRequest {
  public func estimate(_ catalog: any Catalog, _ machine: Machine) throws -> JobEstimate? {
    var work = try Work(target, catalog, machine)
    let p = work.network.parameters
    let wanted = min(Double(l2.count > 1 && !retrains ? 2 * count : count), p)
    let vectors = min(p, 2 * wanted + 20)
    let steps = min(Double(density?.steps ?? 0), p)
    work.apart(times: Double(losses.count) * (retrains ? Double(l2.count) : 1)) { work in
      if retrains, let training { work.apart(times: 1) { $0.train(training) } }
      work.hold(vectors: vectors + 2 * wanted + steps)
      work.hold(32 * vectors * vectors)
      let curvature = work.linearize(work.drawn(samples), matrix: matrix)
      work.multiply(curvature, times: min(Double(iterations), 2 * vectors + 20))
      work.multiply(curvature, times: Double(density?.probes ?? 0) * steps)
      work.touch(4 * vectors * vectors)
    }
    work.leave(Double(losses.count * l2.count) * (Double(count) * 8 + Double(density?.points ?? 0) * 16))
    return work.estimate
  }
}
