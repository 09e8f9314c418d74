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

  /// Reads a name, or an object with a `name` and the solver's options.
  ///
  /// - Parameters:
  ///   - standardIterations: of a path solver where the request says nothing. Only where that is `auto` may the
  ///     request say so: there must be an update whose validation score chooses the step.
  ///   - eigenpairs: the defaults of `arnoldi`.
  static func read(
    _ reader: FieldReader, _ name: String, default standard: Name, standardIterations: Iterations,
    eigenpairs: Eigenpairs = .ofSolves
  ) -> SolverRequest {
    let found = reader.value(name).flatMap {
      read(
        $0, at: reader.pointer.appending(name), reader.faults, standardIterations: standardIterations,
        eigenpairs: eigenpairs)
    }
    return found ?? SolverRequest(name: standard, standardIterations, eigenpairs)
  }

  /// A solver with the defaults of its place.
  init(name: Name, _ standardIterations: Iterations, _ eigenpairs: Eigenpairs) {
    self.init(name: name, iterations: name.hasPath ? standardIterations : .standard)
    guard name == .arnoldi else { return }
    rank = eigenpairs.rank
    complement = eigenpairs.complement
  }

  /// Reads a solver by itself; nil where it has no valid name.
  static func read(
    _ value: JSONValue, at pointer: JSONPointer, _ faults: RequestFaults, standardIterations: Iterations,
    eigenpairs: Eigenpairs = .ofSolves
  ) -> SolverRequest? {
    guard case .object = value else {
      return FieldReader.choice(value, Name.self, at: pointer, faults).map {
        SolverRequest(name: $0, standardIterations, eigenpairs)
      }
    }
    let options = FieldReader(value, at: pointer, faults: faults)
    // Without a valid name nobody knows which options belong here.
    guard options.requiredValue("name") != nil, let chosen = options.choice("name", Name.self) else {
      return nil
    }
    var solver = SolverRequest(name: chosen, standardIterations, eigenpairs)
    solver.iterations =
      readIterations(options, chosen, mayBeAuto: standardIterations == .auto) ?? solver.iterations
    solver.tolerance = options.number("tolerance", NumberRange(from: .excluding(0), to: .excluding(1)))
    switch chosen {
    case .lsmr, .minres, .direct: break
    case .cg: solver.readPreconditioner(options)
    case .neumann: solver.scale = options.number("scale", .positive)
    case .lissa:
      solver.scale = options.number("scale", .positive)
      solver.batchSize = options.integer("batch_size", in: 1...10_000_000, default: 64)
      solver.repeats = options.integer("repeats", in: 1...1000, default: 1)
      solver.corrections = options.integer("corrections", in: 0...1000, default: 10)
    case .arnoldi:
      solver.rank = options.integer("rank", in: 1...100_000, default: eigenpairs.rank)
      solver.complement = options.choice("complement", default: eigenpairs.complement)
    }
    options.finish()
    return solver
  }

  private mutating func readPreconditioner(_ options: FieldReader) {
    preconditioner = options.choice("preconditioner", default: .none)
    if preconditioner == .nystrom {
      rank = options.integer("rank", in: 1...100_000, default: 50)
    } else if options.has("rank") {
      options.fault("rank", "belongs to the preconditioner \"nystrom\" alone")
    }
    if preconditioner == .jacobi {
      probes = options.integer("probes", in: 1...1_000_000, default: 100)
    } else if options.has("probes") {
      options.fault("probes", "belongs to the preconditioner \"jacobi\" alone")
    }
  }

  private static func readIterations(
    _ options: FieldReader, _ name: Name, mayBeAuto: Bool
  ) -> Iterations? {
    guard let value = options.value("iterations") else { return nil }
    if value == "auto" {
      if name.hasPath, mayBeAuto { return .auto }
      if name.hasPath {
        options.fault(
          "iterations", "must be an integer: there is no update whose validation score could choose the step")
        return nil
      }
      options.fault(
        "iterations",
        "must be an integer: the solver \"\(name.rawValue)\" has no path of steps to choose from")
      return nil
    }
    guard value.doubleValue != nil else {
      options.fault("iterations", "must be an integer or \"auto\", got \(FieldReader.brief(value))")
      return nil
    }
    return options.integer("iterations", in: 1...1_000_000).map(Iterations.count)
  }

  public var json: JSONValue {
    var object: JSONObject = ["name": .string(name.rawValue)]
    guard name != .direct else { return .object(object) }
    object["iterations"] =
      switch iterations {
      case .standard: .null
      case .count(let count): JSONValue(count)
      case .auto: "auto"
      }
    object["tolerance"] = JSONValue(tolerance)
    switch name {
    case .lsmr, .minres, .direct: break
    case .cg:
      object["preconditioner"] = .string(preconditioner.rawValue)
      switch preconditioner {
      case .none: break
      case .jacobi: object["probes"] = JSONValue(probes)
      case .nystrom: object["rank"] = JSONValue(rank)
      }
    case .neumann: object["scale"] = JSONValue(scale)
    case .lissa:
      object["scale"] = JSONValue(scale)
      object["batch_size"] = JSONValue(batchSize)
      object["repeats"] = JSONValue(repeats)
      object["corrections"] = JSONValue(corrections)
    case .arnoldi:
      object["rank"] = JSONValue(rank)
      object["complement"] = .string(complement.rawValue)
    }
    return .object(object)
  }
}
