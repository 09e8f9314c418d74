import JSON

/// A running job's view of the service: its progress, its interruption, and its outputs.
///
/// A run is synchronous and has a thread of its own. Every member may be called from any thread.
///
/// Outputs (checkpoints, artifacts, created models) are complete or absent. They are deleted if the job fails
/// or is cancelled, so a run may write them early.
public protocol JobContext: AnyObject, Sendable {
  /// The job's id.
  var id: String { get }

  /// The number of this attempt, from 1; larger after a crash.
  var attempt: Int { get }

  /// Reports how far the job is. The call is cheap and allowed in every step; it is stored a few times a
  /// second.
  ///
  /// - Parameters:
  ///   - fraction: the share of the whole job that is done, 0…1. It should grow in step with time, because
  ///     the time left is estimated from it.
  ///   - phase: a short word such as `train` or `solve`; the seconds of each phase are kept.
  ///   - detail: a short text for people, such as "epoch 3 of 5, loss 0.12".
  func progress(_ fraction: Double, phase: String, detail: String)

  /// The interruption that waits for the run, if any. It costs one atomic load, so inner loops may ask.
  var interruption: JobInterruption? { get }

  /// Seconds spent so far in each phase that `progress` named, over all attempts, in order of first use.
  var phaseSeconds: [(phase: String, seconds: Double)] { get }

  /// The bytes that `saveResumeState` left for a stage, in this attempt or an earlier one.
  ///
  /// Throws `JobFailure.corrupt` if the bytes differ from the saved bytes.
  func resumeState(_ stage: String) throws -> [UInt8]?

  /// Replaces the bytes of a stage durably, all or nothing. The bytes live until the job ends.
  func saveResumeState(_ stage: String, _ bytes: [UInt8]) throws

  /// Makes a checkpoint of `draft.byteCount` bytes from the bytes that `write` gives to its sink. Returns its
  /// id.
  ///
  /// Replaces a checkpoint of the same model and `draft.stage` from an earlier attempt of this job.
  ///
  /// Throws `JobFailure.outOfResources` if the disk is full.
  func saveCheckpoint(_ draft: CheckpointDraft, _ write: (ByteSink) throws -> Void) throws -> String

  /// Keeps an array under `name`, such as `outputs.npy`. The service lists it in the result.
  ///
  /// `write` gives only the elements, row-major and little-endian. The service writes the `.npy` head.
  func writeArtifact(
    _ name: String, type: ArtifactElement, shape: [Int], _ write: (ByteSink) throws -> Void) throws

  /// Makes a model and returns its name. If an earlier attempt of this job made the model, returns the name
  /// of that model.
  ///
  /// If the name is taken and `exactName` is true, throws `JobFailure.unacceptable`. Otherwise the first free
  /// name of `name-2`, `name-3`, … is used.
  func createModel(_ model: CatalogModel, exactName: Bool) throws -> String

  /// Changes the stored recipe of a model after a training by it.
  func setTraining(_ recipe: TrainingRecipe, ofModel name: String) throws

  /// Writes one line to the service's log, with the job's id.
  func log(_ message: String)
}

/// Takes the next bytes of a stream; they are copied or written before it returns.
public typealias ByteSink = (UnsafeRawBufferPointer) throws -> Void

extension JobContext {
  /// Must be called at least every half second of work, so that a cancelled job stops within a second.
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

/// The description of a checkpoint before its bytes are written.
public struct CheckpointDraft: Sendable {
  public var model: String
  public var kind: CheckpointOrigin
  /// The checkpoint this one was made from.
  public var parent: String?
  /// A name that is unique among the checkpoints of a job, such as `final` or `epoch-3`.
  public var stage: String
  /// Metrics, as `GET /v1/checkpoints/{id}` shows them.
  public var metrics: JSONValue
  /// How the weights were trained; nil if they were not trained here.
  public var training: TrainingRecipe?
  /// The edits of the training data since the training.
  public var record: TrainingRecord
  /// The exact length of the safetensors bytes, header included.
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
  /// Returns the job's `result`, an object. The service adds `artifacts` and `seconds`.
  ///
  /// Throws a `JobFailure`, or passes on a `JobInterruption` of the context.
  func run(_ context: any JobContext) throws -> JSONValue
}
