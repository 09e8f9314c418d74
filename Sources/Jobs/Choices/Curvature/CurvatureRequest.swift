import JSON
import Network

/// The curvature that a job works with: which matrix, over how many samples, and the solver that inverts it.
public struct CurvatureRequest: Hashable, Sendable {
  public var solver: SolverRequest
  /// δ, or `auto`.
  public var dampingChoice: DampingChoice
  public var matrix: CurvatureKind
  /// The number of samples drawn for the curvature.
  public var samples: SampleCount { didSet { leavesSamplesOpen = false } }
  /// Whether the request leaves `samples` to the size of the network, until `settleSamples`.
  public private(set) var leavesSamplesOpen = false

  /// δ; 0 until an automatic δ is settled. Jobs that allow an automatic δ read it from their
  /// `RankingCurvature`.
  public var damping: Double {
    get { dampingChoice.value ?? 0 }
    set { dampingChoice = .value(newValue) }
  }

  public init(
    solver: SolverRequest, damping: DampingChoice, matrix: CurvatureKind = .hessian,
    samples: SampleCount = .all
  ) {
    self.solver = solver
    dampingChoice = damping
    self.matrix = matrix
    self.samples = samples
  }

  public init(
    solver: SolverRequest, damping: Double = 0, matrix: CurvatureKind = .hessian, samples: SampleCount = .all
  ) {
    self.init(solver: solver, damping: .value(damping), matrix: matrix, samples: samples)
  }

  /// The defaults of jobs that rank samples by their influence, or validate such a ranking.
  public static let ranking: CurvatureRequest = {
    var request = CurvatureRequest(
      solver: SolverRequest(name: .cg), damping: .automatic, matrix: .gaussNewton,
      samples: .count(rankingSamples))
    request.leavesSamplesOpen = true
    return request
  }()

  /// Samples for the curvature of a ranking that keep its job short. Two draws of this size give lists that
  /// share about six of ten samples (scripts/check-defaults.md). So more are taken if they cost little.
  public static let rankingSamples = 2048
  /// The fewest, for very large networks.
  public static let fewestRankingSamples = 256
  /// Multiply-adds of a pass over the curvature's samples. All samples are taken if they cost at most
  /// `whole`. Otherwise as many are taken as cost `cheap`, at least `rankingSamples`, but never more than
  /// cost `most`.
  private static let passOperations = (whole: 3e9, cheap: 8e8, most: 5e10)

  /// Fills in `samples` if the request left them open.
  /// - Parameter network: nil if the architecture does not fit its data set, which is a fault elsewhere.
  mutating func settleSamples(_ network: Architecture?, _ set: CatalogDataset) {
    guard leavesSamplesOpen else { return }
    let each = Double(max(1, network?.multiplyAddsPerSample ?? 1))
    let affordable = max(Self.fewestRankingSamples, Int(Self.passOperations.most / each))
    let wanted = max(Self.rankingSamples, Int(Self.passOperations.cheap / each))
    let count = min(affordable, wanted)
    let isSmall = each * Double(set.trainCount) <= Self.passOperations.whole
    samples = isSmall || count >= set.trainCount ? .all : .count(count)
  }
}

// MARK: - Fields

extension CurvatureRequest {
  /// Of every job that ranks samples.
  static let rankingFields =
    Fields<CurvatureRequest>([
      .member("solver", \.solver, SolverRequest.ofSolves.described(by: Schema.ref("Solver")), "The solver.")
    ]) + rankingMatrix

  /// The same without the solver, which the request has itself.
  static let rankingMatrix = Fields<CurvatureRequest>([
    .member(
      "damping", \.dampingChoice, DampingChoice.numberOrAutomatic,
      "δ, added to the diagonal. `auto`: 1/T for a descent, T the sum of rate/(1 − momentum) over its steps; 0 for a minimiser, "
        + "or as small as rounding allows if there is no weight decay; else a thousandth of the largest eigenvalue. The result's "
        + "`curvature` says which."), matrixField,
    .optional(
      "hessian_samples", \.givenSamples, SampleCount.form,
      standard: "\(rankingSamples); more, up to all, for small networks, fewer for very large ones",
      "Samples drawn for the curvature."),
  ])

  /// Of an update, whose validation score may choose the step of the solver's path.
  static let updateFields =
    Fields<CurvatureRequest>([
      .member(
        "solver", \.solver, SolverRequest.ofUpdates.described(by: Schema.ref("UpdateSolver")), "The solver."),
      dampingField,
    ]) + matrixFields

  /// Of a job without such a score.
  static let plainFields =
    Fields<CurvatureRequest>([
      .member("solver", \.solver, SolverRequest.ofSolves.described(by: Schema.ref("Solver")), "The solver."),
      dampingField,
    ]) + matrixFields

  /// The matrix and its samples.
  static let matrixFields = Fields<CurvatureRequest>([
    matrixField, .member("hessian_samples", \.samples, SampleCount.form, "Samples drawn for the curvature."),
  ])

  private static let dampingField = Field<CurvatureRequest>.member(
    "damping", \.dampingChoice, DampingChoice.number, "δ, added to the diagonal.")

  private static let matrixField = Field<CurvatureRequest>.choice(
    "hessian", \.matrix, "The matrix. `gauss_newton` is positive semidefinite.")

  /// Nil if the request leaves them open.
  private var givenSamples: SampleCount? {
    get { leavesSamplesOpen ? nil : samples }
    set { if let newValue { samples = newValue } }
  }
}
