import Influence

extension SolverRequest {
  /// - Parameter pathLimit: the most steps where the path is watched; nil leaves the request's own.
  func choice(damping: Double, pathLimit: Int?, seed: UInt64) -> any Solver {
    var options = SolveOptions(tolerance: tolerance, damping: damping)
    switch iterations {
    case .count(let count): options.iterationLimit = count
    case .auto: options.iterationLimit = pathLimit
    case .standard: break
    }
    switch name {
    case .lsmr: return LSMR(options)
    case .cg: return ConjugateGradient(options, preconditioning: preconditioning(seed))
    case .minres: return MINRES(options)
    case .neumann: return NeumannSeries(options, scale: scale)
    case .direct: return DirectSolver(damping: damping)
    case .lissa:
      return LiSSA(options, repeats: repeats, corrections: corrections, scale: scale, seed: seed)
    case .arnoldi:
      let complement: ArnoldiSolver.Complement =
        switch self.complement {
        case .dropped: .dropped
        case .constant: .constant
        case .solved: .solved
        }
      return ArnoldiSolver(options, rank: rank, complement: complement, seed: seed)
    }
  }

  private func preconditioning(_ seed: UInt64) -> ConjugateGradient.Preconditioning {
    switch preconditioner {
    case .none: .none
    case .jacobi: .jacobi(probes: probes, seed: seed)
    case .nystrom: .nystrom(rank: rank, seed: seed)
    }
  }
}
