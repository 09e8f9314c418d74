import JSON

/// A solver and its options, as a request names them.
public struct SolverRequest: Hashable, Sendable {
  public enum Name: String, CaseIterable, Sendable {
    case lsmr, cg, minres, neumann, direct, lissa, arnoldi

    /// Whether the iterates follow the strong curvature first, so that a step of the path can be chosen.
    public var hasPath: Bool {
      switch self {
      case .lsmr, .cg, .minres, .neumann: true
      case .direct, .lissa, .arnoldi: false
      }
    }
  }

  public enum Iterations: Hashable, Sendable {
    /// The solver's own limit.
    case standard
    case count(Int)
    /// The step of the path with the best score on validation samples.
    case auto
  }

  public enum Complement: String, CaseIterable, Sendable { case dropped, constant, solved }

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
  public var complement: Complement
  /// `cg`.
  public var preconditioner: Preconditioner
  /// `cg` preconditioned by `jacobi`: random products that estimate the diagonal.
  public var probes: Int

  public init(
    name: Name = .lsmr, iterations: Iterations = .standard, tolerance: Double? = nil, scale: Double? = nil,
    batchSize: Int = 64, repeats: Int = 1, corrections: Int = 10, rank: Int = 50,
    complement: Complement = .solved, preconditioner: Preconditioner = .none, probes: Int = 100
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
  /// The defaults of `arnoldi` where a solver stands: they are the same whether a request names the solver or not.
  public struct Eigenpairs: Hashable, Sendable {
    public let rank: Int
    public let complement: Complement

    /// Of solves for test points and updates: exact to the tolerance.
    public static let ofSolves = Eigenpairs(rank: 50, complement: .solved)
    /// Of self-influences: one solve a sample would take hours.
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
  ///   - iterations: of a path solver if the request does not say. A request may say `auto` only if that is the default:
  ///     there must be an update whose validation score chooses the step.
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

// MARK: - The options of each solver

extension SolverRequest.Name {
  fileprivate func options(mayBeAuto: Bool) -> Fields<SolverRequest> {
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
