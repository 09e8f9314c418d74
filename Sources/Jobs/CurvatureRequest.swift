/// The curvature that a job works with: which matrix, over how many samples, and the solver that inverts it.
public struct CurvatureRequest: Hashable, Sendable {
  public enum Matrix: String, CaseIterable, Sendable {
    case hessian
    /// The generalised Gauss–Newton matrix: positive semidefinite.
    case gaussNewton = "gauss_newton"
  }

  public var solver: SolverRequest
  /// δ.
  public var damping: Double
  public var matrix: Matrix
  /// How many are drawn for it.
  public var samples: SampleCount

  public init(
    solver: SolverRequest, damping: Double = 0, matrix: Matrix = .hessian, samples: SampleCount = .all
  ) {
    self.solver = solver
    self.damping = damping
    self.matrix = matrix
    self.samples = samples
  }

  /// Reads `solver`, `damping`, `hessian` and `hessian_samples`.
  /// - Parameters:
  ///   - standard: what a request that says nothing gets.
  static func read(_ reader: FieldReader, default standard: CurvatureRequest) -> CurvatureRequest {
    CurvatureRequest(
      solver: reader.has("solver")
        ? SolverRequest.read(
          reader, "solver", default: standard.solver.name, standardIterations: standard.solver.iterations)
        : standard.solver,
      damping: reader.number("damping", .notNegative, default: standard.damping),
      matrix: reader.choice("hessian", default: standard.matrix),
      samples: SampleCount.read(reader, "hessian_samples", default: standard.samples))
  }

  var members: JSONObject {
    [
      "solver": solver.json, "damping": .number(damping), "hessian": .string(matrix.rawValue),
      "hessian_samples": samples.json,
    ]
  }
}
