/// The curvature that a job works with: which matrix, over how many samples, and the solver that inverts it.
public struct CurvatureRequest: Hashable, Sendable {
  public enum Matrix: String, CaseIterable, Sendable {
    case hessian
    /// The generalised Gauss–Newton matrix: positive semidefinite.
    case gaussNewton = "gauss_newton"
  }

  public var solver: SolverRequest
  /// δ, or who settles it.
  public var dampingChoice: DampingChoice
  public var matrix: Matrix
  /// How many are drawn for it.
  public var samples: SampleCount

  /// δ; 0 as long as an automatic one is not settled. Jobs that may have an automatic one read it from their
  /// `RankingCurvature`, which is settled.
  public var damping: Double {
    get { dampingChoice.value ?? 0 }
    set { dampingChoice = .value(newValue) }
  }

  public init(
    solver: SolverRequest, damping: DampingChoice, matrix: Matrix = .hessian, samples: SampleCount = .all
  ) {
    self.solver = solver
    dampingChoice = damping
    self.matrix = matrix
    self.samples = samples
  }

  public init(
    solver: SolverRequest, damping: Double = 0, matrix: Matrix = .hessian, samples: SampleCount = .all
  ) {
    self.init(solver: solver, damping: .value(damping), matrix: matrix, samples: samples)
  }

  /// Of every job that ranks samples by their influence, or validates such a ranking.
  public static let ranking = CurvatureRequest(
    solver: SolverRequest(name: .cg), damping: .automatic, matrix: .gaussNewton,
    samples: .count(rankingSamples))

  /// More change a top-10 list no longer (RESULTS.md, "Defaults").
  public static let rankingSamples = 2048

  /// Reads `solver`, `damping`, `hessian` and `hessian_samples`.
  /// - Parameters:
  ///   - standard: what a request that says nothing gets.
  ///   - readsSolver: whether `solver` is that of this curvature; otherwise the caller reads it.
  static func read(
    _ reader: FieldReader, default standard: CurvatureRequest, readsSolver: Bool = true
  ) -> CurvatureRequest {
    CurvatureRequest(
      solver: readsSolver && reader.has("solver")
        ? SolverRequest.read(
          reader, "solver", default: standard.solver.name, standardIterations: standard.solver.iterations)
        : standard.solver,
      damping: DampingChoice.read(reader, "damping", default: standard.dampingChoice),
      matrix: reader.choice("hessian", default: standard.matrix),
      samples: SampleCount.read(reader, "hessian_samples", default: standard.samples))
  }

  var members: JSONObject {
    [
      "solver": solver.json, "damping": dampingChoice.json, "hessian": .string(matrix.rawValue),
      "hessian_samples": samples.json,
    ]
  }
}
