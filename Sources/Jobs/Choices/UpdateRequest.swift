import Influence
import JSON
import Tensor

/// How one influence update of a model is made: the request of `remove` and `recover`, and a cell of
/// `compare`.
public struct UpdateRequest: Hashable, Sendable {
  public enum GradientForm: String, CaseIterable, Sendable {
    /// θ̂ is taken for a minimum, so only the change of the data counts.
    case influence
    /// The gradient of the changed risk is taken as it is.
    case newton
  }

  public enum Scales: Hashable, Sendable {
    case auto
    /// Each from the original weights.
    case list([Double])
  }

  /// The measure on validation samples that chooses steps and scales.
  public enum Yardstick: String, CaseIterable, Sendable {
    /// The score from accuracies.
    case accuracy
    /// The score from mean likelihoods, which few samples resolve more finely.
    case likelihood
  }

  public var estimator: Estimator = .gif
  public var modificationRatio = Self.standardRatio
  public var selection: SelectionCriterion = .topOutputs
  public var curvature = CurvatureRequest(
    solver: SolverRequest(ofUpdates: .lsmr), samples: .count(1024))
  public var gradientSamples: SampleCount = .all
  public var gradient: GradientForm = .influence
  /// How the samples of gradient and curvature are seen.
  public var augment: AugmentationChoice = .standard
  public var scales: Scales = .auto
  public var yardstick: Yardstick = .accuracy
  /// Scales at which the update is also measured for a plot, as in the report. They take no part in the
  /// choice of a scale.
  public var curve: [Double] = []
  /// How often the update is made. Each round begins where the last one ended.
  public var rounds = 1
  /// The number of this round, from 1.
  var round = 1
  public var seed = 0
  public var requiresConvergence = false

  /// The defaults of a removal.
  public static let removal = UpdateRequest()

  /// The defaults of a recovery. One step with the Hessian of a network costs 1 to 10 points of clean
  /// accuracy. Rounds with the Gauss–Newton matrix cost next to none, if each is kept only on a gain on
  /// held-out samples (scripts/check-defaults.md).
  public static let recovery: UpdateRequest = {
    var request = UpdateRequest(yardstick: .likelihood, rounds: 5)
    request.curvature.matrix = .gaussNewton
    return request
  }()

  /// The seed of the samples drawn and of their augmentation. It is new in every round, so that the accidents
  /// of one draw are not followed again and again.
  var drawSeed: Int {
    guard round > 1 else { return seed }
    var stream = RandomStream(seed: UInt64(seed), purpose: "round \(round)")
    return Int(stream.next() >> 1)
  }

  /// Whether the step of the solver's path may be chosen by a score, if there is one. With
  /// `require_convergence` the solver always runs to the end of its path.
  var mayFollowPath: Bool { curvature.solver.iterations == .auto && !requiresConvergence }

  static let standardRatio = 0.1
  public static let mostRounds = 100
  /// The most scales of a curve.
  static let mostPoints = 200
}

extension UpdateRequest {
  /// Of `remove` and `recover`.
  static let fields =
    Fields<UpdateRequest>([
      .choice("estimator", \.estimator, "The method."),
      .number(
        "modification_ratio", \.modificationRatio, .positiveShare, "Share of parameters that may change."),
      .choice("selection", \.selection, "The rule that picks those parameters."),
      .part(\.curvature, CurvatureRequest.updateFields),
    ]) + sharedFields
    + Fields([
      .member(
        "curve", \.curve, .list(of: scale, atMost: mostPoints),
        "Scales at which the update is also measured on the test split. None of them is chosen.")
    ])

  /// The members that are not the estimator, the parameters that may change, and the curvature.
  static let sharedFields = Fields<UpdateRequest>([
    .member("gradient_samples", \.gradientSamples, SampleCount.form, "Samples drawn for the gradient."),
    .choice(
      "gradient", \.gradient,
      "`influence` takes the weights for a minimum. `newton` takes the gradient of the changed risk as it is."
    ),
    .member(
      "augment", \.augment, AugmentationChoice.form,
      "Random changes of the samples of gradient and curvature, each once. `as_trained` is as the checkpoint's recipe does; "
        + "`[]` leaves samples as they are."),
    .member(
      "scales", \.scales, scales,
      "Factors of the update that are tried, each from the original weights. `auto` looks for the best."),
    .choice(
      "choose_by", \.yardstick,
      "The measure on validation samples that chooses steps and scales: the score, or the same of mean likelihoods instead of "
        + "accuracies, which few samples tell more finely."),
    .integer(
      "rounds", \.rounds, 1...mostRounds, "Updates one after the other, each from where the last one led."),
    .seed(\.seed, "Seeds the samples that are drawn and their augmentation."),
    .flag(
      "require_convergence", \.requiresConvergence,
      "The job fails if the solver misses its tolerance. The solver then always runs to the end of its path."),
  ])

  private static let scale = Form<Double>.number(NumberRange(from: .including(-1e6), to: .including(1e6)))

  private static let scales = Form<Scales>.word(
    "auto", .auto,
    or: Form<[Double]>.list(of: scale, atMost: 1000, empty: "must have at least one number").map(
      Scales.list, { if case .list(let list) = $0 { list } else { [] } }),
    unless: "must be a list of numbers or \"auto\"", isOther: { $0.arrayValue != nil })

  /// Checks that the solver fits the estimator. Also checks everything that depends on the data set.
  func check(_ dataset: CatalogDataset, _ faults: RequestFaults) {
    augment.check(dataset, at: .root.appending("augment"), faults)
    if estimator == .gif, curvature.solver.name == .lissa {
      faults.add(
        "cannot be \"lissa\" for the estimator \"gif\", which is a least-squares problem; use lsmr, cg or neumann",
        at: .root.appending("solver"))
    }
  }
}
