import Influence
import JSON

/// `influence`: the effect of training samples on the loss of test points, or of each sample on its own loss.
public struct InfluenceRequest: JobRequest, Hashable {
  public static let kind = "influence"

  /// The change of a training sample.
  public enum Effect: String, CaseIterable, Sendable {
    /// Its weight in the risk changes.
    case upweight
    /// Its features change.
    case perturbation
  }

  public var target: ModelReference
  /// Nil if only the self-influence is computed, or if `factors` decides the points.
  public var test: TestChoice?
  public var train: TrainChoice
  public var effect: Effect
  public var curvature: CurvatureRequest
  /// Whether the self-influence of the training samples is computed.
  public var selfInfluence: Bool
  /// The solver of the self-influence; nil until `resolve` fills it in.
  public var selfSolver: SolverRequest?
  /// The job whose stored factors are used in place of a solve.
  public var factors: String?
  /// The number of training samples listed for each test point, at either end.
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

  /// The members that a job with stored factors takes over from the job that made the factors.
  private static let settledByFactors = [
    "test", "solver", "damping", "hessian", "hessian_samples", "self_influence", "self_solver",
  ]

  public static let summary =
    "Scores training samples by their influence on the loss of test points, or on their own."
  public static let details =
    "Scores +∇ℓ(test)ᵀ(H + δI)⁻¹∇ℓ(train). effect, beside each score, is the estimated change of the test loss if the training "
    + "sample is left out, in units of the loss: positive where the sample helps. It is scale · score + offset with the numbers "
    + "of the test's effect, so that scores.npy gives the effects of all samples. With self_influence, test may be absent."
  public static let standard = InfluenceRequest(model: "")

  public static let fields = Fields<InfluenceRequest>([
    .part(\.target, ModelReference.fields()),
    .choice(
      "influence", \.effect, "`upweight`: the sample's weight changes. `perturbation`: its features change."),
    .member("train", \.train, TrainChoice.form, "The training samples that are scored."),
    .integer("top", \.top, 0...10_000, "Training samples that are named for each test point, at either end."),
    .optional(
      "factors", \.factors, .id,
      "A job of this kind whose factors are used again. `test`, `solver`, `damping`, `hessian` and `hessian_samples` are then "
        + "that job's."),
    .optional(
      "test", \.test, TestChoice.form(), standard: "the sample of highest loss",
      "The points whose loss is explained."),
    .flag("self_influence", \.selfInfluence, "The influence of each training sample on its own loss."),
    .optional(
      "self_solver", \.selfSolver, SelfSolver.member, standard: SelfSolver.standardWords,
      "The solver of the self-influence."), .part(\.curvature, CurvatureRequest.rankingFields),
    .seed(\.seed, "Seeds the samples that are drawn."), ConvergenceDemand.field(\.convergence),
  ])

  public static let conditions: [JSONValue] = [
    Schema.variant(["self_influence": ["const": true]], absent: ["factors"]),
    Schema.variant(absent: ["factors", "self_solver"], flags: ["self_influence"]),
    Schema.variant(
      ["factors": Schema.id], absent: settledByFactors.filter { $0 != "self_influence" },
      flags: ["self_influence"]),
  ]

  public mutating func settle(_ reader: FieldReader) {
    if factors != nil {
      for name in Self.settledByFactors where reader.has(name) {
        if name == "self_influence", !selfInfluence { continue }
        reader.fault(name, "cannot be given with \"factors\": it is that of the job that made them")
      }
    } else if !selfInfluence, reader.has("self_solver") {
      reader.fault("self_solver", "belongs to \"self_influence\", which is not true")
    }
    if factors != nil || (selfInfluence && !reader.has("test")) { test = nil }
    if !selfInfluence { selfSolver = nil }
  }

  public var members: JSONObject {
    var object = Self.fields.write(self)
    if factors != nil {
      for name in ["solver", "damping", "hessian", "hessian_samples"] { object[name] = .null }
    }
    return object
  }

  public mutating func resolve(_ catalog: any Catalog, _ faults: RequestFaults) throws {
    let source = try factors.map { try factorJob($0, catalog, faults) }
    let model = try target.resolve(catalog, faults)
    dataset = model.dataset
    let set = try catalog.usableDataset(dataset, at: .root.appending("model"), faults)
    train.check(set, at: .root.appending("train"), faults)
    test?.check(set, model, at: .root.appending("test"), faults)
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
    guard let network = model.network(for: set, faults) else { return }
    if effect == .perturbation { network.checkInputsMayChange(model.name, faults) }
    curvature.settleSamples(network, set)
    let parameters = network.layout.parameterCount
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

  /// The job that made the factors. If the request names no checkpoint, the checkpoint of that job is used.
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

  /// Refuses a result that is too large. Its arrays are held in memory as a whole.
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

  public var uses: JobUses { target.uses(dataset) }
}

// MARK: - Estimate

extension InfluenceRequest {
  public func estimate(_ catalog: any Catalog, _ machine: Machine) throws -> JobEstimate? {
    var work = try Work(target, catalog, machine)
    let samples = Double(train.count(in: work.set))
    var tests = Double(test?.count ?? 0)
    var curvature: CurvatureCost?
    if let factors {
      tests = Double(try catalog.job(id: factors)?.result["tests"]?.arrayValue?.count ?? 0)
      work.hold(vectors: 2 * tests)
    } else if tests > 0 {
      curvature = work.factors(tests, self.curvature)
      work.leave(tests * work.parameterBytes)
    }
    if tests > 0 {
      work.score(tests, on: samples)
      if effect == .perturbation {
        let size = work.set.inputShape.reduce(1.0) { $0 * Double($1) }
        work.pass(samples, times: 4 * tests)
        work.hold(2 * tests * samples * size * work.element)
        work.leave(tests * samples * size * work.element)
      } else {
        work.leave(tests * samples * work.element)
      }
    }
    if selfInfluence, let solver = selfSolver {
      let matrix =
        curvature ?? work.linearize(work.drawn(self.curvature.samples), matrix: self.curvature.matrix)
      work.selfInfluence(solver, samples, matrix)
      work.leave(samples * work.element)
    }
    return work.estimate
  }
}
