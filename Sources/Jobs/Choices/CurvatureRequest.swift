import JSON
import Network

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
  public var samples: SampleCount { didSet { leavesSamplesOpen = false } }
  /// Whether the request leaves `samples` to the size of the network, until `settleSamples`.
  public private(set) var leavesSamplesOpen = false

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
  public static let ranking: CurvatureRequest = {
    var request = CurvatureRequest(
      solver: SolverRequest(name: .cg), damping: .automatic, matrix: .gaussNewton,
      samples: .count(rankingSamples))
    request.leavesSamplesOpen = true
    return request
  }()

  /// Samples for the curvature of a ranking that keep its job short. Two draws of that many give lists that share about six of ten
  /// samples (RESULTS.md, "Defaults"), so more are taken where they cost little.
  public static let rankingSamples = 2048
  /// The fewest, for very large networks.
  public static let fewestRankingSamples = 256
  /// Multiply-adds of a pass over the curvature's samples: all samples are taken where they cost no more than `whole`; else as many
  /// as cost `cheap`, and at least `rankingSamples`; but no more than cost `most`.
  private static let passOperations = (whole: 3e9, cheap: 8e8, most: 5e10)

  /// Fills in `samples` where the request left them open.
  /// - Parameter network: nil where it does not fit its data set, which is a fault elsewhere.
  mutating func settleSamples(_ network: Architecture?, _ set: CatalogDataset) {
    guard leavesSamplesOpen else { return }
    let each = Double(max(1, network?.multiplyAddsPerSample ?? 1))
    let affordable = max(Self.fewestRankingSamples, Int(Self.passOperations.most / each))
    let wanted = max(Self.rankingSamples, Int(Self.passOperations.cheap / each))
    let count = min(affordable, wanted)
    let isSmall = each * Double(set.trainCount) <= Self.passOperations.whole
    samples = isSmall || count >= set.trainCount ? .all : .count(count)
  }

  /// Reads `solver`, `damping`, `hessian` and `hessian_samples`.
  /// - Parameters:
  ///   - standard: what a request that says nothing gets.
  ///   - readsSolver: whether `solver` is that of this curvature; otherwise the caller reads it.
  static func read(
    _ reader: FieldReader, default standard: CurvatureRequest, readsSolver: Bool = true
  ) -> CurvatureRequest {
    var request = CurvatureRequest(
      solver: readsSolver && reader.has("solver")
        ? SolverRequest.read(
          reader, "solver", default: standard.solver.name, standardIterations: standard.solver.iterations)
        : standard.solver,
      damping: DampingChoice.read(reader, "damping", default: standard.dampingChoice),
      matrix: reader.choice("hessian", default: standard.matrix),
      samples: SampleCount.read(reader, "hessian_samples", default: standard.samples))
    request.leavesSamplesOpen = standard.leavesSamplesOpen && !reader.has("hessian_samples")
    return request
  }

  var members: JSONObject {
    [
      "solver": solver.json, "damping": dampingChoice.json, "hessian": .string(matrix.rawValue),
      "hessian_samples": leavesSamplesOpen ? .null : samples.json,
    ]
  }
}
