import Influence
import JSON
import Network
import Tensor

/// Ranks the training samples of a model by how likely their labels are wrong, and names the class that each
/// looks like.
///
/// If the data set knows which labels were flipped, the run counts the flips found along the order. Then the
/// run corrects the labels found and trains the model again.
struct MislabeledRun: PreciseRun {
  let request: MislabeledRequest
  let environment: JobEnvironment

  var target: ModelReference { request.target }

  private var fixAt: [Double] { request.fixAt ?? [] }

  /// The share of the job for the order of inspection, if models are trained again afterwards.
  private var orderShare: Double {
    fixAt.isEmpty ? 1 : request.method == .selfInfluence ? 0.4 : 0.02
  }

  func run<Element: Scalar>(
    _ model: LoadedModel<Element>, _ context: any JobContext, _ compute: Compute
  ) throws -> JSONValue {
    let (checkpoint, state) = try model.checkpoint(of: request.target, environment.catalog)
    let partition = model.partition()
    let places = partition.training
    guard !places.isEmpty else {
      throw JobFailure(
        .unacceptable, "The model was trained on no sample.", advice: "Give it a recipe that leaves some.")
    }
    let task = InfluenceTask(
      model: model, state: state, partition: partition, context: context, environment: environment,
      compute: compute,
      progress: PhaseProgress(
        context,
        [
          ("linearize", 0.05 * orderShare), ("self_influence", 0.95 * orderShare),
          ("retrain", max(1e-9, 1 - orderShare)),
        ]))
    let readings = try LabelReadings(model, state, model.dataset.train.samples(places), compute)
    let inspection = try inspection(task, readings, checkpoint: checkpoint)
    let order = inspection.order
    try writeArtifacts(inspection, readings, places, context)

    let rows = SampleRows(model.dataset, trained: places)
    var warnings = inspection.warnings
    var result: JSONObject = [
      "checkpoint": .string(checkpoint), "method": .string(request.method.rawValue),
      "samples": ["train": JSONValue(places.count), "validation": JSONValue(partition.validation.count)],
      "suspects": .array(
        order.prefix(request.top).map { suspect($0, inspection, readings, rows) }),
      "before": try metrics(model, state, compute),
    ]
    if let curvature = inspection.curvature { result["curvature"] = curvature }
    if let own = inspection.own {
      warnings += own.status.warnings(of: places.count)
      result["solver"] = own.status.json
      result["reliable"] = .bool(own.isReliable)
    }
    let train = model.dataset.train
    // Edits may have corrected some labels.
    let isFlipped = Set(train.indices(of: .relabeled).filter { train.labels[$0] != train.originalLabels[$0] })
    let flipped = places.count { isFlipped.contains($0) }
    if !isFlipped.isEmpty {
      result["samples"] = [
        "train": JSONValue(places.count), "flipped": JSONValue(flipped),
        "validation": JSONValue(partition.validation.count),
      ]
    }
    if flipped > 0 {
      let course = InspectionCourse(order: order.map { isFlipped.contains(places[$0]) })
      result["curve"] = .array(course.rows)
      result["area"] = .number(course.area)
      let fixed = try fixes(task, order.map { places[$0] }, course)
      result["fixed"] = .array(fixed)
      for row in fixed {
        warnings += (row["warnings"]?.arrayValue ?? []).compactMap(\.stringValue).map {
          "Trained again after inspecting \(row["samples"]?.integerValue ?? 0) samples: \($0)"
        }
      }
    } else if !fixAt.isEmpty {
      warnings.append(
        "The model was trained on no sample with a flipped label: there is nothing to count or to put right.")
    }
    result["warnings"] = JSONValue(warnings)
    try CheckpointCaution(
      checkpoint, state, model, training: places, environment.catalog, compute
    ).add(to: &result)
    return .object(result)
  }

  /// The order of inspection.
  private struct Inspection {
    /// Places among the training samples.
    var order: [Int]
    /// The values that order the samples; nil for a random order.
    var values: [Double]?
    var own: OwnInfluence?
    var curvature: JSONValue?
    var warnings: [String] = []
  }

  private func inspection<Element: Scalar>(
    _ task: InfluenceTask<Element>, _ readings: LabelReadings, checkpoint: String
  ) throws -> Inspection {
    func falling(_ values: [Double]) -> [Int] {
      values.indices.sorted { (-values[$0], $0) < (-values[$1], $1) }
    }
    switch request.method {
    case .random:
      var stream = RandomStream(seed: UInt64(request.seed), purpose: "order of inspection")
      return Inspection(order: stream.permutation(readings.losses.count))
    case .loss: return Inspection(order: falling(readings.losses), values: readings.losses)
    case .selfInfluence:
      guard let solver = request.solver else {
        throw JobFailure(.internal, "A self-influence without a solver.")
      }
      let curvature = try task.linearize(request.curvature, checkpoint: checkpoint, seed: request.seed)
      let own = try task.selfInfluence(
        of: task.model.dataset.train.samples(task.partition.training), curvature, solver: solver)
      try own.check(request.convergence)
      return Inspection(
        order: falling(own.values), values: own.values, own: own, curvature: curvature.json,
        warnings: curvature.matrix.memoryWarnings(environment))
    }
  }

  private func suspect(
    _ place: Int, _ inspection: Inspection, _ readings: LabelReadings, _ rows: SampleRows
  ) -> JSONValue {
    let index = rows.trained[place]
    let split = rows.dataset.train
    var row: JSONObject = [
      "index": JSONValue(index), "label": JSONValue(Int(split.labels[index])),
      "suggested": JSONValue(readings.suggested[place]), "score": JSONValue(inspection.values?[place]),
    ]
    if let own = inspection.own { row["effect"] = JSONValue(own.effects?[place]) }
    if let original = split.trueLabels, original[index] != split.labels[index] {
      row["true_label"] = JSONValue(Int(original[index]))
    }
    row["picture"] = .string(rows.picture(index))
    return .object(row)
  }

  /// Writes `order.npy`, `suggested.npy`, and `values.npy` if the order is not random. Each has one element
  /// for each training sample, the most suspect first.
  private func writeArtifacts(
    _ inspection: Inspection, _ readings: LabelReadings, _ places: [Int], _ context: any JobContext
  ) throws {
    let order = inspection.order
    func write(_ name: String, _ values: [Int64]) throws {
      try context.writeArtifact(name, type: .int64, shape: [order.count]) { sink in
        try values.withUnsafeBytes { try sink($0) }
      }
    }
    try write("order.npy", order.map { Int64(places[$0]) })
    try write("suggested.npy", order.map { Int64(readings.suggested[$0]) })
    if let values = inspection.values {
      try context.writeArtifact("values.npy", type: .float64, shape: [order.count]) { sink in
        try order.map { values[$0] }.withUnsafeBytes { try sink($0) }
      }
    }
  }

  private func metrics<Element: Scalar>(
    _ model: LoadedModel<Element>, _ state: NetworkState<Element>, _ compute: Compute
  ) throws -> JSONValue {
    try model.network.evaluate(
      state, on: model.dataset.test.samples(), loss: model.loss, compute: compute
    ).json
  }

  /// Trains again after each inspected share. The inspected samples have their true labels.
  private func fixes<Element: Scalar>(
    _ task: InfluenceTask<Element>, _ order: [Int], _ course: InspectionCourse
  ) throws -> [JSONValue] {
    guard !fixAt.isEmpty else { return [] }
    guard let recipe = request.training else {
      throw JobFailure(
        .unacceptable, "The model \(task.model.record.name) has no recipe.", advice: "Give one as training.")
    }
    let model = task.model
    let partition = model.partition(recipe: recipe)
    var rows: [JSONValue] = []
    for (number, share) in fixAt.enumerated() {
      try task.context.throwIfInterrupted()
      let name = "fix \(number)"
      if let bytes = try task.context.resumeState(name), let row = try? JSONParser.parse(bytes) {
        rows.append(row)
        continue
      }
      let step = (1 - orderShare) / Double(fixAt.count)
      let from = orderShare + step * Double(number)
      let inspected = Int((share * Double(order.count)).rounded())
      let training = Training(
        model: model, recipe: recipe, seed: model.record.seed, partition: partition,
        samples: model.dataset.train.samples(
          partition.training, trueLabels: Array(order.prefix(inspected))),
        environment: environment,
        context: PartContext(
          task.context, name: name, span: from...min(1, from + step), title: "\(inspected) samples inspected"),
        compute: task.compute)
      let outcome = try training.run(
        from: NetworkState(initial: model.layout, seed: UInt64(model.record.seed)))
      let row: JSONValue = [
        "inspected": .number(share), "samples": JSONValue(inspected),
        "found": .number(course.found(inspected)), "test": try metrics(model, outcome.state, task.compute),
        "warnings": JSONValue(outcome.warnings),
      ]
      try task.context.saveResumeState(name, JSONWriter.bytes(row))
      rows.append(row)
    }
    return rows
  }
}

/// The number of flipped labels found along an order of inspection.
struct InspectionCourse: Sendable {
  /// Flipped labels among the first k samples, for k from 0.
  private let counts: [Int]

  /// - Parameter order: whether the label of each sample is flipped, in the order of inspection. At least one
  ///   is flipped.
  init(order: [Bool]) {
    var counts = [0]
    counts.reserveCapacity(order.count + 1)
    for isFlipped in order { counts.append(counts[counts.count - 1] + (isFlipped ? 1 : 0)) }
    self.counts = counts
  }

  private var total: Int { counts.count - 1 }

  /// The share of the flipped labels among the first `inspected` samples.
  func found(_ inspected: Int) -> Double {
    Double(counts[min(inspected, total)]) / Double(max(1, counts[total]))
  }

  /// A row `{inspected, found}` for every hundredth of the samples, as shares.
  var rows: [JSONValue] {
    let steps = min(100, total)
    return (0...steps).map { step in
      let inspected = step * total / steps
      return [
        "inspected": .number(Double(inspected) / Double(total)), "found": .number(found(inspected)),
      ]
    }
  }

  /// The area under the curve: 1/2 for a random order, nearly 1 if all flipped labels come first.
  var area: Double {
    guard total > 0 else { return 0 }
    let sum = (0..<total).reduce(0.0) { $0 + (found($1) + found($1 + 1)) / 2 }
    return sum / Double(total)
  }
}
