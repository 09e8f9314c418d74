import Datasets
import Influence
import JSON
import Network
import Tensor

/// A job's computation that exists in both precisions.
protocol PreciseRun: JobRun {
  var environment: JobEnvironment { get }
  /// The model, whose precision the run uses, and its checkpoint, whose recipe tells the training samples.
  var target: ModelReference { get }
  func run<Element: Scalar>(
    _ model: LoadedModel<Element>, _ context: any JobContext, _ compute: Compute
  ) throws -> JSONValue
}

extension PreciseRun {
  public func run(_ context: any JobContext) throws -> JSONValue {
    guard let record = try environment.catalog.model(of: target) else {
      throw JobFailure(.missing, "There is no model \(target.model) any more.")
    }
    try environment.preload(record.dataset, context)
    let result = try environment.compute(context) { compute in
      try run(record, record.precision.scalar, context, compute)
    }
    let set = try environment.catalog.dataset(named: record.dataset)
    return result.warning(of: record.record.warnings + (set?.warnings ?? []))
  }

  private func run<Element: Scalar>(
    _ record: CatalogModel, _: Element.Type, _ context: any JobContext, _ compute: Compute
  ) throws -> JSONValue {
    try run(LoadedModel<Element>(record, environment.catalog), context, compute)
  }
}

extension JSONValue {
  /// The result with more warnings before its own, without repetition. Every result has a list of warnings.
  func warning(of more: [String]) -> JSONValue {
    guard case .object(var object) = self else { return self }
    var all: [String] = []
    for text in more + (object["warnings"]?.arrayValue ?? []).compactMap(\.stringValue)
    where !all.contains(text) { all.append(text) }
    object["warnings"] = JSONValue(all)
    return .object(object)
  }
}

extension JobEnvironment {
  /// Loads a data set's samples before the run asks for them. An interruption does not wait for the loading.
  @discardableResult
  func preload(_ dataset: String, _ context: any JobContext) throws -> Dataset {
    try DetachedWork.run(yieldsWhenLeft: false) { [catalog] in
      try catalog.loadDataset(named: dataset)
    } check: {
      try context.throwIfInterrupted()
    }
  }

  /// Runs a computation of a job. It ends soon after the job is interrupted, and its errors become failures
  /// of the job.
  func compute<Result>(
    _ context: any JobContext, _ body: (Compute) throws -> Result
  ) throws -> Result {
    let cancellation = Cancellation()
    let watch = InterruptionWatch(context, cancellation)
    defer { watch.stop() }
    do {
      return try body(Compute(pool: pool, cancellation: cancellation))
    } catch is Cancelled {
      throw context.interruption ?? .cancelled
    } catch {
      if let failure = JobFailure(ofComputation: error) { throw failure }
      throw error
    }
  }
}

extension JobFailure {
  /// The failure for an error of a solve, a factorisation or a training. A `JobFailure` stays as it is. Nil
  /// for any other error.
  init?(ofComputation error: any Error) {
    switch error {
    case let failure as JobFailure: self = failure
    case let error as SolveError: self.init(error)
    case let error as DenseAlgebraError:
      self.init(
        .notConverged, "A dense factorisation failed: \(error).",
        advice: "Use an iterative solver, or add damping.")
    case let error as TrainingError: self.init(error)
    default: return nil
    }
  }

  /// Whether the numbers of this computation diverged. Other computations of the job may still succeed.
  var isOfNumbers: Bool { reason == .nonFinite || reason == .notConverged }

  init(_ error: SolveError) {
    let reason: Reason =
      switch error {
      case .nonFinite: .nonFinite
      case .diverged: .notConverged
      case .option: .unacceptable
      case .length: .internal
      }
    self.init(reason, error.description)
  }

  init(_ error: TrainingError) {
    switch error {
    case .nonFinite(let epoch, let step):
      self.init(
        .nonFinite, "The loss or a weight became infinite or NaN in epoch \(epoch), step \(step).",
        advice: "Lower the learning rate, or check the data set for extreme values.")
    case .singleValue(let epoch, let step):
      self.init(
        .unacceptable,
        "In epoch \(epoch), step \(step) a batch normalization sees one value a channel, a batch of one sample: it has no variance.",
        advice: "Use a larger batch_size, or freeze_statistics.")
    }
  }
}
