import Influence
import JSON

extension SolverRequest {
  /// The solvers, in the order of the contract.
  public enum Name: String, CaseIterable, Sendable {
    case lsmr, cg, minres, neumann, direct, lissa, arnoldi
  }
}

extension SolverRequest.Name {
  /// The solver with the defaults of its options, and the fields of the options that are its own.
  var declaration: SolverDeclaration {
    switch self {
    case .lsmr: SolverDeclaration(LSMR())
    case .cg: SolverDeclaration(ConjugateGradient(), [Self.preconditioner])
    case .minres: SolverDeclaration(MINRES())
    case .neumann: SolverDeclaration(NeumannSeries(), [Self.scale(\.scale)])
    case .direct: SolverDeclaration(DirectSolver(), iterates: false)
    case .lissa:
      SolverDeclaration(
        LiSSA(),
        [
          Self.scale(\.scale), .integer("batch_size", \.batchSize, 1...10_000_000, "Samples of a batch."),
          .integer("repeats", \.repeats, 1...1000, "Independent runs that are averaged."),
          .integer(
            "corrections", \.corrections, 0...1000, "Further rounds on the true residual, at most."),
        ])
    case .arnoldi:
      SolverDeclaration(
        ArnoldiSolver(),
        [
          .integer("rank", \.rank, 1...100_000, "Eigenpairs."),
          .choice(
            "complement", \.complement,
            "Treatment of the part outside the eigenvectors: dropped, divided by a constant, or solved."),
        ])
    }
  }

  private static func scale<Owner: Solver>(_ path: Field<Owner>.Path<Double?>) -> Field<Owner> {
    .optional(
      "scale", path, .number(.positive), standard: "measured",
      "c of the series, above half the largest eigenvalue.")
  }

  private static let preconditioner = Field<ConjugateGradient>.tagged(
    "preconditioner", noun: "preconditioner", \.preconditioning.name,
    alternatives: [
      (.none, Fields([])),
      (
        .jacobi,
        Fields([
          .integer(
            "probes", \.preconditioning.probes, 1...1_000_000, "Random products that estimate the diagonal.")
        ])
      ),
      (
        .nystrom,
        Fields([.integer("rank", \.preconditioning.rank, 1...100_000, "Rank of the approximation.")])
      ),
    ], standard: ConjugateGradient(), "An approximate inverse that shortens the solve.")
}
