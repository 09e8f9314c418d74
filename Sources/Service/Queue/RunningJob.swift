import Dispatch
import Foundation
import Jobs
import Storage
import Synchronization

/// A job on a worker: what its run sees of the service.
///
/// Outputs are written as the run goes, as pending blobs, and become rows in the one transaction that ends the job as
/// succeeded; a job that ends otherwise leaves nothing.
final class RunningJob: JobContext {
  let id: String
  let kind: String
  let attempt: Int
  private let store: Store
  private let onLog: @Sendable (String) -> Void
  private let started = DispatchTime.now().uptimeNanoseconds

  fileprivate struct State: Sendable {
    var interruption: JobInterruption?
    var fraction = 0.0
    var phase = ""
    var detail = ""
    var phaseStarted: UInt64
    var seconds: [(phase: String, seconds: Double)] = []
    /// The fraction at which this attempt began to report, for the estimate.
    var firstFraction: Double?
    var lastStored: UInt64 = 0
    var outputs: [@Sendable (Session) throws -> Void] = []
    var pending: [PendingBlob] = []
  }

  private let state: Mutex<State>

  init(_ record: JobRecord, store: Store, onLog: @escaping @Sendable (String) -> Void) {
    id = record.id
    kind = record.kind
    attempt = record.attempt
    self.store = store
    self.onLog = onLog
    var state = State(phaseStarted: DispatchTime.now().uptimeNanoseconds)
    // Seconds of earlier attempts.
    if let progress = record.progress.flatMap({ try? JSONParser.parse($0) }),
      let seconds = progress["seconds"]?.objectValue
    {
      state.seconds = seconds.members.compactMap { member in
        member.value.doubleValue.map { (member.name, $0) }
      }
    }
    self.state = Mutex(state)
  }

  // MARK: Interruption

  var interruption: JobInterruption? { state.withLock { $0.interruption } }

  /// Asks the run to leave off; the first reason stands.
  func interrupt(_ reason: JobInterruption) {
    state.withLock { if $0.interruption == nil { $0.interruption = reason } }
  }

  // MARK: Progress

  /// Nanoseconds between two writes of the progress.
  private static let storeInterval: UInt64 = 250_000_000

  func progress(_ fraction: Double, phase: String, detail: String) {
    let now = DispatchTime.now().uptimeNanoseconds
    let json = state.withLock { state -> String? in
      let isNewPhase = state.phase != phase
      if isNewPhase {
        state.closePhase(at: now)
        state.phase = phase
      }
      state.fraction = max(state.fraction, min(max(fraction, 0), 1))
      state.detail = detail
      if state.firstFraction == nil { state.firstFraction = state.fraction }
      guard isNewPhase || now - state.lastStored > Self.storeInterval else { return nil }
      state.lastStored = now
      return JSONWriter.text(state.json(elapsed: Double(now - started) / 1e9, now: now))
    }
    guard let json else { return }
    // Progress is not a promise: it may be lost with the machine.
    store.write(
      durability: .relaxed,
      { [id] session in
        try session.jobs.setProgress(id, json)
        try session.events.append(job: id, name: "progress", data: json)
      }, completion: { _ in })
  }

  var phaseSeconds: [(phase: String, seconds: Double)] {
    state.withLock { state in
      var copy = state
      copy.closePhase(at: DispatchTime.now().uptimeNanoseconds)
      return copy.seconds
    }
  }

  func log(_ message: String) { onLog(message) }

  // MARK: Resume state

  func resumeState(_ stage: String) throws -> [UInt8]? {
    do {
      guard let saved = try store.read({ try $0.stages.find(job: id, name: stage) }) else { return nil }
      var bytes: [UInt8] = []
      bytes.reserveCapacity(saved.blob.byteCount)
      try BlobReader(store, saved.blob.id).streamVerified { bytes.append(contentsOf: $0) }
      return bytes
    } catch let error as StorageError {
      throw JobFailure(.corrupt, "The saved state of the job cannot be read: \(error).")
    }
  }

  func saveResumeState(_ stage: String, _ bytes: [UInt8]) throws {
    let writer = BlobWriter(store)
    try writer.append(bytes)
    try writer.finish { [id] session, blob in
      try session.stages.save(job: id, name: stage, blob: blob.id)
    }
  }

  // MARK: Outputs

  func saveCheckpoint(_ draft: CheckpointDraft, _ write: (ByteSink) throws -> Void) throws -> String {
    let blob = try pendingBlob(byteCount: draft.byteCount, write)
    let checkpoint = store.makeIdentifier()
    let new = NewCheckpoint(
      model: draft.model, kind: CheckpointKind(rawValue: draft.kind.rawValue), job: id, parent: draft.parent,
      metrics: JSONWriter.text(draft.metrics), blob: blob.id, id: checkpoint)
    addOutput { session in
      try session.blobs.seal(blob)
      try session.checkpoints.create(new)
    }
    return checkpoint
  }

  func writeArtifact(
    _ name: String, type: ArtifactElement, shape: [Int], _ write: (ByteSink) throws -> Void
  ) throws {
    let count = shape.reduce(1, *) * type.byteCount
    let blob = try pendingBlob(byteCount: count, head: try ArtifactHead.bytes(type, shape), write)
    addOutput { [id] session in
      let sealed = try session.blobs.seal(blob)
      try session.artifacts.create(job: id, name: name, dtype: type.rawValue, shape: shape, blob: sealed.id)
    }
  }

  func createModel(_ model: CatalogModel, exactName: Bool) throws -> String {
    var model = model
    let stem = model.name
    var number = 1
    while try store.read({ try $0.models.find(model.name) }) != nil {
      if exactName {
        throw JobFailure(
          .unacceptable, "A model named \(model.name) exists by now.",
          advice: "Post the job with another name.")
      }
      number += 1
      model.name = "\(stem)-\(number)"
    }
    let (name, dataset, text) = (model.name, model.dataset, ModelDescription.text(model))
    addOutput { try $0.models.create(name: name, dataset: dataset, description: text) }
    return name
  }

  func setTraining(_ recipe: TrainingRecipe, ofModel name: String) throws {
    addOutput { session in
      var model = try ModelDescription.model(try session.models.get(name))
      model.training = recipe
      try session.models.update(name, description: ModelDescription.text(model))
    }
  }

  private func addOutput(_ output: @escaping @Sendable (Session) throws -> Void) {
    state.withLock { $0.outputs.append(output) }
  }

  private func pendingBlob(
    byteCount: Int, head: [UInt8] = [], _ write: (ByteSink) throws -> Void
  ) throws -> PendingBlob {
    let writer = BlobWriter(store)
    try writer.append(head)
    try write { try writer.append($0) }
    guard writer.byteCount == byteCount + head.count else {
      throw JobFailure(
        .internal, "An output has \(writer.byteCount - head.count) bytes where \(byteCount) were announced.")
    }
    let blob = try writer.flush()
    state.withLock { $0.pending.append(blob) }
    return blob
  }

  // MARK: The end

  /// Ends the job with its result and makes its outputs visible, all in one durable transaction.
  func succeed(_ result: JSONValue) throws {
    let outputs = state.withLock { $0.outputs }
    let seconds = phaseSeconds
    try store.write { [id] session in
      for output in outputs { try output(session) }
      var object = result.objectValue ?? [:]
      object["artifacts"] = .array(try session.artifacts.list(job: id).map(\.json))
      object["seconds"] = .object(JSONObject(seconds.map { ($0.phase, .number($0.seconds)) }))
      let progress = JSONWriter.text(["fraction": 1, "phase": "done", "detail": "", "eta": 0])
      try session.jobs.setProgress(id, progress)
      try session.jobs.finish(id, .succeeded(result: JSONWriter.text(.object(object))))
      try session.events.append(job: id, name: "state", data: JSONWriter.text(["state": "succeeded"]))
    }
  }

  /// Ends the job without outputs.
  func end(_ outcome: JobOutcome, state name: String) throws {
    try giveUpOutputs()
    try store.write { [id] session in
      try session.jobs.finish(id, outcome)
      try session.events.append(job: id, name: "state", data: JSONWriter.text(["state": .string(name)]))
    }
  }

  /// Puts the job back into the queue; it goes on from its resume state.
  func requeue() throws {
    try giveUpOutputs()
    try store.write { [id] session in
      try session.jobs.requeue(id)
      try session.events.append(job: id, name: "state", data: JSONWriter.text(["state": "queued"]))
    }
  }

  private func giveUpOutputs() throws {
    let pending = state.withLock { state in
      defer {
        state.pending = []
        state.outputs = []
      }
      return state.pending
    }
    guard !pending.isEmpty else { return }
    try store.write(durability: .relaxed) { session in for blob in pending { try session.blobs.discard(blob) }
    }
  }
}

extension RunningJob.State {
  fileprivate mutating func closePhase(at now: UInt64) {
    defer { phaseStarted = now }
    guard !phase.isEmpty else { return }
    let spent = Double(now - phaseStarted) / 1e9
    if let place = seconds.firstIndex(where: { $0.phase == phase }) {
      seconds[place].seconds += spent
    } else {
      seconds.append((phase, spent))
    }
  }

  /// The `progress` member of a job, with the seconds of each phase.
  fileprivate func json(elapsed: Double, now: UInt64) -> JSONValue {
    var current = self
    current.closePhase(at: now)
    let done = fraction - (firstFraction ?? 0)
    // Too early an estimate is worse than none.
    let eta = done > 0.01 ? JSONValue(elapsed * (1 - fraction) / done) : .null
    return [
      "fraction": .number(fraction), "phase": .string(phase), "detail": .string(detail), "eta": eta,
      "seconds": .object(JSONObject(current.seconds.map { ($0.phase, .number($0.seconds)) })),
    ]
  }
}
