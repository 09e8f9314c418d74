import Datasets
import JSON
import Network
import Tensor

/// What a job, or the check of its request, may read of the stored things.
///
/// Reads throw what the store throws; a thing that is not there is nil.
public protocol Catalog: Sendable {
  func model(named name: String) throws -> CatalogModel?

  func checkpoint(id: String) throws -> CatalogCheckpoint?

  /// The newest checkpoint of the model that was trained or uploaded, or the initial one where there is
  /// neither; never an edited one.
  func latestCheckpoint(ofModel name: String) throws -> CatalogCheckpoint?

  /// The safetensors bytes of a checkpoint, checked against their SHA-256.
  ///
  /// Throws `JobFailure` (`missing`, `corrupt`).
  func weights(ofCheckpoint id: String) throws -> [UInt8]

  /// What `retrain` jobs on the model of this name made, and nothing that came later to the models they made: candidates for
  /// the reference that results call `retrained`, in the order of their creation.
  func retrainings(ofModel name: String) throws -> [CatalogRetraining]

  func dataset(named name: String) throws -> CatalogDataset?

  /// A job of any kind and state.
  func job(id: String) throws -> CatalogJob?

  /// A whole array that a job left, checked against its SHA-256; nil if the job has none of that name.
  ///
  /// Throws `JobFailure.corrupt`.
  func artifact(_ name: String, ofJob id: String) throws -> CatalogArtifact?

  /// The samples; kept in memory between jobs as far as the configuration allows.
  ///
  /// Throws `JobFailure.missing`, or `DatasetError` where its files are not what they were.
  func loadDataset(named name: String) throws -> Dataset
}

/// How a checkpoint came to be.
public enum CheckpointOrigin: String, Sendable, CaseIterable {
  /// The initial weights of a model made without training.
  case initial
  case trained
  case uploaded
  /// Made by `remove` or `recover` from another one.
  case edited
}

/// A model: what `POST /v1/models` fixed for good.
public struct CatalogModel: Sendable, Hashable {
  public var name: String
  public var dataset: String
  /// As posted, with defaults filled in.
  public var architecture: ArchitectureRequest
  public var precision: Precision
  public var loss: Loss
  /// λ of the model's risk.
  public var weightDecay: Double
  public var seed: Int
  /// The recipe of its latest training, nil if it has never been trained here; of a model read as one of its checkpoints,
  /// that checkpoint's.
  public var training: TrainingRecipe?
  /// Of a model read as one of its checkpoints: what edits did to its training data.
  public var record = TrainingRecord()
  /// For the model of a `retrain` job: what it is the reference of.
  public var reference: RetrainReference?
  /// What it expects of data sets; nil if nobody wrote it down, and then it is that of its data set.
  public var contract: DataContract?

  public init(
    name: String, dataset: String, architecture: ArchitectureRequest, precision: Precision, loss: Loss,
    weightDecay: Double, seed: Int, training: TrainingRecipe? = nil, reference: RetrainReference? = nil
  ) {
    self.name = name
    self.dataset = dataset
    self.architecture = architecture
    self.precision = precision
    self.loss = loss
    self.weightDecay = weightDecay
    self.seed = seed
    self.training = training
    self.reference = reference
  }
}

/// Marks a model as retrained from another one's recipe without a group, or with the group's true labels.
public struct RetrainReference: Sendable, Hashable {
  public var model: String
  /// Nil for one that was trained on just what a checkpoint stands for.
  public var group: GroupChoice?
  public var recovers: Bool

  public init(model: String, group: GroupChoice?, recovers: Bool) {
    self.model = model
    self.group = group
    self.recovers = recovers
  }
}

/// A model that a `retrain` job made, read as the checkpoint that the job made.
public struct CatalogRetraining: Sendable, Hashable {
  public var model: CatalogModel
  public var checkpoint: CatalogCheckpoint

  public init(model: CatalogModel, checkpoint: CatalogCheckpoint) {
    self.model = model
    self.checkpoint = checkpoint
  }
}

/// What a later job may build on.
public struct CatalogJob: Sendable, Hashable {
  public var id: String
  public var kind: String
  /// Whether it has ended well.
  public var hasSucceeded: Bool
  /// With every default filled in.
  public var request: JSONValue
  /// Null before the end.
  public var result: JSONValue

  public init(id: String, kind: String, hasSucceeded: Bool, request: JSONValue, result: JSONValue = .null) {
    self.id = id
    self.kind = kind
    self.hasSucceeded = hasSucceeded
    self.request = request
    self.result = result
  }
}

/// The elements of an array, row-major and little-endian.
public struct CatalogArtifact: Sendable, Hashable {
  public var type: ArtifactElement
  public var shape: [Int]
  public var bytes: [UInt8]

  public init(type: ArtifactElement, shape: [Int], bytes: [UInt8]) {
    self.type = type
    self.shape = shape
    self.bytes = bytes
  }
}

public struct CatalogCheckpoint: Sendable, Hashable {
  public var id: String
  public var model: String
  public var kind: CheckpointOrigin
  public var parent: String?
  /// The job that made it; nil for an initial or uploaded one.
  public var job: String?
  public var metrics: JSONValue
  /// The recipe of the last training of these weights, for an edited one of those it was made from; nil for initial ones,
  /// and for those uploaded to a model that had none.
  public var training: TrainingRecipe?
  /// What edits did to its training data since.
  public var record: TrainingRecord
  public var byteCount: Int
  /// Lower-case hexadecimal.
  public var sha256: String
  /// RFC 3339, UTC.
  public var createdAt: String

  public init(
    id: String, model: String, kind: CheckpointOrigin, parent: String?, job: String?, metrics: JSONValue,
    training: TrainingRecipe? = nil, record: TrainingRecord = TrainingRecord(), byteCount: Int,
    sha256: String,
    createdAt: String
  ) {
    self.id = id
    self.model = model
    self.kind = kind
    self.parent = parent
    self.job = job
    self.metrics = metrics
    self.training = training
    self.record = record
    self.byteCount = byteCount
    self.sha256 = sha256
    self.createdAt = createdAt
  }
}

/// What a request can be checked against without loading a data set.
public struct CatalogDataset: Sendable, Hashable {
  public enum Targets: Sendable, Hashable {
    case classes(Int)
    /// Regression targets, that many a sample.
    case values(Int)
  }

  public var name: String
  /// The shape of one sample: (features) or (channels, height, width).
  public var inputShape: [Int]
  public var targets: Targets
  public var trainCount: Int
  public var testCount: Int
  /// Training samples a class; empty for regression.
  public var trainClassCounts: [Int]
  /// Training samples of each group that the set itself knows; a group without samples may be missing.
  public var groupCounts: [SampleGroup: Int]
  /// What its samples take in memory, where that is known.
  public var byteCount: Int?
  /// Why it cannot be used yet ("has no train labels"), else nil.
  public var incomplete: String?
  /// That of the models that are made for it; nil while it is incomplete.
  public var contract: DataContract?
  /// What looks wrong about it, sentences for results of jobs that use it.
  public var warnings: [String] = []
  /// The first sample that single precision cannot hold; nil if there is none, or where an earlier version did not look.
  public var overflow: InputOverflow?

  public init(
    name: String, inputShape: [Int], targets: Targets, trainCount: Int, testCount: Int,
    trainClassCounts: [Int] = [], groupCounts: [SampleGroup: Int] = [:], byteCount: Int? = nil,
    incomplete: String? = nil
  ) {
    self.byteCount = byteCount
    self.name = name
    self.inputShape = inputShape
    self.targets = targets
    self.trainCount = trainCount
    self.testCount = testCount
    self.trainClassCounts = trainClassCounts
    self.groupCounts = groupCounts
    self.incomplete = incomplete
  }
}
