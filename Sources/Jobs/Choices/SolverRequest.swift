import Influence
import JSON

/// A solver and its options, as a request names them.
public struct SolverRequest: Hashable, Sendable {
  public enum Iterations: Hashable, Sendable {
    /// The solver's own limit.
    case standard
    case count(Int)
    /// The step of the path with the best score on validation samples.
    case auto
  }

  public enum Preconditioner: String, CaseIterable, Sendable { case none, jacobi, nystrom }

  public var name: Name
  public var iterations: Iterations
  /// The relative residual aimed at; nil is the solver's own.
  public var tolerance: Double?
  /// `neumann`, `lissa`: c; nil measures it.
  public var scale: Double?
  /// `lissa`: samples a batch.
  public var batchSize: Int
  /// `lissa`: independent runs that are averaged.
  public var repeats: Int
  /// `lissa`: further rounds on the true residual, at most.
  public var corrections: Int
  /// `arnoldi`: eigenpairs; `cg` preconditioned by `nystrom`: of the approximation.
  public var rank: Int
  /// `arnoldi`: what becomes of the part outside the eigenvectors.
  public var complement: ArnoldiSolver.Complement
  /// `cg`.
  public var preconditioner: Preconditioner
  /// `cg` preconditioned by `jacobi`: random products that estimate the diagonal.
  public var probes: Int

  public init(
    name: Name = .lsmr, iterations: Iterations = .standard, tolerance: Double? = nil, scale: Double? = nil,
    batchSize: Int = 64, repeats: Int = 1, corrections: Int = 10, rank: Int = 50,
    complement: ArnoldiSolver.Complement = .solved, preconditioner: Preconditioner = .none, probes: Int = 100
  ) {
    self.name = name
    self.iterations = iterations
    self.tolerance = tolerance
    self.scale = scale
    self.batchSize = batchSize
    self.repeats = repeats
    self.corrections = corrections
    self.rank = rank
    self.complement = complement
    self.preconditioner = preconditioner
    self.probes = probes
  }
}

extension SolverRequest {
  /// The defaults of `arnoldi` in one place of a request. They are the same whether a request names the
  /// solver or not.
  public struct Eigenpairs: Hashable, Sendable {
    public let rank: Int
    public let complement: ArnoldiSolver.Complement

    /// For test points and updates: exact to the tolerance.
    public static let ofSolves = Eigenpairs(rank: 50, complement: .solved)
    /// For self-influences: one solve a sample would take hours.
    public static let ofSelfInfluence = Eigenpairs(rank: 100, complement: .constant)
  }

  /// A solver with the defaults of its place.
  init(name: Name, _ standardIterations: Iterations, _ eigenpairs: Eigenpairs) {
    self.init(name: name, iterations: name.hasPath ? standardIterations : .standard)
    guard name == .arnoldi else { return }
    rank = eigenpairs.rank
    complement = eigenpairs.complement
  }

  /// A name, or an object with a `name` and the solver's options.
  ///
  /// - Parameters:
  ///   - iterations: of a path solver if the request does not say. A request may say `auto` only if that is
  ///     the default: there must be an update whose validation score chooses the step.
  ///   - eigenpairs: the defaults of `arnoldi`.
  static func form(_ iterations: Iterations, _ eigenpairs: Eigenpairs = .ofSolves) -> Form<SolverRequest> {
    .named(
      Name.allCases.map { name in
        Alternative(
          name.rawValue, SolverRequest(name: name, iterations, eigenpairs),
          name.options(mayBeAuto: iterations == .auto))
      }, name: { $0.name.rawValue }, isBrief: { _ in false })
  }

  public static let ofUpdates = form(.auto)
  public static let ofSolves = form(.standard)
  public static let ofSelfInfluence = form(.standard, .ofSelfInfluence)

  public var json: JSONValue { Self.ofUpdates.write(self) }
}
