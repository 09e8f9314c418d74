import Influence
import JSON

/// `mislabeled`: ranks the training samples whose labels are most likely wrong, each with the class it looks
/// like (Koh and Liang 2017, §5.4). If the data set knows its flipped labels, the result also has the share
/// found after inspecting each share.
public struct MislabeledRequest: JobRequest, Hashable {
  public static let kind = "mislabeled"

  /// The value that orders the inspection, from the largest down.
  public enum Method: String, CaseIterable, Sendable {
    case selfInfluence = "self_influence"
    case loss
    /// A random order, for comparison.
    case random
  }

  public var target: ModelReference
  public var method: Method
  /// The curvature of the self-influence. The solver is nil until `resolve` fills it in.
  public var curvature: CurvatureRequest
  public var solver: SolverRequest?
  /// Inspected shares after which the wrong labels found are corrected and the model is trained again. Nil
  /// until `resolve` fills it in.
  public var fixAt: [Double]?
  /// In place of the model's own recipe.
  public var training: TrainingRecipe?
  /// The number of suspects in the result.
  public var top: Int
  public var seed: Int
  public var convergence: ConvergenceDemand
  /// The model's data set, known after `resolve`.
  public var dataset = ""

  /// The fastest of the methods that rank alike (scripts/check-defaults.md).
  public static let standardMethod = Method.loss
  public static let standardTop = 20
  static let standardFixes = [0.1, 0.2, 0.3]

  public init(
    model: String, checkpoint: String? = nil, method: Method = Self.standardMethod,
    curvature: CurvatureRequest = .ranking, solver: SolverRequest? = nil, fixAt: [Double]? = nil,
    training: TrainingRecipe? = nil, top: Int = Self.standardTop, seed: Int = 0,
    convergence: ConvergenceDemand = .reliable
  ) {
    target = ModelReference(model: model, checkpoint: checkpoint)
    self.method = method
    self.curvature = curvature
    self.solver = solver
    self.fixAt = fixAt
    self.training = training
    self.top = top
    self.seed = seed
    self.convergence = convergence
  }

  public static let summary =
    "Looks for flipped labels by self-influence or loss, and trains again with what was found put right."
  public static let details =
    "Ranks the training samples of any classification by how likely their labels are wrong. suspects lists the first top of them "
    + "with the class that each looks like. Where the data set was derived with relabel, curve, area and fixed say what was found."
  public static let standard = MislabeledRequest(model: "")

  public static let fields = Fields<MislabeledRequest>([
    .part(\.target, ModelReference.fields()),
    .choice("method", \.method, "The measure that samples are ranked by; `random` to compare."),
    .optional(
      "solver", \.solver, SelfSolver.member, standard: SelfSolver.standardWords,
      "The solver of the self-influence."), .part(\.curvature, CurvatureRequest.rankingMatrix),
    .optional(
      "fix_at", \.fixAt, .list(of: .number(.positiveShare), atMost: 20),
      standard: "0.1, 0.2 and 0.3 if the set was derived by `relabel`",
      "Inspected shares after which the model is trained again with what was found put right."),
    .optional("training", \.training, TrainingRecipe.member, standard: "the checkpoint's", "The recipe."),
    .integer("top", \.top, 0...10_000, "Suspects that the result lists."),
    .seed(\.seed, "Seeds the samples that are drawn."), ConvergenceDemand.field(\.convergence),
  ])

  public mutating func resolve(_ catalog: any Catalog, _ faults: RequestFaults) throws {
    let model = try target.resolve(catalog, faults)
    dataset = model.dataset
    let set = try catalog.usableDataset(dataset, at: .root.appending("model"), faults)
    guard case .classes = set.targets else {
      faults.add(
        "must be a model that names classes: the data set \"\(set.name)\" has \(set.targets.words), "
          + "so samples have no label to be wrong", at: .root.appending("model"))
      return
    }
    let fixes = fixAt ?? (set.relabelledCount > 0 ? Self.standardFixes : [])
    fixAt = fixes
    if set.relabelledCount == 0, !fixes.isEmpty {
      faults.add(
        "belongs to data sets whose true labels are known: \"\(set.name)\" was not derived with relabel; leave it out",
        at: .root.appending("fix_at"))
    }
    guard let network = model.network(for: set, faults) else { return }
    curvature.settleSamples(network, set)
    if method == .selfInfluence {
      let parameters = network.layout.parameterCount
      solver = solver ?? SelfSolver.standard(parameters: parameters)
      SelfSolver.check(solver, parameters: parameters, at: .root.appending("solver"), faults)
    }
    if var training {
      training.check(set, at: .root.appending("training"), faults)
      training.check(network, of: set, at: .root.appending("training"), faults)
      self.training = training
      // The new training uses the same samples as the inspection.
      self.training = training.onSamples(of: model)
    } else if let own = model.training {
      training = own
    } else if !fixes.isEmpty {
      faults.add(
        TrainingRecipe.missing(of: model) + "; or give an empty fix_at", at: .root.appending("training"))
    }
  }

  public var uses: JobUses { target.uses(dataset) }
}

// MARK: - Estimate

extension MislabeledRequest {
  public func estimate(_ catalog: any Catalog, _ machine: Machine) throws -> JobEstimate? {
    var work = try Work(target, catalog, machine)
    work.evaluate(work.testCount)
    // The order of inspection, and the values that sort it.
    work.leave(16 * work.trainedCount)
    switch method {
    case .random: break
    case .loss: work.evaluate(work.trainedCount)
    case .selfInfluence:
      guard let solver else { break }
      let matrix = work.linearize(work.drawn(curvature.samples), matrix: curvature.matrix)
      work.selfInfluence(solver, work.trainedCount, matrix)
    }
    guard let training, let fixAt, !fixAt.isEmpty else { return work.estimate }
    work.apart(times: Double(fixAt.count)) { $0.train(training) }
    return work.estimate
  }
}
