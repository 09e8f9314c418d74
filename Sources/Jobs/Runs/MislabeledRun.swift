import Influence
import Network
import Tensor

/// Inspects the samples that a model was trained on in the order of a value, and counts the flipped labels found on the way;
/// then trains the model again with what was found put right.
struct MislabeledRun: PreciseRun {
  let request: MislabeledRequest
  let environment: JobEnvironment

  var target: ModelReference { request.target }

  /// The share of the job that the order of inspection takes, where models are trained again after it.
  private var orderShare: Double {
    request.fixAt.isEmpty ? 1 : request.method == .selfInfluence ? 0.4 : 0.02
  }

  func run<Element: Scalar>(
    _ model: LoadedModel<Element>, _ context: any JobContext, _ compute: Compute
  ) throws -> JSONValue {
    let (checkpoint, state) = try model.checkpoint(of: request.target, environment.catalog)
    let partition = model.partition()
    let places = partition.training
    let split = model.dataset.train
    let isFlipped = Set(split.indices(of: .relabeled))
    let flipped = places.reduce(0) { $0 + (isFlipped.contains($1) ? 1 : 0) }
    guard flipped > 0 else {
      throw JobFailure(
        .unacceptable, "The model was trained on no sample with a flipped label.",
        advice: "Use a model of a data set derived with relabel.")
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
    let (order, values, status) = try inspection(task)
    let course = InspectionCourse(order: order.map { isFlipped.contains(places[$0]) })

    try context.writeArtifact("order.npy", type: .int64, shape: [order.count]) { sink in
      try order.map { Int64(places[$0]) }.withUnsafeBytes { try sink($0) }
    }
    if let values {
      try context.writeArtifact("values.npy", type: .float64, shape: [order.count]) { sink in
        try order.map { values[$0] }.withUnsafeBytes { try sink($0) }
      }
    }
    var warnings: [String] = []
    var result: JSONObject = [
      "checkpoint": .string(checkpoint), "method": .string(request.method.rawValue),
      "samples": [
        "train": JSONValue(places.count), "flipped": JSONValue(flipped),
        "validation": JSONValue(partition.validation.count),
      ],
      "curve": .array(course.rows), "area": .number(course.area),
      "before": try metrics(model, state, compute),
    ]
    if let status {
      warnings += status.warnings(of: places.count)
      result["solver"] = status.json
    }
    let rows = SampleRows(model.dataset, trained: places)
    result["first"] = .array(
      order.prefix(20).map { rows.row(places[$0], request.method.rawValue, values?[$0] ?? 0) })
    result["fixed"] = .array(try fixes(task, order.map { places[$0] }, course))
    result["warnings"] = JSONValue(warnings)
    return .object(result)
  }

  /// Places among the training samples in the order of inspection, and what they are ordered by.
  private func inspection<Element: Scalar>(
    _ task: InfluenceTask<Element>
  ) throws -> (order: [Int], values: [Double]?, status: SelfInfluence.Status?) {
    let samples = task.model.dataset.train.samples(task.partition.training)
    func falling(_ values: [Double]) -> [Int] {
      values.indices.sorted { (-values[$0], $0) < (-values[$1], $1) }
    }
    switch request.method {
    case .random:
      var stream = RandomStream(seed: UInt64(request.seed), purpose: "order of inspection")
      return (stream.permutation(samples.count), nil, nil)
    case .loss:
      let losses = try task.model.network.evaluate(
        task.state, on: samples, loss: task.model.loss, compute: task.compute
      ).losses
      guard losses.allSatisfy(\.isFinite) else { throw JobFailure.nonFiniteScore }
      return (falling(losses), losses, nil)
    case .selfInfluence:
      guard let solver = request.solver else {
        throw JobFailure(.internal, "A self-influence without a solver.")
      }
      let curvature = try task.linearize(request.curvature, seed: request.seed)
      let own = try task.selfInfluence(
        of: samples, curvature, solver: solver, request: request.curvature, seed: request.seed)
      return (falling(own.values), own.values, own.status)
    }
  }

  private func metrics<Element: Scalar>(
    _ model: LoadedModel<Element>, _ state: NetworkState<Element>, _ compute: Compute
  ) throws -> JSONValue {
    try model.network.evaluate(
      state, on: model.dataset.test.samples(), loss: model.loss, compute: compute
    ).json
  }

  /// Trains again after each inspected share, with the true labels of what was inspected.
  private func fixes<Element: Scalar>(
    _ task: InfluenceTask<Element>, _ order: [Int], _ course: InspectionCourse
  ) throws -> [JSONValue] {
    guard !request.fixAt.isEmpty else { return [] }
    guard let recipe = request.training else {
      throw JobFailure(
        .unacceptable, "The model \(task.model.record.name) has no recipe.", advice: "Give one as training.")
    }
    let model = task.model
    let partition = model.partition(recipe: recipe)
    var rows: [JSONValue] = []
    for (number, share) in request.fixAt.enumerated() {
      try task.context.throwIfInterrupted()
      let name = "fix \(number)"
      if let bytes = try task.context.resumeState(name), let row = try? JSONParser.parse(bytes) {
        rows.append(row)
        continue
      }
      let step = (1 - orderShare) / Double(request.fixAt.count)
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
      ]
      try task.context.saveResumeState(name, JSONWriter.bytes(row))
      rows.append(row)
    }
    return rows
  }
}

/// What is found on the way through an order.
struct InspectionCourse: Sendable {
  /// Flipped labels among the first k samples, for k from 0.
  private let counts: [Int]

  /// - Parameter order: whether the label of each sample is flipped, in the order of inspection; some are.
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

  /// The area under the curve: 1/2 for a random order, nearly 1 where every flipped label comes first.
  var area: Double {
    guard total > 0 else { return 0 }
    let sum = (0..<total).reduce(0.0) { $0 + (found($1) + found($1 + 1)) / 2 }
    return sum / Double(total)
  }
}
