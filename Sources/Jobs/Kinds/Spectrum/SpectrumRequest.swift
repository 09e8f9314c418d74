import JSON

/// `spectrum`: the eigenvalues of largest magnitude of the risk's curvature, over losses and L2 weights.
public struct SpectrumRequest: JobRequest, Hashable {
  public static let kind = "spectrum"

  /// The spectral density by stochastic Lanczos quadrature.
  public struct Density: Hashable, Sendable {
    public var probes: Int
    /// Lanczos steps a probe.
    public var steps: Int
    /// Points that the density is given at.
    public var points: Int
    /// The standard deviation that each node is widened by; nil takes a hundredth of the spectrum's width.
    public var width: Double?

    public init(probes: Int = 10, steps: Int = 80, points: Int = 400, width: Double? = nil) {
      self.probes = probes
      self.steps = steps
      self.points = points
      self.width = width
    }
  }

  public var target: ModelReference
  /// How many eigenvalues.
  public var count: Int
  /// The losses whose curvature is looked at, all at the same θ unless `retrains`; `resolve` fills in the model's own.
  public var losses: [LossChoice]
  /// Whether the request gave a list, so that arrays have an axis for it.
  public var listsLosses: Bool
  /// The λ of the risk; `resolve` fills in the model's own.
  public var l2: [Double]
  /// Whether a model is trained for each loss and λ, by the model's recipe; otherwise λ shifts the spectrum at one θ.
  public var retrains: Bool
  /// In place of the model's own recipe, where models are trained.
  public var training: TrainingRecipe?
  public var matrix: CurvatureRequest.Matrix
  public var samples: SampleCount
  /// On ‖Hv − λv‖, relative to the largest magnitude; nil is the solver's own.
  public var tolerance: Double?
  /// The most products for the eigenvalues of one loss.
  public var iterations: Int
  public var density: Density?
  public var seed: Int
  /// The model's data set, known after `resolve`.
  public var dataset = ""

  public static func read(_ reader: FieldReader) -> SpectrumRequest {
    let target = ModelReference.read(reader)
    let losses = readLosses(reader)
    let training = reader.nested("training").map { nested in
      let recipe = TrainingRecipe.read(nested)
      nested.finish()
      return recipe
    }
    return SpectrumRequest(
      target: target, count: reader.integer("count", in: 1...5000, default: 20), losses: losses.list,
      listsLosses: losses.isList, l2: readWeights(reader),
      retrains: reader.flag("retrain", default: false), training: training,
      matrix: reader.choice("hessian", default: .hessian),
      samples: SampleCount.read(reader, "hessian_samples", default: .count(4096)),
      tolerance: reader.number("tolerance", NumberRange(from: .excluding(0), to: .excluding(1))),
      iterations: reader.integer("iterations", in: 1...1_000_000, default: 2000),
      density: readDensity(reader), seed: reader.integer("seed", in: 0...Int.max, default: 0))
  }

  private static func readLosses(_ reader: FieldReader) -> (list: [LossChoice], isList: Bool) {
    guard let value = reader.value("loss") else { return ([], false) }
    guard case .array(let elements) = value else {
      return (
        LossChoice.read(value, at: reader.pointer.appending("loss"), reader.faults).map { [$0] } ?? [], false
      )
    }
    if elements.isEmpty { reader.fault("loss", "must name at least one loss") }
    let losses = reader.list("loss", maximumCount: 16) { LossChoice.read($0, at: $1, reader.faults) } ?? []
    if Set(losses).count != losses.count { reader.fault("loss", "must name each loss once") }
    return (losses, true)
  }

  private static func readWeights(_ reader: FieldReader) -> [Double] {
    guard let value = reader.value("l2") else { return [] }
    guard case .array(let elements) = value else {
      return reader.number("l2", .notNegative).map { [$0] } ?? []
    }
    if elements.isEmpty { reader.fault("l2", "must have at least one number") }
    return reader.list("l2", maximumCount: 1000) {
      FieldReader.number($0, .notNegative, at: $1, reader.faults)
    } ?? []
  }

  private static func readDensity(_ reader: FieldReader) -> Density? {
    guard let options = reader.nested("density") else { return nil }
    defer { options.finish() }
    return Density(
      probes: options.integer("probes", in: 1...1000, default: 10),
      steps: options.integer("steps", in: 1...1000, default: 80),
      points: options.integer("points", in: 2...10_000, default: 400),
      width: options.number("width", .positive))
  }

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
      training.check(try? model.network(for: set), of: set, at: .root.appending("training"), faults)
      self.training = training
    } else {
      faults.add(TrainingRecipe.missing(of: model), at: .root.appending("training"))
    }
  }

  public var members: JSONObject {
    var object = target.members
    object["count"] = JSONValue(count)
    object["loss"] = listsLosses ? .array(losses.map(\.json)) : losses.first?.json ?? .null
    object["l2"] = l2.isEmpty ? .null : JSONValue(l2)
    object["retrain"] = .bool(retrains)
    object["training"] = training?.json ?? .null
    object["hessian"] = .string(matrix.rawValue)
    object["hessian_samples"] = samples.json
    object["tolerance"] = JSONValue(tolerance)
    object["iterations"] = JSONValue(iterations)
    object["density"] = density?.json ?? .null
    object["seed"] = JSONValue(seed)
    return object
  }

  public var uses: JobUses { target.uses(dataset) }
}

extension SpectrumRequest.Density {
  var json: JSONValue {
    [
      "probes": JSONValue(probes), "steps": JSONValue(steps), "points": JSONValue(points),
      "width": JSONValue(width),
    ]
  }
}
