import Influence
import JSON
import Tensor

/// How one influence update of a model is made: what `remove` and `recover` read, and a cell of `compare`.
public struct UpdateRequest: Hashable, Sendable {
  public enum GradientForm: String, CaseIterable, Sendable {
    /// θ̂ is taken for a minimum, so that only what changes in the data counts.
    case influence
    /// The gradient of the changed risk as it is.
    case newton
  }

  public enum Scales: Hashable, Sendable {
    case auto
    /// Each from the original weights.
    case list([Double])
  }

  /// What steps and scales are chosen by on validation samples.
  public enum Yardstick: String, CaseIterable, Sendable {
    /// The score.
    case accuracy
    /// The same of mean likelihoods instead of accuracies, which few samples tell more finely.
    case likelihood
  }

  public var estimator: Estimator
  public var modificationRatio: Double
  public var selection: SelectionCriterion
  public var curvature: CurvatureRequest
  public var gradientSamples: SampleCount
  public var gradient: GradientForm
  /// How the samples of gradient and curvature are seen.
  public var augment: AugmentationChoice
  public var scales: Scales
  public var yardstick: Yardstick
  /// Scales at which the update is also measured as in the report, for a plot: none of them is chosen by that.
  public var curve: [Double]
  /// How often the update is made, each time from where the last one led.
  public var rounds: Int
  /// Which of them this is.
  var round = 1
  public var seed: Int
  public var requiresConvergence: Bool

  public init(
    estimator: Estimator = .gif, modificationRatio: Double = 0.1, selection: SelectionCriterion = .topOutputs,
    curvature: CurvatureRequest = Self.standardCurvature, gradientSamples: SampleCount = .all,
    gradient: GradientForm = .influence, augment: AugmentationChoice = .standard, scales: Scales = .auto,
    yardstick: Yardstick = .accuracy, curve: [Double] = [], rounds: Int = 1, seed: Int = 0,
    requiresConvergence: Bool = false
  ) {
    self.estimator = estimator
    self.modificationRatio = modificationRatio
    self.selection = selection
    self.curvature = curvature
    self.gradientSamples = gradientSamples
    self.gradient = gradient
    self.augment = augment
    self.scales = scales
    self.yardstick = yardstick
    self.curve = curve
    self.rounds = rounds
    self.seed = seed
    self.requiresConvergence = requiresConvergence
  }

  public static let standardCurvature = CurvatureRequest(
    solver: SolverRequest(iterations: .auto), samples: .count(1024))

  /// The defaults of a removal.
  public static let removal = UpdateRequest()

  /// The defaults of a recovery. One step with the Hessian of a network costs clean accuracy, a point or ten; rounds with the
  /// Gauss–Newton matrix, each kept where held-out samples gain, cost next to none (RESULTS.md).
  public static let recovery: UpdateRequest = {
    var request = UpdateRequest(yardstick: .likelihood, rounds: 5)
    request.curvature.matrix = .gaussNewton
    return request
  }()

  /// Seeds what samples are drawn and how they are augmented: anew for every round, so that what one draw has by chance is
  /// not followed again and again.
  var drawSeed: Int {
    guard round > 1 else { return seed }
    var stream = RandomStream(seed: UInt64(seed), purpose: "round \(round)")
    return Int(stream.next() >> 1)
  }

  /// Whether the step of the solver's path may be chosen by a score, if there is one. Who insists on convergence wants the end
  /// of the path all the same.
  var mayFollowPath: Bool { curvature.solver.iterations == .auto && !requiresConvergence }

  static let standardRatio = 0.1
  public static let mostRounds = 100
  /// The most scales of a curve.
  static let mostPoints = 200
}

extension UpdateRequest {
  /// - Parameter standard: the defaults of the kind.
  static func read(_ reader: FieldReader, default standard: UpdateRequest) -> UpdateRequest {
    var request = readShared(reader, default: standard)
    request.estimator = reader.choice("estimator", default: standard.estimator)
    request.modificationRatio = reader.number(
      "modification_ratio", .positiveShare, default: standard.modificationRatio)
    request.selection = reader.choice("selection", default: standard.selection)
    request.curvature = CurvatureRequest.read(reader, default: standard.curvature)
    request.curve = readScales(reader, "curve", maximumCount: mostPoints) ?? []
    return request
  }

  /// Reads what is not the estimator, the parameters that may change, and the curvature.
  static func readShared(_ reader: FieldReader, default standard: UpdateRequest) -> UpdateRequest {
    UpdateRequest(
      gradientSamples: SampleCount.read(reader, "gradient_samples", default: standard.gradientSamples),
      gradient: reader.choice("gradient", default: standard.gradient),
      augment: AugmentationChoice.read(reader, "augment"), scales: readScales(reader),
      yardstick: reader.choice("choose_by", default: standard.yardstick),
      rounds: reader.integer("rounds", in: 1...mostRounds, default: standard.rounds),
      seed: reader.integer("seed", in: 0...Int.max, default: 0),
      requiresConvergence: reader.flag("require_convergence", default: false))
  }

  private static func readScales(_ reader: FieldReader) -> Scales {
    guard let value = reader.value("scales"), value != "auto" else { return .auto }
    guard value.arrayValue != nil else {
      reader.fault("scales", "must be a list of numbers or \"auto\", got \(FieldReader.brief(value))")
      return .auto
    }
    if value.arrayValue?.isEmpty ?? false { reader.fault("scales", "must have at least one number") }
    return .list(readScales(reader, "scales", maximumCount: 1000) ?? [])
  }

  private static func readScales(_ reader: FieldReader, _ name: String, maximumCount: Int) -> [Double]? {
    let range = NumberRange(from: .including(-1e6), to: .including(1e6))
    return reader.list(name, maximumCount: maximumCount) {
      FieldReader.number($0, range, at: $1, reader.faults)
    }
  }

  /// Checks that the solver fits the estimator, and what depends on the data set.
  func check(_ dataset: CatalogDataset, _ faults: RequestFaults) {
    augment.check(dataset, at: .root.appending("augment"), faults)
    if estimator == .gif, curvature.solver.name == .lissa {
      faults.add(
        "cannot be \"lissa\" for the estimator \"gif\", which is a least-squares problem; use lsmr, cg or neumann",
        at: .root.appending("solver"))
    }
  }

  var members: JSONObject {
    var object: JSONObject = [
      "estimator": .string(estimator.rawValue), "modification_ratio": .number(modificationRatio),
      "selection": .string(selection.rawValue),
    ]
    object = object.merging(curvature.members).merging(sharedMembers)
    object["curve"] = JSONValue(curve)
    return object
  }

  var sharedMembers: JSONObject {
    [
      "gradient_samples": gradientSamples.json, "gradient": .string(gradient.rawValue),
      "augment": augment.json, "scales": scales.json, "choose_by": .string(yardstick.rawValue),
      "rounds": JSONValue(rounds), "seed": JSONValue(seed), "require_convergence": .bool(requiresConvergence),
    ]
  }
}

extension UpdateRequest.Scales {
  var json: JSONValue {
    switch self {
    case .auto: "auto"
    case .list(let list): JSONValue(list)
    }
  }
}
