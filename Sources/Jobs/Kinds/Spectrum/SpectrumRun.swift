import Influence
import JSON
import Network
import Tensor

/// Eigenvalues of the curvature of a model's risk, for several losses and L2 weights.
///
/// A part has eigenvalues of its own. If λ only shifts the spectrum of one θ, each loss is a part. If a model
/// is trained for each, every pair of a loss and a λ is a part. Finished parts are kept, and an interrupted
/// run continues after them.
struct SpectrumRun: PreciseRun {
  let request: SpectrumRequest
  let environment: JobEnvironment

  var target: ModelReference { request.target }

  private struct Part {
    let loss: Loss
    let l2: [Double]
  }

  private var parts: [Part] {
    request.losses.flatMap { loss in
      request.retrains
        ? request.l2.map { Part(loss: loss, l2: [$0]) } : [Part(loss: loss, l2: request.l2)]
    }
  }

  private static var stage: String { "spectra" }

  func run<Element: Scalar>(
    _ model: LoadedModel<Element>, _ context: any JobContext, _ compute: Compute
  ) throws -> JSONValue {
    var start: NetworkState<Element>?
    if !request.retrains {
      guard let checkpoint = request.target.checkpoint else {
        throw JobFailure(.missing, "The model \(model.record.name) has no checkpoint.")
      }
      start = try model.state(checkpoint, environment.catalog)
    }
    let parts = parts
    var spectra = try finished(context)
    for place in spectra.count..<max(spectra.count, parts.count) {
      let part = parts[place]
      let span = Double(place) / Double(parts.count)...Double(place + 1) / Double(parts.count)
      let own = PartContext(
        context, name: "part \(place)", span: span,
        title: parts.count == 1 ? "" : "\(part.loss.shortName), part \(place + 1) of \(parts.count)")
      spectra.append(.array(try self.spectra(of: part, model, start, own, compute)))
      try context.saveResumeState(Self.stage, JSONWriter.bytes(.array(spectra)))
    }
    var rows = spectra.flatMap { $0.arrayValue ?? [] }.compactMap(\.objectValue)
    try writeArtifacts(rows, context)
    for index in rows.indices { rows[index]["density_values"] = nil }
    let samples = samples(model)
    var result: JSONObject = [
      "checkpoint": JSONValue(request.retrains ? nil : request.target.checkpoint),
      "parameters": JSONValue(model.layout.parameterCount), "hessian": .string(request.matrix.rawValue),
      "samples": ["hessian": JSONValue(samples.count)], "spectra": .array(rows.map(JSONValue.object)),
      "warnings": JSONValue(Self.warnings(rows)),
    ]
    if let start, let checkpoint = request.target.checkpoint {
      try CheckpointCaution(
        checkpoint, start, model, training: model.partition().training, environment.catalog, compute
      ).add(to: &result)
    }
    return .object(result)
  }

  /// The spectra that an earlier attempt saved, a list for each part.
  private func finished(_ context: any JobContext) throws -> [JSONValue] {
    guard let bytes = try context.resumeState(Self.stage) else { return [] }
    guard let saved = try? JSONParser.parse(bytes), let list = saved.arrayValue, list.count <= parts.count
    else {
      throw JobFailure(.corrupt, "The saved state of the spectrum is not what was saved.")
    }
    return list
  }

  private func samples<Element: Scalar>(_ model: LoadedModel<Element>) -> [Int] {
    let partition = model.partition(recipe: request.retrains ? request.training : nil)
    return request.samples.draw(of: partition.training, "hessian samples", seed: request.seed)
  }

  private func spectra<Element: Scalar>(
    of part: Part, _ model: LoadedModel<Element>, _ start: NetworkState<Element>?, _ context: PartContext,
    _ compute: Compute
  ) throws -> [JSONValue] {
    let model = model.with(
      loss: part.loss, weightDecay: request.retrains ? part.l2[0] : model.weightDecay)
    var metrics: JSONValue = .null
    var told: [String] = []
    let state: NetworkState<Element>
    if let start {
      state = start
    } else {
      let trained = try train(model, PartContext(context, name: "train", span: 0...0.7), compute)
      state = trained.state
      metrics = trained.metrics
      told = trained.warnings
    }
    let measured = PartContext(context, name: "measure", span: request.retrains ? 0.7...1 : 0...1)
    let places = samples(model)
    guard !places.isEmpty else {
      throw JobFailure(.unacceptable, "The model \(model.record.name) was not trained on any sample.")
    }
    measured.progress(0, phase: "linearize", detail: "\(places.count) samples")
    let samples = model.dataset.train.samples(places)
    let gradient = try model.network.gradient(state, on: samples, loss: model.loss, compute: compute).gradient
    guard gradient.isFinite else {
      throw JobFailure(
        .nonFinite, "The gradient of the risk is infinite or NaN.",
        advice: "Look at the weights; the training has probably diverged.")
    }
    let basis = try basisLimit(model.layout.parameterCount, Element.self)
    let curvature = try SampledCurvature(
      network: model.network, state: state, samples: samples, loss: model.loss,
      kind: request.matrix, weightDecay: 0,
      memoryLimit: max(0, environment.memoryLimit - basis.bytes), compute: compute)
    let spectrum = try RiskSpectrum(
      curvature, l2: part.l2, request, basisLimit: basis.vectors, measured)
    let warnings = told + curvature.memoryWarnings(environment)
    return part.l2.map { l2 in
      var slope = gradient
      slope.add(Element(l2), times: state.parameters)
      var row: JSONObject = ["loss": part.loss.json, "l2": .number(l2), "gradient_norm": .number(slope.norm)]
      if request.retrains { row["metrics"] = metrics }
      if !warnings.isEmpty { row["warnings"] = JSONValue(warnings) }
      return .object(row.merging(spectrum.row(l2: l2)))
    }
  }

  private func train<Element: Scalar>(
    _ model: LoadedModel<Element>, _ context: PartContext, _ compute: Compute
  ) throws -> Training<Element>.Outcome {
    guard let recipe = request.training else {
      throw JobFailure(
        .unacceptable, "The model \(model.record.name) has no recipe.", advice: "Give one as training.")
    }
    let training = Training(
      model: model, recipe: recipe, seed: model.record.seed, partition: model.partition(recipe: recipe),
      samples: nil, environment: environment, context: context, compute: compute)
    return try training.run(from: NetworkState(initial: model.layout, seed: UInt64(model.record.seed)))
  }

  /// The number of vectors of a Lanczos run. It must not depend on the memory at hand.
  /// - Throws: `JobFailure.outOfResources` if they do not fit.
  private func basisLimit<Element: Scalar>(
    _ dimension: Int, _: Element.Type
  ) throws -> (vectors: Int, bytes: Int) {
    let wanted = min(request.l2.count > 1 && !request.retrains ? 2 * request.count : request.count, dimension)
    let vectors = min(dimension, 2 * wanted + 20)
    // Wanted vectors are kept apart during the search for more. Further memory holds the run's matrix with
    // its eigenvectors, in `Double`, and the basis of the density.
    let densityVectors = min(request.density?.steps ?? 0, dimension)
    let bytes =
      (vectors + 2 * wanted + densityVectors) * dimension * MemoryLayout<Element>.size + 24 * vectors
      * vectors
    guard bytes < environment.memoryLimit else {
      throw JobFailure(
        .outOfResources,
        "\(request.count) eigenvalues of \(dimension) parameters need \(bytes >> 20) MiB of vectors, and a job may have "
          + "\(environment.memoryLimit >> 20) MiB.", advice: "Ask for fewer, or raise memory_limit.")
    }
    return (vectors, bytes)
  }

  private func writeArtifacts(_ rows: [JSONObject], _ context: any JobContext) throws {
    func numbers(_ name: String) -> [Double] {
      rows.flatMap { $0[name]?.arrayValue ?? [] }.compactMap(\.doubleValue)
    }
    let axes = request.listsLosses ? [request.losses.count, request.l2.count] : [request.l2.count]
    let values = numbers("eigenvalues")
    try context.writeArtifact(
      "eigenvalues.npy", type: .float64, shape: axes + [values.count / max(1, rows.count)]
    ) { sink in try values.withUnsafeBytes { try sink($0) } }
    if let density = request.density {
      let values = numbers("density_values")
      try context.writeArtifact("density.npy", type: .float64, shape: axes + [2, density.points]) { sink in
        try values.withUnsafeBytes { try sink($0) }
      }
    }
  }

  private static func warnings(_ rows: [JSONObject]) -> [String] {
    var warnings: [String] = []
    func add(_ warning: String) { if !warnings.contains(warning) { warnings.append(warning) } }
    for row in rows {
      for warning in row["warnings"]?.arrayValue ?? [] { warning.stringValue.map(add) }
      if row["converged"] == false {
        add("Not every eigenvalue meets the tolerance: allow more iterations or a larger tolerance.")
      }
      if let count = row["uncertain_signs"]?.integerValue, count > 0 {
        add(
          "The sign of some eigenvalues is within their residual; negative_share counts those that are certain."
        )
      }
    }
    return warnings
  }
}

extension Loss {
  /// The usual name of the loss.
  var shortName: String {
    switch self {
    case .softmax: "cross-entropy"
    case .binaryCrossEntropy: "binary cross-entropy"
    case .meanSquaredError: "squared error"
    case .huber: "Huber loss"
    case .poisson: "Poisson loss"
    case .smoothHinge: "hinge"
    }
  }
}

// MARK: - Result

extension SpectrumRequest {
  public static let result = ResultObject([
    .always("checkpoint", .nullable(.id), "The checkpoint that was looked at; null with `retrain`."),
    .always("parameters", .integer(from: 1), unit: "parameters", "The dimension of the matrix."),
    .always("hessian", .choice(CurvatureKind.allCases.map(\.rawValue)), "The matrix."),
    .samples([.hessianSamples]),
    .always("spectra", .list(.object(spectrum)), "A row a loss and a weight of `l2`."),
    .warnings,
    .sometimes(
      ResultMember.checkpointGradient.name, ResultMember.checkpointGradient.type,
      "\(ResultMember.checkpointGradient.meaning) Absent with `retrain`."),
  ])

  private static let spectrum = ResultObject([
    .always("loss", .request("Loss"), "The loss of the risk."),
    .always("l2", .size, "λ of the risk."),
    .always("gradient_norm", .finiteSize, "‖∇R‖ of this risk at the weights."),
    .sometimes("metrics", .object(.trainingMetrics), "With `retrain`: measures of the trained weights."),
    .sometimes("warnings", .list(.text), "What concerns this row alone."),
    .always("eigenvalues", .list(.number), "By falling magnitude."),
    .always("residuals", .list(.finiteSize), "‖Hv − σv‖ of each pair: the eigenvalue is that close."),
    .always("negative_share", .share, "The share of negative eigenvalues, by those whose sign is certain."),
    .always("uncertain_signs", .count, unit: "eigenvalues", "Eigenvalues within their residual of 0."),
    .always("largest", .number, "The largest eigenvalue."),
    .always("smallest", .number, "The smallest eigenvalue."),
    .always(
      "uncertainty",
      .object(
        ResultObject([
          .always("largest", .finiteSize, "Of the largest eigenvalue."),
          .always("smallest", .finiteSize, "Of the smallest."),
        ])), "How close the ends are known."),
    .always("converged", .flag, "Whether every eigenvalue meets the tolerance."),
    .always("reason", .nullable(.choice([StopReason.iterationLimit.rawValue])), "Why not; null if so."),
    .always("products", .count, unit: "products", "Products with the matrix."),
    .sometimes("density", .object(density), "With `density`; its points are in `density.npy`."),
  ])

  private static let density = ResultObject([
    .always("width", .size, "The standard deviation of the kernel."),
    .always("products", .count, unit: "products", "Products with the matrix."),
    .always("negative_mass", .number, "The share of eigenvalues below 0."),
    .always("mean", .number, "The mean eigenvalue."),
  ])
}
