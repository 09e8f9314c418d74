import Datasets
import Foundation
import JSON
import Jobs
import Network
import Synchronization
import Tensor
import Testing

/// Data sets, models and checkpoints in memory, so that real runs need no service.
final class MemoryStore: Catalog {
  private struct Contents {
    var datasets: [String: Dataset] = [:]
    var models: [String: CatalogModel] = [:]
    var checkpoints: [CatalogCheckpoint] = []
    var weights: [String: [UInt8]] = [:]
    var jobs: [String: CatalogJob] = [:]
    var artifacts: [String: [String: CatalogArtifact]] = [:]
  }

  private let contents = Mutex(Contents())

  init(_ datasets: Dataset...) {
    contents.withLock { contents in
      for dataset in datasets { contents.datasets[dataset.name] = dataset }
    }
  }

  // MARK: Catalog

  func model(named name: String) -> CatalogModel? { contents.withLock { $0.models[name] } }

  func checkpoint(id: String) -> CatalogCheckpoint? {
    contents.withLock { $0.checkpoints.first { $0.id == id } }
  }

  func latestCheckpoint(ofModel name: String) -> CatalogCheckpoint? {
    let own = checkpoints(ofModel: name)
    return own.first { $0.kind == .trained || $0.kind == .uploaded } ?? own.first { $0.kind == .initial }
  }

  func checkpoints(ofModel name: String) -> [CatalogCheckpoint] {
    contents.withLock { $0.checkpoints.filter { $0.model == name }.reversed() }
  }

  func weights(ofCheckpoint id: String) throws -> [UInt8] {
    guard let bytes = contents.withLock({ $0.weights[id] }) else {
      throw JobFailure(.missing, "There is no checkpoint \(id).")
    }
    return bytes
  }

  func retrainings(ofModel name: String) -> [CatalogRetraining] {
    let made = contents.withLock { $0.models.values.filter { $0.reference?.model == name } }
    return made.compactMap { model in
      checkpoints(ofModel: model.name).last { $0.kind == .trained }
        .map { CatalogRetraining(model: model.trained(as: $0), checkpoint: $0) }
    }.sorted { $0.checkpoint.number < $1.checkpoint.number }
  }

  func dataset(named name: String) -> CatalogDataset? {
    contents.withLock { $0.datasets[name] }.map { set in
      let targets: CatalogDataset.Targets =
        switch set.kind {
        case .classification(let classes, _): .classes(classes)
        case .regression(let outputs): .values(outputs)
        case .labelling(let classes, _, let count): .positions(classes: classes, count: count)
        }
      let classes = if case .classes(let count) = targets { count } else { 0 }
      var described = CatalogDataset(
        name: name,
        inputShape: set.shape.isVector
          ? [set.shape.channels] : [set.shape.channels, set.shape.height, set.shape.width],
        targets: targets, trainCount: set.train.count, testCount: set.test.count,
        trainClassCounts: (0..<classes).map { set.train.indices(ofClass: $0).count },
        groupCounts: [SampleGroup: Int](
          uniqueKeysWithValues: SampleGroup.allCases.map { ($0, set.train.indices(of: $0).count) }))
      described.contract = set.contract
      described.warnings = set.warnings
      described.overflow = set.float32Overflow
      described.targetRange = set.targetRange
      described.wholeNumbers = set.wholeNumbers
      return described
    }
  }

  func loadDataset(named name: String) throws -> Dataset {
    guard let set = contents.withLock({ $0.datasets[name] }) else {
      throw JobFailure(.missing, "There is no data set \(name).")
    }
    return set
  }

  func job(id: String) -> CatalogJob? { contents.withLock { $0.jobs[id] } }

  func artifact(_ name: String, ofJob id: String) -> CatalogArtifact? {
    contents.withLock { $0.artifacts[id]?[name] }
  }

  // MARK: Requests of a client

  /// `POST /v1/models` without training; with `weights`, `PUT …/weights` right after it.
  @discardableResult func createModel(_ body: String, weights: [UInt8]? = nil) throws -> CatalogModel {
    var request = try CreateModelRequest(JSONParser.parse(body))
    try request.resolve(self)
    let record = request.record
    insert(record)
    if let weights { insert(weights, model: record.name, kind: .uploaded) }
    return record
  }

  /// `POST /v1/jobs` and its run to the end, on this thread. The outputs are kept if the job succeeds.
  @discardableResult func run(_ body: String, context: MemoryContext = MemoryContext(), threads: Int = 2)
    throws
    -> JSONValue
  {
    var job = try JobBody(JSONParser.parse(body), kinds: StandardJobs.kinds)
    try job.resolve(self)
    let pool = ComputePool(threads: threads)
    defer { pool.stop() }
    context.catalog = self
    let result = try job.kind.run(job.request, in: JobEnvironment(catalog: self, pool: pool, saveInterval: 0))
      .run(context)
    // As a client reads it: a number that is not finite is null.
    let written = try JSONParser.parse(JSONWriter.bytes(result))
    #expect(ResultType.object(job.kind.result).faults(in: written) == [], "\(job.kind.name)")
    for output in context.outputs {
      switch output {
      case .model(let model): insert(model)
      case .training(let recipe, let model):
        contents.withLock { $0.models[model]?.training = recipe }
      case .checkpoint(let record, let bytes): insert(record, bytes)
      }
    }
    contents.withLock { contents in
      contents.jobs[context.id] = CatalogJob(
        id: context.id, kind: job.kind.name, hasSucceeded: true, request: job.json, result: result)
      contents.artifacts[context.id] = context.artifacts.mapValues {
        CatalogArtifact(type: $0.type, shape: $0.shape, bytes: $0.bytes)
      }
    }
    return result
  }

  func insert(_ dataset: Dataset) { contents.withLock { $0.datasets[dataset.name] = dataset } }

  func insert(_ model: CatalogModel) { contents.withLock { $0.models[model.name] = model } }

  func insert(_ checkpoint: CatalogCheckpoint, _ bytes: [UInt8]) {
    contents.withLock { contents in
      contents.checkpoints.append(checkpoint)
      contents.weights[checkpoint.id] = bytes
    }
  }

  @discardableResult func insert(_ bytes: [UInt8], model: String, kind: CheckpointOrigin) -> String {
    let id = Self.newIdentifier()
    insert(
      CatalogCheckpoint(
        id: id, model: model, kind: kind, parent: nil, job: nil, metrics: [:], byteCount: bytes.count,
        sha256: "", createdAt: ""), bytes)
    return id
  }

  /// Gives a model the initial checkpoint that `POST /v1/models` without training makes.
  @discardableResult func insertInitial<Element: Scalar>(_ model: String, _: Element.Type) throws -> String {
    guard let record = self.model(named: model), let set = dataset(named: record.dataset) else {
      throw JobFailure(.missing, "There is no model \(model).")
    }
    let layout = try record.network(for: set).layout
    let state = NetworkState<Element>(initial: layout, seed: UInt64(record.seed))
    return insert(
      try Weights(layout: layout, precision: Element.precision).bytes(of: state), model: model,
      kind: .initial)
  }

  static func newIdentifier() -> String {
    "c\(numbers.wrappingAdd(1, ordering: .relaxed).newValue)"
  }

  private static let numbers = Atomic<Int>(0)

  /// The network of a model, and the state of one of its checkpoints (by default the latest).
  func load<Element: Scalar>(_ model: String, checkpoint: String? = nil, as _: Element.Type = Element.self)
    throws -> (network: Network<Element>, state: NetworkState<Element>)
  {
    guard let record = self.model(named: model), let set = dataset(named: record.dataset),
      let id = checkpoint ?? latestCheckpoint(ofModel: model)?.id
    else { throw JobFailure(.missing, "There is no model \(model) with a checkpoint.") }
    let network = Network<Element>(try record.network(for: set))
    let weights = Weights(layout: network.layout, precision: Element.precision)
    return (network, try weights.state(from: try self.weights(ofCheckpoint: id)))
  }
}

extension CatalogCheckpoint {
  /// The place in the order of creation.
  fileprivate var number: Int { Int(id.dropFirst()) ?? 0 }
}

/// A job's context in memory.
final class MemoryContext: JobContext {
  enum Output: Sendable {
    case model(CatalogModel)
    case training(TrainingRecipe, model: String)
    case checkpoint(CatalogCheckpoint, [UInt8])
  }

  struct Artifact: Sendable {
    let type: ArtifactElement
    let shape: [Int]
    let bytes: [UInt8]
  }

  private struct State {
    var outputs: [Output] = []
    var artifacts: [String: Artifact] = [:]
    var resume: [String: [UInt8]] = [:]
    var details: [String] = []
    var times: [Date] = []
    var fractions: [Double] = []
    var interruption: JobInterruption?
    weak var catalog: MemoryStore?
  }

  let id: String
  let attempt = 1
  private let state = Mutex(State())
  /// Says after which report of progress the run is interrupted.
  private let interrupts: @Sendable (_ phase: String, _ detail: String) -> JobInterruption?

  /// - Parameter earlier: the attempt that this one continues.
  init(
    id: String = "job", resuming earlier: MemoryContext? = nil,
    interrupts: @escaping @Sendable (_ phase: String, _ detail: String) -> JobInterruption? = { _, _ in nil }
  ) {
    self.id = id
    self.interrupts = interrupts
    let resume = earlier?.state.withLock { $0.resume } ?? [:]
    state.withLock { $0.resume = resume }
  }

  var catalog: MemoryStore? {
    get { state.withLock { $0.catalog } }
    set { state.withLock { $0.catalog = newValue } }
  }

  var outputs: [Output] { state.withLock { $0.outputs } }
  var artifacts: [String: Artifact] { state.withLock { $0.artifacts } }
  var times: [Date] { state.withLock { $0.times } }
  var details: [String] { state.withLock { $0.details } }
  var fractions: [Double] { state.withLock { $0.fractions } }
  var resumeStages: [String: [UInt8]] {
    get { state.withLock { $0.resume } }
    set { state.withLock { $0.resume = newValue } }
  }

  func progress(_ fraction: Double, phase: String, detail: String) {
    let interruption = interrupts(phase, detail)
    state.withLock { state in
      state.fractions.append(fraction)
      state.times.append(Date())
      state.details.append("\(phase): \(detail)")
      state.interruption = state.interruption ?? interruption
    }
  }

  var interruption: JobInterruption? { state.withLock { $0.interruption } }
  var phaseSeconds: [(phase: String, seconds: Double)] { [] }
  func resumeState(_ stage: String) -> [UInt8]? { state.withLock { $0.resume[stage] } }
  func saveResumeState(_ stage: String, _ bytes: [UInt8]) { state.withLock { $0.resume[stage] = bytes } }

  func saveCheckpoint(_ draft: CheckpointDraft, _ write: (ByteSink) throws -> Void) throws -> String {
    var bytes: [UInt8] = []
    try write { bytes.append(contentsOf: $0) }
    guard bytes.count == draft.byteCount else {
      throw JobFailure(.internal, "\(bytes.count) bytes were written, \(draft.byteCount) announced.")
    }
    let record = CatalogCheckpoint(
      id: MemoryStore.newIdentifier(), model: draft.model, kind: draft.kind, parent: draft.parent, job: id,
      metrics: draft.metrics, training: draft.training, record: draft.record, byteCount: bytes.count,
      sha256: "", createdAt: "")
    state.withLock { $0.outputs.append(.checkpoint(record, bytes)) }
    return record.id
  }

  func writeArtifact(
    _ name: String, type: ArtifactElement, shape: [Int], _ write: (ByteSink) throws -> Void
  ) throws {
    var bytes: [UInt8] = []
    try write { bytes.append(contentsOf: $0) }
    state.withLock { $0.artifacts[name] = Artifact(type: type, shape: shape, bytes: bytes) }
  }

  func createModel(_ model: CatalogModel, exactName: Bool) throws -> String {
    var model = model
    var number = 1
    while catalog?.model(named: model.name) != nil {
      if exactName { throw JobFailure(.unacceptable, "The name \(model.name) is taken.") }
      number += 1
      model.name += "-\(number)"
    }
    let made = model
    state.withLock { $0.outputs.append(.model(made)) }
    return made.name
  }

  func setTraining(_ recipe: TrainingRecipe, ofModel name: String) {
    state.withLock { $0.outputs.append(.training(recipe, model: name)) }
  }

  func log(_ message: String) {}
}

extension MemoryStore {
  /// The model `digits` of a small convolutional network, trained until it reads most digits of a set of 8×8
  /// pictures.
  func trainDigitReader(on dataset: String) throws {
    try createModel(
      #"""
      {"name": "digits", "dataset": "\#(dataset)", "weight_decay": 0.0005,
       "architecture": {"layers": [
         {"type": "conv2d", "out_channels": 12, "kernel_size": 3, "stride": 2, "padding": 1}, {"type": "relu"},
         {"type": "conv2d", "out_channels": 24, "kernel_size": 3, "stride": 2, "padding": 1}, {"type": "relu"},
         {"type": "flatten"}, {"type": "linear", "out_features": 10}]}}
      """#)
    try run(
      #"{"kind": "train", "model": "digits", "learning_rate": 0.05, "epochs": 12, "batch_size": 64, "validation": 0.2}"#
    )
  }
}

/// A number in a result, by the names that lead to it.
func number(_ result: JSONValue, _ path: String...) throws -> Double {
  let value = path.reduce(Optional(result)) { $0?[$1] }
  return try #require(value?.doubleValue, "\(path)")
}
