import Influence
import JSON
import Network

/// `spectrum`: the eigenvalues of largest magnitude of the risk's curvature, over losses and L2 weights.
public struct SpectrumRequest: JobRequest, Hashable {
  public static let kind = "spectrum"

  /// The spectral density by stochastic Lanczos quadrature.
  public struct Density: Hashable, Sendable {
    public var probes: Int
    /// Lanczos steps for each probe.
    public var steps: Int
    /// The number of points of the density.
    public var points: Int
    /// The standard deviation of the Gaussian at each node; nil takes a hundredth of the spectrum's width.
    public var width: Double?

    public init(probes: Int = 10, steps: Int = 80, points: Int = 400, width: Double? = nil) {
      self.probes = probes
      self.steps = steps
      self.points = points
      self.width = width
    }

    static let fields = Fields<Density>([
      .integer("probes", \.probes, 1...1000, "Random starts."),
      .integer("steps", \.steps, 1...1000, "Lanczos steps a probe."),
      .integer("points", \.points, 2...10_000, "Points that the density is given at."),
      .optional(
        "width", \.width, .number(.positive), standard: "a hundredth of the spectrum's width",
        "The standard deviation that each node is widened by."),
    ])
  }

  public var target: ModelReference
  /// The number of eigenvalues.
  public var count: Int
  /// The losses whose curvature is computed, all at the same θ unless `retrains`. `resolve` fills in the
  /// model's own.
  public var losses: [Loss]
  /// Whether the request gave a list. Then arrays have an axis for the losses.
  public var listsLosses: Bool
  /// The λ of the risk; `resolve` fills in the model's own.
  public var l2: [Double]
  /// Whether a model is trained for each loss and λ by the model's recipe. Otherwise λ shifts the spectrum at
  /// one θ.
  public var retrains: Bool
  /// The recipe of the trainings, in place of the model's own.
  public var training: TrainingRecipe?
  public var matrix: CurvatureKind
  public var samples: SampleCount
  /// The largest ‖Hv − λv‖, relative to the largest magnitude; nil takes the solver's own.
  public var tolerance: Double?
  /// The most products for the eigenvalues of one loss.
  public var iterations: Int
  public var density: Density?
  public var seed: Int
  /// The model's data set, known after `resolve`.
  public var dataset = ""

  public static let summary = "Finds the largest-magnitude eigenvalues of the risk's curvature."
  public static let standard = SpectrumRequest(
    target: .none, count: 20, losses: [], listsLosses: false, l2: [], retrains: false, training: nil,
    matrix: .hessian, samples: .count(4096), tolerance: nil, iterations: 2000, density: nil, seed: 0)

  public static let fields = Fields<SpectrumRequest>([
    .part(\.target, ModelReference.fields()), .integer("count", \.count, 1...5000, "Eigenvalues."),
    .optional(
      "loss", \.lossMember, lossForm, standard: "the model's",
      "The losses, all at the same weights unless `retrain` is true."),
    .optional(
      "l2", \.l2Member,
      .oneOrMany(
        .number(.notNegative),
        .list(of: .number(.notNegative), atMost: 1000, empty: "must have at least one number")),
      standard: "the model's weight decay", "λ of the risk, which shifts the spectrum."),
    .flag("retrain", \.retrains, "A model is trained for each loss and `l2`."),
    .optional(
      "training", \.training, TrainingRecipe.member, standard: "the checkpoint's",
      "The recipe, with `retrain`."), .choice("hessian", \.matrix, "The matrix."),
    .member("hessian_samples", \.samples, SampleCount.form, "Samples drawn for the curvature."),
    .optional(
      "tolerance", \.tolerance, .number(NumberRange(from: .excluding(0), to: .excluding(1))),
      standard: "the solver's own", "On ‖Hv − λv‖, relative to the largest magnitude."),
    .integer("iterations", \.iterations, 1...1_000_000, "The most products for one loss."),
    .optional(
      "density", \.density, .object(Density.fields, standard: Density()),
      "The spectral density by stochastic Lanczos quadrature: an object with `probes`, `steps`, `points`, `width`."
    ),
    .seed(\.seed, "Seeds the samples and the probes."),
  ])

  public static let conditions: [JSONValue] = [
    Schema.variant(["retrain": ["const": true]]), Schema.variant(absent: ["training"], flags: ["retrain"]),
  ]

  /// The member `loss`: one loss, or a list. With a list, arrays have an axis for the losses.
  struct LossMember: Hashable, Sendable {
    var list: [Loss]
    var isList: Bool
  }

  private var lossMember: LossMember? {
    get { losses.isEmpty ? nil : LossMember(list: losses, isList: listsLosses) }
    set { (losses, listsLosses) = (newValue?.list ?? [], newValue?.isList ?? false) }
  }

  private var l2Member: [Double]? {
    get { l2.isEmpty ? nil : l2 }
    set { l2 = newValue ?? [] }
  }

  private static let lossForm: Form<LossMember> = {
    let one = Loss.form.described(by: Schema.ref("Loss"))
    let many = Form<[Loss]>.list(
      of: one, atMost: 16, empty: "must name at least one loss",
      repeated: { _ in "must name each loss once" })
    return Form(
      schema: Schema.anyOf(one.schema, many.schema), words: "\(one.words); or a list",
      read: { value, pointer, faults in
        if case .array = value {
          return many.read(value, pointer, faults).map { LossMember(list: $0, isList: true) }
        }
        return one.read(value, pointer, faults).map { LossMember(list: [$0], isList: false) }
      }, write: { $0.isList ? many.write($0.list) : $0.list.first.map(one.write) ?? .null })
  }()

  public mutating func resolve(_ catalog: any Catalog, _ faults: RequestFaults) throws {
    let model = try target.resolve(catalog, faults, needsWeights: !retrains)
    dataset = model.dataset
    let set = try catalog.usableDataset(dataset, at: .root.appending("model"), faults)
    if losses.isEmpty { losses = [model.loss] }
    if l2.isEmpty { l2 = [model.weightDecay] }
    for (index, loss) in losses.enumerated() {
      let place = JSONPointer.root.appending("loss")
      loss.check(set, at: listsLosses ? place.appending(index) : place, faults)
    }
    guard retrains else {
      if training != nil { faults.add("belongs to \"retrain\": true alone", at: .root.appending("training")) }
      return
    }
    training = training ?? model.training
    if var training {
      training.check(set, at: .root.appending("training"), faults)
      training.check(model.network(for: set, faults), of: set, at: .root.appending("training"), faults)
      self.training = training
    } else {
      faults.add(TrainingRecipe.missing(of: model), at: .root.appending("training"))
    }
  }

  public var uses: JobUses { target.uses(dataset) }
}

// MARK: - Estimate

extension SpectrumRequest {
  public func estimate(_ catalog: any Catalog, _ machine: Machine) throws -> JobEstimate? {
    var work = try Work(target, catalog, machine)
    let p = work.network.parameters
    let wanted = min(Double(l2.count > 1 && !retrains ? 2 * count : count), p)
    let vectors = min(p, 2 * wanted + 20)
    let steps = min(Double(density?.steps ?? 0), p)
    work.apart(times: Double(losses.count) * (retrains ? Double(l2.count) : 1)) { work in
      if retrains, let training { work.apart(times: 1) { $0.train(training) } }
      work.hold(vectors: vectors + 2 * wanted + steps)
      work.hold(32 * vectors * vectors)
      let curvature = work.linearize(work.drawn(samples), matrix: matrix)
      work.multiply(curvature, times: min(Double(iterations), 2 * vectors + 20))
      work.multiply(curvature, times: Double(density?.probes ?? 0) * steps)
      work.touch(4 * vectors * vectors)
    }
    work.leave(Double(losses.count * l2.count) * (Double(count) * 8 + Double(density?.points ?? 0) * 16))
    return work.estimate
  }
}
