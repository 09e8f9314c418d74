import Influence
import JSON

// The list of solvers. A new solver has a name, its options, and how it is made. The compiler asks for all
// three.

extension SolverRequest {
  public enum Name: String, CaseIterable, Sendable {
    case lsmr, cg, minres, neumann, direct, lissa, arnoldi

    /// Whether the iterates follow the strong curvature first, so that a step of the path can be chosen.
    public var hasPath: Bool {
      type(of: SolverRequest(name: self).choice(damping: 0, pathLimit: nil, seed: 0)).hasPath
    }
  }
}

extension SolverRequest.Name {
  func options(mayBeAuto: Bool) -> Fields<SolverRequest> {
    let iterations = iterations(mayBeAuto: mayBeAuto)
    let common = [iterations, Self.tolerance]
    switch self {
    case .lsmr, .minres: return Fields(common)
    // Nothing iterates in a dense solve. Both are accepted, so that one request fits every solver.
    case .direct: return Fields([iterations.unwritten, Self.tolerance.unwritten])
    case .cg: return Fields(common + [Self.preconditioner])
    case .neumann: return Fields(common + [Self.scale])
    case .lissa:
      return Fields(
        common + [
          Self.scale, .integer("batch_size", \.batchSize, 1...10_000_000, "Samples of a batch."),
          .integer("repeats", \.repeats, 1...1000, "Independent runs that are averaged."),
          .integer(
            "corrections", \.corrections, 0...1000, "Further rounds on the true residual, at most."),
        ])
    case .arnoldi:
      return Fields(
        common + [
          .integer("rank", \.rank, 1...100_000, "Eigenpairs."),
          .choice(
            "complement", \.complement,
            "Treatment of the part outside the eigenvectors: dropped, divided by a constant, or solved."),
        ])
    }
  }

  private static let tolerance = Field<SolverRequest>.optional(
    "tolerance", \.tolerance, .number(NumberRange(from: .excluding(0), to: .excluding(1))),
    standard: "the solver's own", "The relative residual that ends the solve.")

  private static let scale = Field<SolverRequest>.optional(
    "scale", \.scale, .number(.positive), standard: "measured",
    "c of the series, above half the largest eigenvalue.")

  private static let preconditioner = Field<SolverRequest>.tagged(
    "preconditioner", noun: "preconditioner", \.preconditioner,
    alternatives: [
      (.none, Fields([])),
      (
        .jacobi,
        Fields([
          .integer("probes", \.probes, 1...1_000_000, "Random products that estimate the diagonal.")
        ])
      ),
      (.nystrom, Fields([.integer("rank", \.rank, 1...100_000, "Rank of the approximation.")])),
    ], standard: SolverRequest(name: .cg), "An approximate inverse that shortens the solve.")

  private func iterations(mayBeAuto: Bool) -> Field<SolverRequest> {
    let count = Form<Int>.integer(1...1_000_000)
    let name = self
    let form = Form<SolverRequest.Iterations>(
      schema: mayBeAuto && hasPath ? Schema.anyOf(count.schema, Schema.constant("auto")) : count.schema,
      words: mayBeAuto && hasPath ? "\(count.words), or `auto`" : count.words,
      read: { value, pointer, faults in
        if value == "auto" {
          if name.hasPath, mayBeAuto { return .auto }
          faults.add(
            name.hasPath
              ? "must be an integer: there is no update whose validation score could choose the step"
              : "must be an integer: the solver \"\(name.rawValue)\" has no path of steps to choose from",
            at: pointer)
          return nil
        }
        guard value.doubleValue != nil else {
          faults.add("must be an integer or \"auto\", got \(FieldReader.brief(value))", at: pointer)
          return nil
        }
        return count.read(value, pointer, faults).map(SolverRequest.Iterations.count)
      },
      write: { iterations in
        switch iterations {
        case .standard: .null
        case .count(let count): JSONValue(count)
        case .auto: "auto"
        }
      })
    return .member(
      "iterations", \.iterations, form, standard: mayBeAuto && hasPath ? nil : "the solver's own limit",
      mayBeAuto && hasPath
        ? "The most steps. `auto` takes the step of the path with the best score on validation samples."
        : "The most steps.")
  }
}

// MARK: - Making

extension SolverRequest {
  /// - Parameter pathLimit: the most steps if the path is watched; nil leaves the request's own limit.
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
