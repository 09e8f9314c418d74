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

  public let name: Name
  public var iterations: Iterations
  /// The relative residual aimed at; nil is the solver's own.
  public var tolerance: Double?
  /// The named solver with the options that are its own. `choice` adds the limits, the damping and the seed.
  public internal(set) var solver: any Solver

  /// - Parameter solver: nil for the defaults of the options.
  init(name: Name = .lsmr, iterations: Iterations = .standard, solver: (any Solver)? = nil) {
    self.name = name
    self.iterations = iterations
    self.solver = solver ?? name.declaration.standard
  }

  /// A solver with the defaults that updates have.
  public init(ofUpdates name: Name) {
    self.init(name: name, iterations: name.hasPath ? .auto : .standard)
  }

  /// A solver with the defaults that self-influences have. One solve a sample would take hours, so `arnoldi`
  /// is of a higher rank and solves nothing outside of the eigenvectors.
  init(ofSelfInfluence name: Name) {
    self.init(name: name, solver: name == .arnoldi ? ArnoldiSolver(rank: 100, complement: .constant) : nil)
  }

  public static func == (left: SolverRequest, right: SolverRequest) -> Bool {
    left.name == right.name && left.iterations == right.iterations && left.tolerance == right.tolerance
      && AnyHashable(left.solver) == AnyHashable(right.solver)
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(name)
    hasher.combine(iterations)
    hasher.combine(tolerance)
    hasher.combine(AnyHashable(solver))
  }

  /// The solver of a run.
  /// - Parameter pathLimit: the most steps if the path is watched; nil leaves the request's own limit.
  func choice(damping: Double, pathLimit: Int?, seed: UInt64) -> any Solver {
    var options = SolveOptions(tolerance: tolerance, damping: damping)
    switch iterations {
    case .count(let count): options.iterationLimit = count
    case .auto: options.iterationLimit = pathLimit
    case .standard: break
    }
    var solver = solver.seeded(seed)
    solver.options = options
    return solver
  }
}

extension SolverRequest {
  /// For updates, whose validation score may choose a step of the path.
  public static let ofUpdates = form(isAuto: true) { SolverRequest(ofUpdates: $0) }
  public static let ofSolves = form { SolverRequest(name: $0) }
  public static let ofSelfInfluence = form { SolverRequest(ofSelfInfluence: $0) }

  /// A name, or an object with a `name` and the solver's options.
  ///
  /// - Parameters:
  ///   - isAuto: whether path solvers have `auto` iterations by default. A request may say `auto` only then:
  ///     there must be an update whose validation score chooses the step.
  ///   - standard: a solver with the defaults of its place. They are the same whether a request gives a name
  ///     or an object.
  private static func form(
    isAuto: Bool = false, _ standard: (Name) -> SolverRequest
  ) -> Form<SolverRequest> {
    .named(
      Name.allCases.map { Alternative($0.rawValue, standard($0), $0.options(mayBeAuto: isAuto)) },
      name: { $0.name.rawValue }, isBrief: { _ in false })
  }

  public var json: JSONValue { Self.ofUpdates.write(self) }
}
