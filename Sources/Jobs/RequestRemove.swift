import Influence

/// `remove`: takes a group of training samples out of a model without training it again.
public struct RemoveRequest: JobRequest, Hashable {
  public static let kind = "remove"

  public enum GradientForm: String, CaseIterable, Sendable {
    /// θ̂ is taken for a minimum: r/(1−r)·(ḡ_U + λθ̂).
    case influence
    /// The gradient of the remaining risk as it is.
    case newton
  }

  public enum Scales: Hashable, Sendable {
    case auto
    /// Each from the original weights.
    case list([Double])
  }

  public var target: ModelReference
  public var group: GroupChoice
  public var estimator: Estimator
  public var modificationRatio: Double
  public var selection: SelectionCriterion
  public var curvature: CurvatureRequest
  public var gradientSamples: SampleCount
  public var gradient: GradientForm
  /// Whether the group's own Hessian is taken out of the curvature.
  public var takesGroupOut: Bool
  public var scales: Scales
  public var seed: Int
  public var requiresConvergence: Bool
  /// The model's data set, known after `resolve`.
  public var dataset = ""

  public init(
    model: String, checkpoint: String? = nil, group: GroupChoice, estimator: Estimator = .gif,
    modificationRatio: Double = 0.1, selection: SelectionCriterion = .topOutputs,
    curvature: CurvatureRequest = Self.standardCurvature, gradientSamples: SampleCount = .all,
    gradient: GradientForm = .influence, takesGroupOut: Bool = true, scales: Scales = .auto, seed: Int = 0,
    requiresConvergence: Bool = false
  ) {
    target = ModelReference(model: model, checkpoint: checkpoint)
    self.group = group
    self.estimator = estimator
    self.modificationRatio = modificationRatio
    self.selection = selection
    self.curvature = curvature
    self.gradientSamples = gradientSamples
    self.gradient = gradient
    self.takesGroupOut = takesGroupOut
    self.scales = scales
    self.seed = seed
    self.requiresConvergence = requiresConvergence
  }

  public static let standardCurvature = CurvatureRequest(
    solver: SolverRequest(iterations: .auto), samples: .count(1024))

  public static func read(_ reader: FieldReader) -> RemoveRequest {
    let target = ModelReference.read(reader)
    return RemoveRequest(
      model: target.model, checkpoint: target.checkpoint, group: GroupChoice.read(reader) ?? .poisoned,
      estimator: reader.choice("estimator", default: .gif),
      modificationRatio: reader.number("modification_ratio", .positiveShare, default: 0.1),
      selection: reader.choice("selection", default: .topOutputs),
      curvature: CurvatureRequest.read(reader, default: standardCurvature),
      gradientSamples: SampleCount.read(reader, "gradient_samples", default: .all),
      gradient: reader.choice("gradient", default: .influence),
      takesGroupOut: reader.flag("group_term", default: true), scales: readScales(reader),
      seed: reader.integer("seed", in: 0...Int.max, default: 0),
      requiresConvergence: reader.flag("require_convergence", default: false))
  }

  private static func readScales(_ reader: FieldReader) -> Scales {
    guard let value = reader.value("scales"), value != "auto" else { return .auto }
    guard value.arrayValue != nil else {
      reader.fault("scales", "must be a list of numbers or \"auto\", got \(FieldReader.brief(value))")
      return .auto
    }
    let range = NumberRange(from: .including(-1e6), to: .including(1e6))
    let scales = reader.list("scales", maximumCount: 1000) {
      FieldReader.number($0, range, at: $1, reader.faults)
    }
    if value.arrayValue?.isEmpty ?? false { reader.fault("scales", "must have at least one number") }
    return .list(scales ?? [])
  }

  public mutating func resolve(_ catalog: any Catalog, _ faults: RequestFaults) throws {
    let model = try target.resolve(catalog, faults)
    dataset = model.dataset
    let set = try catalog.usableDataset(dataset, at: .root.appending("model"), faults)
    group.check(set, at: .root, faults)
    if estimator == .gif, curvature.solver.name == .lissa {
      faults.add(
        "cannot be \"lissa\" for the estimator \"gif\", which is a least-squares problem; use lsmr, cg or neumann",
        at: .root.appending("solver"))
    }
  }

  public var members: JSONObject {
    var object = target.members
    object[group.member.name] = group.member.value
    object["estimator"] = .string(estimator.rawValue)
    object["modification_ratio"] = .number(modificationRatio)
    object["selection"] = .string(selection.rawValue)
    object = object.merging(curvature.members)
    object["gradient_samples"] = gradientSamples.json
    object["gradient"] = .string(gradient.rawValue)
    object["group_term"] = .bool(takesGroupOut)
    object["scales"] =
      switch scales {
      case .auto: "auto"
      case .list(let list): JSONValue(list)
      }
    object["seed"] = JSONValue(seed)
    object["require_convergence"] = .bool(requiresConvergence)
    return object
  }

  public var uses: JobUses { target.uses(dataset) }
}
