import Influence
import JSON
import Network
import Tensor

/// Trains the models of a grid one after the other, in memory, and validates influence on each.
///
/// Finished models are kept as rows. An interrupted run continues after them.
struct SweepRun: JobRun {
  let request: SweepRequest
  let environment: JobEnvironment

  private static var stage: String { "rows" }

  func run(_ context: any JobContext) throws -> JSONValue {
    let models = request.models
    for name in Set(models.map(\.dataset)) { try environment.preload(name, context) }
    var rows = try finished(context, of: models.count)
    for place in rows.count..<models.count {
      let record = models[place]
      let part = PartContext(
        context, name: "model \(place)",
        span: 0.99 * Double(place) / Double(models.count)...0.99 * Double(place + 1) / Double(models.count),
        title: "model \(place + 1) of \(models.count)")
      let cell = SweepCell(record: record, plan: request.plan, environment: environment)
      rows.append(try environment.compute(part) { try cell.run(part, $0) })
      try context.saveResumeState(Self.stage, JSONWriter.bytes(.array(rows)))
    }
    return try result(rows, context)
  }

  /// The rows that an earlier attempt saved.
  private func finished(_ context: any JobContext, of count: Int) throws -> [JSONValue] {
    guard let bytes = try context.resumeState(Self.stage) else { return [] }
    guard let rows = (try? JSONParser.parse(bytes))?.arrayValue, rows.count <= count else {
      throw JobFailure(.corrupt, "The saved state of the sweep is not what was saved.")
    }
    return rows
  }

  /// The columns that the result averages over the seeds, with a standard deviation.
  static let measures: [(name: String, meaning: String)] = [
    ("pearson", "The mean correlation of estimated and retrained changes over reliable test points."),
    ("spearman", "The same of ranks."), ("loss", "The mean loss on training samples."),
    ("test_loss", "The mean loss on the test split."), ("test_accuracy", "The accuracy on the test split."),
    ("gradient_norm", "‖∇R‖ at the trained weights."), ("largest", "The largest eigenvalue of the Hessian."),
    ("smallest", "The smallest eigenvalue of the Hessian."),
  ]

  private func result(_ rows: [JSONValue], _ context: any JobContext) throws -> JSONValue {
    var summary: [JSONValue] = []
    let seeds = request.seeds.count
    for (cell, start) in stride(from: 0, to: rows.count, by: seeds).enumerated() {
      let own = rows[start..<min(start + seeds, rows.count)]
      var row: JSONObject = [
        "architecture": request.architectures[cell / request.weightDecays.count].json,
        "parameters": own.first?["parameters"] ?? .null,
        "weight_decay": .number(request.weightDecays[cell % request.weightDecays.count]),
        "models": JSONValue(own.count),
      ]
      for measure in Self.measures.map(\.name) {
        let values = own.compactMap { $0[measure]?.doubleValue }
        row[measure] = JSONValue(Spread(values)?.mean)
        if seeds > 1 { row["\(measure)_deviation"] = JSONValue(Spread(values)?.deviation ?? nil) }
      }
      summary.append(.object(row))
    }
    // The numbers for a plot: a row for each model, a column for each measure.
    let table = rows.flatMap { row in Self.measures.map { row[$0.name]?.doubleValue ?? .nan } }
    try context.writeArtifact(
      "measures.npy", type: .float64, shape: [rows.count, Self.measures.count]
    ) { sink in try table.withUnsafeBytes { try sink($0) } }
    let warnings = rows.enumerated().flatMap { place, row in
      (row["warnings"]?.arrayValue ?? []).compactMap(\.stringValue).map { "Model \(place + 1): \($0)" }
    }
    return [
      "summary": .array(summary), "measures": JSONValue(Self.measures.map(\.name)),
      "rows": .array(
        rows.map { row in
          guard case .object(var object) = row else { return row }
          object["warnings"] = nil
          return .object(object)
        }), "warnings": JSONValue(warnings),
    ]
  }
}

/// One model of a sweep.
struct SweepCell {
  let record: CatalogModel
  let plan: ValidationPlan
  let environment: JobEnvironment

  func run(_ context: PartContext, _ compute: Compute) throws -> JSONValue {
    try row(record.precision.scalar, context, compute)
  }

  private func row<Element: Scalar>(
    _: Element.Type, _ context: PartContext, _ compute: Compute
  ) throws -> JSONValue {
    let model = try LoadedModel<Element>(record, environment.catalog)
    guard let recipe = plan.training else {
      throw JobFailure(.unacceptable, "The sweep has no recipe.", advice: "Give one as training.")
    }
    let partition = model.partition()
    let trained = try Training(
      model: model, recipe: recipe, seed: record.seed, partition: partition, samples: nil,
      environment: environment, context: PartContext(context, name: "train", span: 0...0.4), compute: compute
    ).run(from: NetworkState(initial: model.layout, seed: UInt64(record.seed)))

    let measured = PartContext(context, name: "measure", span: 0.4...0.5)
    measured.progress(0, phase: "measure", detail: "eigenvalues")
    let samples = model.dataset.train.samples(partition.training)
    var (loss, gradient) = try model.network.gradient(
      trained.state, on: samples, loss: model.loss, compute: compute)
    gradient.add(Element(model.weightDecay), times: trained.state.parameters)
    // The spectrum of the Hessian shows whether θ̂ is a minimum, even if the estimates use another matrix.
    let hessian = CurvatureRequest(solver: plan.curvature.solver, damping: 0, matrix: .hessian)
    let curvature = try hessian.curvature(of: model, at: trained.state, over: samples, environment, compute)
    let largest = try extreme(.largest, curvature, compute)
    let smallest = try extreme(.smallest, curvature, compute)

    let outcome = try Validation(
      model: model, state: trained.state, plan: plan, seed: record.seed, demand: .none,
      environment: environment, context: PartContext(context, name: "validate", span: 0.5...1),
      compute: compute
    ).run()
    return [
      "architecture": record.architecture.json, "parameters": JSONValue(model.layout.parameterCount),
      "weight_decay": .number(record.weightDecay), "seed": JSONValue(record.seed),
      "pearson": JSONValue(outcome.mean(\.pearson)), "spearman": JSONValue(outcome.mean(\.spearman)),
      "loss": .number(loss), "test_loss": trained.metrics["test"]?["loss"] ?? .null,
      "test_accuracy": trained.metrics["test"]?["accuracy"] ?? .null, "gradient_norm": .number(gradient.norm),
      "largest": .number(largest.value), "smallest": .number(smallest.value),
      "damping": outcome.curvature["damping"]?["value"] ?? .null,
      "reliable": .bool(outcome.tests.allSatisfy(\.isReliable)),
      "converged": .bool(outcome.isConverged && largest.converged && smallest.converged),
      "warnings": .array(
        trained.warnings.map(JSONValue.string) + (outcome.json["warnings"]?.arrayValue ?? [])),
    ]
  }

  private func extreme<Element: Scalar>(
    _ order: LanczosEigensolver.Order, _ curvature: SampledCurvature<Element>, _ compute: Compute
  ) throws -> (value: Double, converged: Bool) {
    let pairs = try LanczosEigensolver(count: 1, order: order, tolerance: 1e-6, seed: UInt64(record.seed))
      .solve(curvature) {
        _ in
        try compute.cancellation?.check()
      }
    return (pairs.values.first ?? .nan, pairs.converged)
  }
}

// MARK: - Result

extension SweepRequest {
  public static let result = ResultObject([
    .always(
      "summary", .list(.object(cell)), "A row an architecture and weight decay: means over the seeds."),
    .always("measures", .list(.text), "The names of the columns of `measures.npy`."),
    .always("rows", .list(.object(row)), "A row a model."), .warnings,
  ])

  private static let model: [ResultMember] = [
    .always("architecture", .request("Architecture"), "The network."),
    .always("parameters", .nullable(.integer(from: 1)), unit: "parameters", "Its parameters."),
    .always("weight_decay", .size, "λ."),
  ]

  private static let measures: [ResultMember] = SweepRun.measures.map {
    .always($0.name, .nullable(.number), $0.meaning)
  }

  private static let cell = ResultObject(
    model + [.always("models", .count, unit: "models", "How many models the means are over.")] + measures
      + SweepRun.measures.map {
        .sometimes("\($0.name)_deviation", .nullable(.number), "The standard deviation, with several seeds.")
      })

  private static let row = ResultObject(
    model + [.always("seed", .count, "Its seed.")] + measures + [
      .always("damping", .nullable(.size), "δ of the estimates."),
      .always("reliable", .flag, "Whether every solve is good enough for a ranking."),
      .always("converged", .flag, "Whether every solve, training and eigenvalue met its tolerance."),
    ])
}
