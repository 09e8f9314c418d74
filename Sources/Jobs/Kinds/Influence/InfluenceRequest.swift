import Influence
import JSON

/// `influence`: how training samples bear on the loss of test points, or each on its own.
public struct InfluenceRequest: JobRequest, Hashable {
  public static let kind = "influence"

  /// What is done to a training sample.
  public enum Effect: String, CaseIterable, Sendable {
    /// Its weight in the risk changes.
    case upweight
    /// Its features change.
    case perturbation
  }

  public var target: ModelReference
  /// Nil where nothing but the self-influence is asked for, or where `factors` settles the points.
  public var test: TestChoice?
  public var train: TrainChoice
  public var effect: Effect
  public var curvature: CurvatureRequest
  /// Whether the self-influence of the training samples is computed.
  public var selfInfluence: Bool
  /// The solver of the self-influence; nil until `resolve` filled it in.
  public var selfSolver: SolverRequest?
  /// The job whose stored factors are used in place of a solve.
  public var factors: String?
  /// Training samples that are named for each test point, at either end.
  public var top: Int
  public var seed: Int
  public var convergence: ConvergenceDemand
  /// The model's data set, known after `resolve`.
  public var dataset = ""

  /// The most bytes of one array of a result.
  public static let mostArtifactBytes = 1 << 30
  /// The most rows of `helpful` and `harmful` in a result.
  public static let mostRows = 200_000

  public init(
    model: String, checkpoint: String? = nil, test: TestChoice? = TestChoice(), train: TrainChoice = .all,
    effect: Effect = .upweight, curvature: CurvatureRequest = .ranking,
    selfInfluence: Bool = false, selfSolver: SolverRequest? = nil, factors: String? = nil, top: Int = 10,
    seed: Int = 0, convergence: ConvergenceDemand = .reliable
  ) {
    target = ModelReference(model: model, checkpoint: checkpoint)
    self.test = test
    self.train = train
    self.effect = effect
    self.curvature = curvature
    self.selfInfluence = selfInfluence
    self.selfSolver = selfSolver
    self.factors = factors
    self.top = top
    self.seed = seed
    self.convergence = convergence
  }

  /// The members that a job with stored factors takes from the job that made them.
  private static let settledByFactors = [
    "test", "solver", "damping", "hessian", "hessian_samples", "self_influence", "self_solver",
  ]

  public static func read(_ reader: FieldReader) -> InfluenceRequest {
    let target = ModelReference.read(reader)
    let factors = reader.text("factors", maximumLength: 64)
    let selfInfluence = reader.flag("self_influence", default: false)
    let hasTest = reader.has("test")
    let test = TestChoice.read(reader)
    let curvature = CurvatureRequest.read(reader, default: .ranking)
    let selfSolver = SelfSolver.read(reader, "self_solver")
    if factors != nil {
      for name in settledByFactors where reader.has(name) {
        if name == "self_influence", !selfInfluence { continue }
        reader.fault(name, "cannot be given with \"factors\": it is that of the job that made them")
      }
    } else if !selfInfluence, reader.has("self_solver") {
      reader.fault("self_solver", "belongs to \"self_influence\", which is not true")
    }
    return InfluenceRequest(
      model: target.model, checkpoint: target.checkpoint,
      test: factors != nil || (selfInfluence && !hasTest) ? nil : test, train: TrainChoice.read(reader),
      effect: reader.choice("influence", default: .upweight), curvature: curvature,
      selfInfluence: selfInfluence, selfSolver: selfInfluence ? selfSolver : nil, factors: factors,
      top: reader.integer("top", in: 0...10_000, default: 10),
      seed: reader.integer("seed", in: 0...Int.max, default: 0),
      convergence: .read(reader))
  }

  public mutating func resolve(_ catalog: any Catalog, _ faults: RequestFaults) throws {
    let source = try factors.map { try factorJob($0, catalog, faults) }
    let model = try target.resolve(catalog, faults)
    dataset = model.dataset
    let set = try catalog.usableDataset(dataset, at: .root.appending("model"), faults)
    train.check(set, at: .root.appending("train"), faults)
    test?.check(set, model, at: .root.appending("test"), faults)
    let network = try? model.network(for: set)
    curvature.settleSamples(network, set)
    let parameters = network?.layout.parameterCount ?? 0
    if let source,
      source.request["model"] != .string(target.model)
        || source.request["checkpoint"]
          != JSONValue(target.checkpoint)
    {
      faults.add(
        "must name a job on the same checkpoint of the same model: that one is on "
          + "\(source.request["checkpoint"]?.stringValue ?? "none") of "
          + "\"\(source.request["model"]?.stringValue ?? "")\"",
        at: .root.appending("factors"))
    }
    if test != nil, curvature.solver.name == .direct, parameters > DirectSolver.defaultDimensionLimit {
      faults.add(
        "cannot be \"direct\" for \(parameters) parameters, at most \(DirectSolver.defaultDimensionLimit); use cg or minres",
        at: .root.appending("solver"))
    }
    if selfInfluence {
      selfSolver = selfSolver ?? SelfSolver.standard(parameters: parameters)
      SelfSolver.check(
        selfSolver, parameters: parameters, at: .root.appending("self_solver"), faults)
    }
    let tests = test?.count ?? source?.result["tests"]?.arrayValue?.count ?? 0
    checkSize(tests, set, parameters: parameters, model.precision == .float32 ? 4 : 8, faults)
  }

  /// The job that made the factors; its checkpoint is this one's where the request names none.
  private mutating func factorJob(
    _ id: String, _ catalog: any Catalog, _ faults: RequestFaults
  ) throws -> CatalogJob {
    guard let job = try catalog.job(id: id) else { throw UnknownResource(.job, id) }
    func fault(_ detail: String) { faults.add(detail, at: .root.appending("factors")) }
    if job.kind != Self.kind {
      fault("must name a job of the kind \"influence\", got one of \"\(job.kind)\"")
    } else if !job.hasSucceeded {
      fault("must name a job that has succeeded; \(id) has not")
    } else if let original = job.request["factors"]?.stringValue {
      fault("must name the job that made the factors, which is \(original)")
    } else if job.result["tests"]?.arrayValue?.isEmpty ?? true {
      fault("must name a job with test points; \(id) has none")
    }
    if target.checkpoint == nil, job.request["model"] == .string(target.model) {
      target.checkpoint = job.request["checkpoint"]?.stringValue
    }
    return job
  }

  /// Refuses what would not fit: the arrays of a result are held as a whole.
  private func checkSize(
    _ tests: Int, _ set: CatalogDataset, parameters: Int, _ elementBytes: Int, _ faults: RequestFaults
  ) {
    let limit = Self.mostArtifactBytes
    func bytes(_ factors: Int...) -> Int {
      factors.reduce(elementBytes) { product, factor in
        let (value, overflow) = product.multipliedReportingOverflow(by: factor)
        return overflow ? .max : value
      }
    }
    let trained = train.count(in: set)
    if effect == .perturbation, tests > 0 {
      let size = set.inputShape.reduce(1, *)
      let needed = bytes(tests, trained, size)
      if needed > limit {
        faults.add(
          "cannot be \"perturbation\" for \(tests) test points, \(trained) training samples and \(size) features: its result "
            + "would have \(needed >> 20) MiB, more than \(limit >> 20); name fewer samples in train",
          at: .root.appending("influence"))
      }
    } else if bytes(tests, trained) > limit {
      faults.add(
        "is too large: \(tests) × \(trained) scores would take \(bytes(tests, trained) >> 20) MiB, more than "
          + "\(limit >> 20); choose fewer points", at: .root.appending("test"))
    }
    if factors == nil, bytes(tests, parameters) > limit {
      faults.add(
        "is too large: \(tests) factors of \(parameters) parameters would take \(bytes(tests, parameters) >> 20) MiB, more "
          + "than \(limit >> 20); choose fewer points", at: .root.appending("test"))
    }
    if tests > 0, 2 * top > Self.mostRows / tests {
      faults.add(
        "must be at most \(Self.mostRows / (2 * tests)) for \(tests) test points, got \(top)",
        at: .root.appending("top"))
    }
  }

  public var members: JSONObject {
    var object = target.members
    object["influence"] = .string(effect.rawValue)
    object["train"] = train.json
    object["top"] = JSONValue(top)
    object["factors"] = JSONValue(factors)
    object["test"] = test?.json ?? .null
    object["self_influence"] = .bool(selfInfluence)
    object["self_solver"] = selfSolver?.json ?? .null
    for member in curvature.members.members { object[member.name] = factors == nil ? member.value : .null }
    object["seed"] = JSONValue(seed)
    object["require_convergence"] = convergence.json
    return object
  }

  public var uses: JobUses { target.uses(dataset) }
}

/// The solver of self-influences in a request.
enum SelfSolver {
  /// Reads a solver; nil where there is none, for `standard` needs to know the network.
  static func read(_ reader: FieldReader, _ name: String) -> SolverRequest? {
    guard reader.has(name) else { return nil }
    return SolverRequest.read(
      reader, name, default: .direct, standardIterations: .standard, eigenpairs: .ofSelfInfluence)
  }

  /// The dense factor as long as it can be had, else the strongest eigenpairs.
  static func standard(parameters: Int) -> SolverRequest {
    SolverRequest(
      name: parameters <= SelfInfluence.directLimit ? .direct : .arnoldi, .standard, .ofSelfInfluence)
  }

  static func check(
    _ solver: SolverRequest?, parameters: Int, at pointer: JSONPointer, _ faults: RequestFaults
  ) {
    if solver?.name == .direct, parameters > SelfInfluence.directLimit {
      faults.add(
        "cannot be \"direct\" for \(parameters) parameters, at most \(SelfInfluence.directLimit); use arnoldi or cg",
        at: pointer)
    }
  }
}
