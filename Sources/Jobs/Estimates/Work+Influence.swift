import Influence

extension Work {
  /// Factors of `count` targets: their gradients, their solves, and the memory of both.
  mutating func factors(_ count: Double, _ request: CurvatureRequest) -> CurvatureCost {
    evaluate(testCount)
    pass(count, times: 3)
    let curvature = linearize(drawn(request.samples), matrix: request.matrix)
    solve(request.solver, curvature, count: count, usual: rankingSteps(request.solver))
    // The gradients, the factors, and the saved bytes of both.
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
    switch solver.solver {
    case is DirectSolver:
      multiply(curvature, times: p)
      takeProducts(p * p * p / 3 + samples * p * p)
      hold(3 * 8 * p * p)
    case let arnoldi as ArnoldiSolver:
      if arnoldi.complement == .solved {
        solve(solver, curvature, count: samples)
      } else {
        // The eigenpairs, the samples that are solved exactly as a check, and the norms of all gradients.
        solve(solver, curvature)
        multiply(curvature, times: 60 * Self.block(of: arnoldi.complement == .constant ? 32 : 16))
        pass(samples, times: 3)
      }
      takeProducts(samples * p * Double(arnoldi.rank))
    default: solve(solver, curvature, count: samples, usual: rankingSteps(solver))
    }
    hold(32 * samples + 256 * parameterBytes)
  }
}
