import Datasets
import JSON
import Network
import Tensor

/// Loss, accuracy, confusion and the gradient's norm of a checkpoint on a split.
struct EvaluateRun: PreciseRun {
  let request: EvaluateRequest
  let environment: JobEnvironment

  var target: ModelReference { request.target }

  func run<Element: Scalar>(
    _ model: LoadedModel<Element>, _ context: any JobContext, _ compute: Compute
  ) throws -> JSONValue {
    let (checkpoint, state) = try model.checkpoint(of: request.target, environment.catalog)
    let (dataset, warnings) = try model.matched(
      request.dataset ?? model.record.dataset, environment, context)
    let samples: Samples =
      switch request.split {
      case .train: dataset.train.samples()
      case .test: dataset.test.samples()
      case .validation: dataset.train.samples(model.partition().validation)
      }
    guard samples.count > 0 else {
      throw JobFailure(
        .unacceptable, "The split \(request.split.rawValue) of \(dataset.name) has no samples.",
        advice: "Choose another split.")
    }
    context.progress(0.05, phase: "evaluate", detail: "\(samples.count) samples")
    let columns = model.network.architecture.output.count
    let outputs = Buffer<Element>(count: samples.count * columns)
    let evaluation = try model.network.evaluate(state, on: samples, loss: model.loss, compute: compute) {
      place, row in
      if let base = row.baseAddress { (outputs.pointer + place * columns).update(from: base, count: columns) }
    }
    try context.throwIfInterrupted()
    context.progress(0.4, phase: "gradient", detail: "gradient of the risk")
    var gradient = try model.network.gradient(state, on: samples, loss: model.loss, compute: compute).gradient
    gradient.add(Element(model.weightDecay), times: state.parameters)
    guard evaluation.meanLoss.isFinite else {
      throw JobFailure(
        .nonFinite, "The loss of the checkpoint \(checkpoint) is infinite or NaN.",
        advice: "Look at the weights; the training has probably diverged.")
    }
    try context.writeArtifact("outputs.npy", type: Element.artifact, shape: [samples.count, columns]) {
      sink in
      try sink(
        UnsafeRawBufferPointer(start: outputs.pointer, count: outputs.count * MemoryLayout<Element>.size))
    }
    try context.writeArtifact("losses.npy", type: .float64, shape: [samples.count]) { sink in
      try evaluation.losses.withUnsafeBytes { try sink($0) }
    }
    var result: JSONObject = [
      "checkpoint": .string(checkpoint), "dataset": .string(dataset.name),
      "split": .string(request.split.rawValue),
      "samples": JSONValue(samples.count), "loss": .number(evaluation.meanLoss),
      "accuracy": JSONValue(evaluation.accuracy), "gradient_norm": .number(gradient.norm),
      "warnings": JSONValue(warnings),
    ]
    if case .classes(let labels) = samples.targets, case .classification(let classes, _) = dataset.kind {
      // The table grows with the square of the classes. `outputs.npy` has the same information.
      if classes <= Self.mostClassesInTables {
        let confusion = Self.confusion(labels, classes: classes, outputs: outputs.pointer, columns: columns)
        result["confusion"] = .array(confusion.map { JSONValue($0) })
        result["per_class"] = .array(Self.perClass(evaluation, labels, classes: classes))
      } else {
        result["confusion"] = .null
        result["per_class"] = .null
      }
    }
    result = result.merging(
      blocks(evaluation, of: samples, model, isOwn: dataset.name == model.dataset.name))
    return .object(result)
  }

  /// The most classes that results have a row for.
  static let mostClassesInTables = 1000

  /// Row: the label. Column: the predicted class.
  private static func confusion<Element: Scalar>(
    _ labels: [Int32], classes: Int, outputs: UnsafePointer<Element>, columns: Int
  ) -> [[Int]] {
    var counts = Array(repeating: Array(repeating: 0, count: classes), count: classes)
    for (place, label) in labels.enumerated() {
      counts[Int(label)][Loss.predictedClass(outputs + place * columns, columns: columns)] += 1
    }
    return counts
  }

  private static func perClass(_ evaluation: Evaluation, _ labels: [Int32], classes: Int) -> [JSONValue] {
    var places = Array(repeating: [Int](), count: classes)
    for (place, label) in labels.enumerated() { places[Int(label)].append(place) }
    return (0..<classes).map { label in
      let own = evaluation.selecting(places[label])
      var row: JSONObject = ["class": JSONValue(label), "samples": JSONValue(own.losses.count)]
      row["loss"] = own.json["loss"] ?? .null
      row["accuracy"] = own.json["accuracy"] ?? .null
      return .object(row)
    }
  }
}

extension Scalar {
  /// The element type of this precision's artifacts.
  static var artifact: ArtifactElement { precision == .float32 ? .float32 : .float64 }
}

// MARK: - Result

extension EvaluateRequest {
  public static let result = ResultObject([
    .checkpoint, .always("dataset", .resourceName, "The data set that was measured on."),
    .always(
      "split", .choice(TestChoice.Split.allCases.map(\.rawValue)), "The split that was measured on."),
    .always("samples", .integer(from: 1), unit: "samples", "Samples of the split."),
    .always("loss", .number, "The mean loss, without weight decay."),
    .always("accuracy", .nullable(.share), "The share read as labelled; null for regression."),
    .always("gradient_norm", .finiteSize, "‖∇R‖ of the risk over these samples, with weight decay."),
    .warnings,
    .sometimes(
      "confusion", .nullable(.list(.list(.count))), unit: "samples",
      "A row a label, a column a class that the model names. Of classification; "
        + "null of more than 1,000 classes."
    ),
    .sometimes(
      "per_class", .nullable(.list(.object(classRow))),
      "A row a class. Of classification; null of more than 1,000 classes."),
    .sometimes(
      "seen", .object(.countedMetrics),
      "On samples of classes that the checkpoint was trained on; present if there are others."),
    .sometimes("absent", .object(.absentMetrics), "On samples of the other classes, if there are any."),
    .sometimes(
      "parts", .object(parts),
      "Of the training split: what the checkpoint did with the samples, if not all the same."),
  ])

  private static let classRow = ResultObject([.always("class", .count, "The class.")]).adding(
    ResultObject.countedMetrics.members)

  private static let parts = ResultObject([
    .sometimes("trained", .object(.countedMetrics), "Samples that the checkpoint was trained on."),
    .sometimes("held_out", .object(.countedMetrics), "Samples that the recipe holds out for validation."),
    .sometimes("left_out", .object(.countedMetrics), "Samples that the recipe leaves out."),
    .sometimes("removed", .object(.countedMetrics), "Samples that edits took out."),
  ])
}
