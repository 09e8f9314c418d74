import JSON

/// What a running job sees of the service: its progress, its interruption, and where its outputs go.
///
/// A run is synchronous and has a thread of its own; every member may be called from any thread.
/// Outputs (checkpoints, artifacts, created models) are whole or not there, and are taken back when the job
/// fails or is cancelled, so a run may write them as it goes.
public protocol JobContext: AnyObject, Sendable {
  /// The job's id.
  var id: String { get }

  /// The number of this attempt, from 1; larger after a crash.
  var attempt: Int { get }

  /// Says how far the job is; cheap, may be called in every step (it is stored a few times a second).
  ///
  /// - Parameters:
  ///   - fraction: the share of the whole job that is done, 0…1; it should grow in step with time, since the
  ///     time left is estimated from it.
  ///   - phase: a short word such as `train` or `solve`; the seconds of each phase are kept.
  ///   - detail: what a person wants to read, such as "epoch 3 of 5, loss 0.12".
  func progress(_ fraction: Double, phase: String, detail: String)

  /// The interruption that waits for the run, if any. One atomic load: may be asked in inner loops.
  var interruption: JobInterruption? { get }

  /// Seconds spent so far in each phase that `progress` named, over all attempts, in order of first use.
  var phaseSeconds: [(phase: String, seconds: Double)] { get }

  /// The bytes that `saveResumeState` left for a stage, in this attempt or an earlier one.
  ///
  /// Throws `JobFailure.corrupt` where they are not what was saved.
  func resumeState(_ stage: String) throws -> [UInt8]?

  /// Replaces the bytes of a stage, durably, all or nothing. They live until the job ends.
  func saveResumeState(_ stage: String, _ bytes: [UInt8]) throws

  /// Makes a checkpoint of `draft.byteCount` bytes out of what `write` hands to its sink, and returns its id.
  ///
  /// A checkpoint of the same model and `draft.stage` that an earlier attempt of this job left is replaced.
  /// Throws `JobFailure.outOfResources` where the disk is full.
  func saveCheckpoint(_ draft: CheckpointDraft, _ write: (ByteSink) throws -> Void) throws -> String

  /// Keeps an array as `name` (such as `outputs.npy`), listed in the result by the service.
  ///
  /// `write` hands over the elements alone, row-major and little-endian; the `.npy` head is the service's.
  func writeArtifact(
    _ name: String, type: ArtifactElement, shape: [Int], _ write: (ByteSink) throws -> Void) throws

  /// Makes a model and returns its name; where an earlier attempt of this job made it already, that one's.
  ///
  /// Where the name is taken: with `exactName` throws `JobFailure.unacceptable`, else the first free one of
  /// `name-2`, `name-3`, … is used.
  func createModel(_ model: CatalogModel, exactName: Bool) throws -> String

  /// Changes the stored recipe of a model, once it is trained by it.
  func setTraining(_ recipe: TrainingRecipe, ofModel name: String) throws

  /// One line in the service's log, with the job's id.
  func log(_ message: String)
}

/// Takes the next bytes of a stream; they are copied or written before it returns.
public typealias ByteSink = (UnsafeRawBufferPointer) throws -> Void

extension JobContext {
  /// To be called at least every half second of work: a cancelled job stops within a second.
  public func throwIfInterrupted() throws(JobInterruption) {
    if let interruption { throw interruption }
  }
}

/// The element type of an artifact's array, by its NumPy name.
public enum ArtifactElement: String, Sendable, CaseIterable {
  case float32 = "<f4"
  case float64 = "<f8"
  case int32 = "<i4"
  case int64 = "<i8"
  case uint8 = "|u1"

  public var byteCount: Int {
    switch self {
    case .float32, .int32: 4
    case .float64, .int64: 8
    case .uint8: 1
    }
  }
}

/// What is known of a checkpoint before its bytes are written.
public struct CheckpointDraft: Sendable {
  public var model: String
  public var kind: CheckpointOrigin
  /// The checkpoint this one was made from.
  public var parent: String?
  /// What makes it one among the checkpoints of a job, such as `final` or `epoch-3`.
  public var stage: String
  /// Metrics, as `GET /v1/checkpoints/{id}` shows them.
  public var metrics: JSONValue
  /// How the weights were trained; nil if they were not trained here.
  public var training: TrainingRecipe?
  /// What edits did to the training data since.
  public var record: TrainingRecord
  /// The exact length of the safetensors bytes, head included.
  public var byteCount: Int

  public init(
    model: String, kind: CheckpointOrigin, parent: String? = nil, stage: String = "final",
    metrics: JSONValue = [:], training: TrainingRecipe? = nil, record: TrainingRecord = TrainingRecord(),
    byteCount: Int
  ) {
    self.model = model
    self.kind = kind
    self.parent = parent
    self.stage = stage
    self.metrics = metrics
    self.training = training
    self.record = record
    self.byteCount = byteCount
  }
}

/// One job, ready to run: made from a request and a catalog, run on a worker.
public protocol JobRun: Sendable {
  /// Returns the job's `result`, an object; `artifacts` and `seconds` are added by the service.
  ///
  /// Throws a `JobFailure`, or a `JobInterruption` passed on from the context.
  func run(_ context: any JobContext) throws -> JSONValue
}
