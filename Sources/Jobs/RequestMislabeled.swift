import Influence

/// `mislabeled`: looks for flipped labels by inspecting training samples in an order, and says how many are found in which
/// share (Koh and Liang 2017, §5.4).
public struct MislabeledRequest: JobRequest, Hashable {
  public static let kind = "mislabeled"

  /// What the samples are inspected by, from the largest down.
  public enum Method: String, CaseIterable, Sendable {
    case selfInfluence = "self_influence"
    case loss
    /// The order that guessing gives.
    case random
  }

  public var target: ModelReference
  public var method: Method
  /// Of the self-influence; the solver is nil until `resolve` filled it in.
  public var curvature: CurvatureRequest
  public var solver: SolverRequest?
  /// Inspected shares after each of which the labels that were found wrong are put right and the model is trained again.
  public var fixAt: [Double]
  /// In place of the model's own recipe.
  public var training: TrainingRecipe?
  public var seed: Int
  /// The model's data set, known after `resolve`.
  public var dataset = ""

  public init(
    model: String, checkpoint: String? = nil, method: Method = .selfInfluence,
    curvature: CurvatureRequest = CurvatureRequest(solver: SolverRequest(name: .direct)),
    solver: SolverRequest? = nil,
    fixAt: [Double] = [0.1, 0.2, 0.3], training: TrainingRecipe? = nil, seed: Int = 0
  ) {
    target = ModelReference(model: model, checkpoint: checkpoint)
    self.method = method
    self.curvature = curvature
    self.solver = solver
    self.fixAt = fixAt
    self.training = training
    self.seed = seed
  }

  public static func read(_ reader: FieldReader) -> MislabeledRequest {
    let target = ModelReference.read(reader)
    let curvature = CurvatureRequest.read(
      reader, default: CurvatureRequest(solver: SolverRequest(name: .direct)))
    let fixAt = reader.list("fix_at", maximumCount: 20) {
      FieldReader.number($0, .positiveShare, at: $1, reader.faults)
    }
    let training = reader.nested("training").map { nested in
      let recipe = TrainingRecipe.read(nested)
      nested.finish()
      return recipe
    }
    return MislabeledRequest(
      model: target.model, checkpoint: target.checkpoint,
      method: reader.choice("method", default: .selfInfluence), curvature: curvature,
      solver: reader.has("solver") ? curvature.solver : nil, fixAt: fixAt ?? [0.1, 0.2, 0.3],
      training: training, seed: reader.integer("seed", in: 0...Int.max, default: 0))
  }

  public mutating func resolve(_ catalog: any Catalog, _ faults: RequestFaults) throws {
    let model = try target.resolve(catalog, faults)
    dataset = model.dataset
    let set = try catalog.usableDataset(dataset, at: .root.appending("model"), faults)
    if set.relabelledCount == 0 {
      faults.add(
        "must have a data set with flipped labels: \"\(set.name)\" has none; derive one with relabel",
        at: .root.appending("model"))
    }
    if method == .selfInfluence {
      let parameters = (try? model.network(for: set))?.layout.parameterCount ?? 0
      solver = solver ?? SelfSolver.standard(parameters: parameters)
      SelfSolver.check(solver, parameters: parameters, at: .root.appending("solver"), faults)
    }
    if let training {
      training.check(set, at: .root.appending("training"), faults)
      training.check(try? model.network(for: set), at: .root.appending("training"), faults)
      // What was inspected is what is trained on again.
      self.training = training.onSamples(of: model)
    } else if let own = model.training {
      training = own
    } else if !fixAt.isEmpty {
      faults.add(
        TrainingRecipe.missing(of: model) + "; or give an empty fix_at", at: .root.appending("training"))
    }
  }

  public var members: JSONObject {
    var object = target.members
    object["method"] = .string(method.rawValue)
    for member in curvature.members.members { object[member.name] = member.value }
    object["solver"] = solver?.json ?? .null
    object["fix_at"] = JSONValue(fixAt)
    object["training"] = training?.json ?? .null
    object["seed"] = JSONValue(seed)
    return object
  }

  public var uses: JobUses { target.uses(dataset) }
}
