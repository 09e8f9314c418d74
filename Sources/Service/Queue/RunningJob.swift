import Dispatch
import JSON
import Jobs
import Storage
import Synchronization

/// A job on a worker: the service as its run sees it.
///
/// Outputs are written during the run as pending blobs. The one transaction that ends the job as succeeded
/// makes them rows. A job that ends otherwise leaves nothing.
final class RunningJob: JobContext {
  let id: String
  let kind: String
  let attempt: Int
  private let store: Store
  private let signals: JobSignals
  private let onLog: @Sendable (String) -> Void

  private struct Outputs {
    var rows: [@Sendable (Session) throws -> Void] = []
    var pending: [PendingBlob] = []
  }

  private let outputs = Mutex(Outputs())
  private let state: Mutex<JobProgress>
  /// 0 while the job runs; otherwise one more than the index of the reason.
  private let interrupt = Atomic<Int>(0)
  /// Seconds of earlier attempts.
  let earlierSeconds: Double
  private let limit = Mutex<Double?>(nil)
  /// Whether saving the last state failed, which is reported once.
  private let isUnsaved = Atomic<Bool>(false)
  private static let reasons: [JobInterruption] = [.cancelled, .stopping, .timeLimit]

  init(_ record: JobRecord, store: Store, signals: JobSignals, onLog: @escaping @Sendable (String) -> Void) {
    id = record.id
    kind = record.kind
    attempt = record.attempt
    self.store = store
    self.signals = signals
    self.onLog = onLog
    var state = JobProgress()
    if let progress = record.progress {
      do {
        state.takeUp(try JSONParser.parse(progress))
      } catch {
        onLog("the seconds of earlier attempts do not count, because they cannot be read: \(error)")
      }
    }
    earlierSeconds = state.allSeconds(at: 0).reduce(0) { $0 + $1.seconds }
    self.state = Mutex(state)
  }

  // MARK: Interruption

  var interruption: JobInterruption? {
    let index = interrupt.load(ordering: .relaxed)
    return index == 0 ? nil : Self.reasons[index - 1]
  }

  /// Asks the run to stop. The first reason stands, but a cancellation overrules a stop.
  func interrupt(_ reason: JobInterruption) {
    guard let index = Self.reasons.firstIndex(of: reason) else { return }
    let (isFirst, old) = interrupt.compareExchange(
      expected: 0, desired: index + 1, ordering: .sequentiallyConsistent)
    if !isFirst, reason == .cancelled, Self.reasons[old - 1] == .stopping {
      interrupt.store(index + 1, ordering: .sequentiallyConsistent)
    }
  }

  /// Seconds that the job may run; nil if unknown or unlimited.
  var timeLimit: Double? { limit.withLock { $0 } }

  func setTimeLimit(_ seconds: Double) { limit.withLock { $0 = seconds } }

  // MARK: Progress

  private static func monotonicSeconds() -> Double { Double(DispatchTime.now().uptimeNanoseconds) / 1e9 }

  func progress(_ fraction: Double, phase: String, detail: String) {
    let now = Self.monotonicSeconds()
    let json = state.withLock { state -> String? in
      guard state.record(fraction, phase: phase, detail: detail, at: now) else { return nil }
      return JSONWriter.text(state.json(at: now))
    }
    guard let json else { return }
    // Progress may be lost with the machine, so the write need not be durable.
    store.write(durability: .relaxed) { [id] session in
      guard try session.jobs.find(id)?.state == .running else { return }
      try session.jobs.setProgress(id, json)
      try session.events.append(job: id, name: "progress", data: json)
    } completion: { [self] _ in
      state.withLock { $0.isPublishing = false }
      signals.notify(id)
    }
  }

  /// The progress as a client sees it now.
  var progressJSON: JSONValue {
    let now = Self.monotonicSeconds()
    return state.withLock { $0.json(at: now) }
  }

  var phaseSeconds: [(phase: String, seconds: Double)] {
    let now = Self.monotonicSeconds()
    return state.withLock { $0.allSeconds(at: now) }
  }

  func log(_ message: String) { onLog(message) }

  // MARK: Resume state

  func resumeState(_ stage: String) throws -> [UInt8]? {
    do {
      guard let saved = try store.read({ try $0.stages.find(job: id, name: stage) }) else { return nil }
      return try BlobReader(store, saved.blob.id).bytes()
    } catch let error as StorageError {
      throw JobFailure(
        .corrupt, "The saved state of the job cannot be read: \(error).", advice: "Post the job again.")
    }
  }

  func saveResumeState(_ stage: String, _ bytes: [UInt8]) throws {
    do {
      let writer = BlobWriter(store)
      try writer.append(bytes)
      try writer.finish { [id] session, blob in
        try session.stages.save(job: id, name: stage, blob: blob.id)
      }
      isUnsaved.store(false, ordering: .relaxed)
    } catch let error as DatabaseError where error.mayPass {
      // The run needs the state only after a crash. By then the disk may have room again.
      guard !isUnsaved.exchange(true, ordering: .relaxed) else { return }
      log("the state of the job could not be saved; it goes on without: \(error)")
    }
  }

  // MARK: Outputs

  func saveCheckpoint(_ draft: CheckpointDraft, _ write: (ByteSink) throws -> Void) throws -> String {
    let blob = try pendingBlob(byteCount: draft.byteCount, write)
    let checkpoint = store.makeIdentifier()
    let new = NewCheckpoint(
      model: draft.model, kind: CheckpointKind(rawValue: draft.kind.rawValue), job: id, parent: draft.parent,
      metrics: JSONWriter.text(draft.metrics), training: draft.training.map { JSONWriter.text($0.json) },
      record: JSONWriter.text(draft.record.json), blob: blob.id, id: checkpoint)
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
    let (set, name) = try store.snapshot { session in
      guard let set = try session.datasets.find(model.dataset) else {
        throw JobFailure(.missing, "There is no data set \(model.dataset) any more.")
      }
      return (
        try DatasetDescription(set).catalogDataset(set),
        try session.freeModelName(model.name, exactName: exactName)
      )
    }
    var named = model
    named.name = name
    named.contract = named.contract ?? set.contract
    let description = JSONWriter.text(
      ModelDescription(named, network: try model.network(for: set), job: id).json)
    addOutput { try $0.models.create(name: name, dataset: model.dataset, description: description) }
    return name
  }

  func setTraining(_ recipe: TrainingRecipe, ofModel name: String) throws {
    addOutput { session in
      var description = try ModelDescription(try session.models.get(name))
      description.model.training = recipe
      try session.models.update(name, description: JSONWriter.text(description.json))
    }
  }

  private func addOutput(_ output: @escaping @Sendable (Session) throws -> Void) {
    outputs.withLock { $0.rows.append(output) }
  }

  private func pendingBlob(
    byteCount: Int, head: [UInt8] = [], _ write: (ByteSink) throws -> Void
  ) throws -> PendingBlob {
    let writer = BlobWriter(store)
    try writer.append(head)
    try write { bytes in
      try throwIfInterrupted()
      try writer.append(bytes)
    }
    guard writer.byteCount == byteCount + head.count else {
      throw JobFailure(
        .internal, "An output has \(writer.byteCount - head.count) bytes where \(byteCount) were announced.")
    }
    let blob = try writer.flush()
    outputs.withLock { $0.pending.append(blob) }
    return blob
  }

  // MARK: The end

  /// Ends the job with its result and makes its outputs visible, all in one durable transaction.
  func succeed(_ result: JSONValue) throws {
    let rows = outputs.withLock { $0.rows }
    let seconds = phaseSeconds
    stopProgress()
    try store.write { [id] session in
      for row in rows { try row(session) }
      var object = result.objectValue ?? ["value": result]
      object["artifacts"] = .array(try session.artifacts.list(job: id).map(\.json))
      var phases = JSONObject(seconds.map { ($0.phase, .milliseconds($0.seconds)) })
      phases["total"] = .milliseconds(seconds.reduce(0) { $0 + $1.seconds })
      object["seconds"] = .object(phases)
      let progress: JSONValue = ["fraction": 1.0, "phase": "done", "detail": "", "eta": 0.0]
      try session.jobs.setProgress(id, JSONWriter.text(progress))
      try session.jobs.finish(id, .succeeded(result: JSONWriter.text(.object(object))))
      try session.appendState(id, .succeeded)
    }
  }

  /// Ends the job without outputs.
  func end(_ outcome: JobOutcome, _ state: JobState) throws {
    stopProgress()
    try giveUpOutputs()
    try store.write { [id] session in
      try session.jobs.finish(id, outcome)
      try session.appendState(id, state)
    }
  }

  /// Puts the job back into the queue. The job continues from its resume state.
  func requeue() throws {
    stopProgress()
    try giveUpOutputs()
    // The next attempt adds the seconds of this attempt.
    let progress = JSONWriter.text(progressJSON)
    try store.write { [id] session in
      // The job may be back in the queue already. Its worker or the thread that stopped waiting may have put
      // it there.
      guard try session.jobs.get(id).state == .running else { return }
      try session.jobs.setProgress(id, progress)
      try session.jobs.requeue(id)
      try session.appendState(id, .queued)
    }
  }

  private func stopProgress() { state.withLock { $0.isEnded = true } }

  private func giveUpOutputs() throws {
    let pending = outputs.withLock { outputs in
      // The rows stay. A late end as succeeded must fail for its missing blobs, rather than leave the job
      // without outputs.
      defer { outputs.pending = [] }
      return outputs.pending
    }
    guard !pending.isEmpty else { return }
    try store.write(durability: .relaxed) { session in
      for blob in pending { try session.blobs.discard(blob) }
    }
  }
}

extension Session {
  /// The event of a job's new state.
  func appendState(_ id: String, _ state: JobState) throws {
    let data = JSONWriter.text(["id": .string(id), "state": .string(state.rawValue)])
    try events.append(job: id, name: "state", data: data)
  }

  /// The name, or the first free name of `name-2`, `name-3`, … if the name is taken.
  ///
  /// Throws `JobFailure` if the name is taken and must be exact.
  func freeModelName(_ name: String, exactName: Bool) throws -> String {
    var number = 1
    while true {
      let suffix = number == 1 ? "" : "-\(number)"
      // Names have at most 63 characters.
      let candidate = String(name.prefix(63 - suffix.utf8.count)) + suffix
      if try models.find(candidate) == nil { return candidate }
      if exactName {
        throw JobFailure(
          .unacceptable, "A model named \(name) exists by now.", advice: "Post the job with another name.")
      }
      number += 1
    }
  }
}
