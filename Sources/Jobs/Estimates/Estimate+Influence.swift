import Influence

extension Work {
  /// Factors of so many targets: their gradients, their solves, and what is kept of both.
  mutating func factors(_ count: Double, _ request: CurvatureRequest) -> CurvatureCost {
    evaluate(testCount)
    pass(count, times: 3)
    let curvature = linearize(drawn(request.samples), matrix: request.matrix)
    solve(request.solver, curvature, count: count, usual: rankingSteps(request.solver))
    // The gradients, the factors, and the bytes of both as they are saved.
    hold(vectors: 4 * count)
    return curvature
  }

  /// Products of every factor with every sample's gradient.
  mutating func score(_ count: Double, on samples: Double) {
    pass(samples, times: 1 + 2 * count)
    hold(2 * count * samples * element)
  }

  mutating func selfInfluence(_ solver: SolverRequest, _ samples: Double, _ curvature: CurvatureCost) {
    let p = network.parameters
    pass(samples, times: 3)
    switch solver.name {
    case .direct:
      multiply(curvature, times: p)
      takeProducts(p * p * p / 3 + samples * p * p)
      hold(3 * 8 * p * p)
    case .arnoldi:
      if solver.complement == .solved {
        solve(solver, curvature, count: samples)
      } else {
        // The eigenpairs, the samples that are solved exactly beside them, and the norms of all gradients.
        solve(solver, curvature)
        multiply(curvature, times: 60 * Self.block(of: solver.complement == .constant ? 32 : 16))
        pass(samples, times: 3)
      }
      takeProducts(samples * p * Double(solver.rank))
    default: solve(solver, curvature, count: samples, usual: rankingSteps(solver))
    }
    hold(32 * samples + 256 * parameterBytes)
  }
}

extension InfluenceRequest {
  public func estimate(_ catalog: any Catalog, _ machine: Machine) throws -> JobEstimate? {
    var work = try Work(target, catalog, machine)
    let samples = Double(train.count(in: work.set))
    var tests = Double(test?.count ?? 0)
    var curvature: CurvatureCost?
    if let factors {
      tests = Double(try catalog.job(id: factors)?.result["tests"]?.arrayValue?.count ?? 0)
      work.hold(vectors: 2 * tests)
    } else if tests > 0 {
      curvature = work.factors(tests, self.curvature)
      work.leave(tests * work.parameterBytes)
    }
    if tests > 0 {
      work.score(tests, on: samples)
      if effect == .perturbation {
        let size = work.set.inputShape.reduce(1.0) { $0 * Double($1) }
        work.pass(samples, times: 4 * tests)
        work.hold(2 * tests * samples * size * work.element)
        work.leave(tests * samples * size * work.element)
      } else {
        work.leave(tests * samples * work.element)
      }
    }
    if selfInfluence, let solver = selfSolver {
      let matrix =
        curvature ?? work.linearize(work.drawn(self.curvature.samples), matrix: self.curvature.matrix)
      work.selfInfluence(solver, samples, matrix)
      work.leave(samples * work.element)
    }
    return work.estimate
  }
}

extension DomainMismatchRequest {
  public func estimate(_ catalog: any Catalog, _ machine: Machine) throws -> JobEstimate? {
    var work = try Work(target, catalog, machine)
    let tests = Double(test.count)
    _ = work.factors(tests, curvature)
    work.score(tests, on: work.trainCount)
    return work.estimate
  }
}

extension MislabeledRequest {
  public func estimate(_ catalog: any Catalog, _ machine: Machine) throws -> JobEstimate? {
    var work = try Work(target, catalog, machine)
    work.evaluate(work.testCount)
    // The order of inspection, and what it goes by.
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
