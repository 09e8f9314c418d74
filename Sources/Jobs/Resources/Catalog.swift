import Datasets
import JSON
import Network
import Tensor

/// The stored things that a job, or the check of its request, may read.
///
/// Reads throw the errors of the store. A missing thing is nil.
public protocol Catalog: Sendable {
  func model(named name: String) throws -> CatalogModel?

  func checkpoint(id: String) throws -> CatalogCheckpoint?

  /// The newest checkpoint of the model that was trained or uploaded, otherwise the initial checkpoint. An
  /// edited checkpoint is never the latest.
  func latestCheckpoint(ofModel name: String) throws -> CatalogCheckpoint?

  /// The safetensors bytes of a checkpoint, checked against their SHA-256.
  ///
  /// Throws `JobFailure` (`missing`, `corrupt`).
  func weights(ofCheckpoint id: String) throws -> [UInt8]

  /// The models that `retrain` jobs made for the model of this name, in the order of their creation, each at
  /// the checkpoint of its job.
  ///
  /// They are candidates for the reference `retrained` of results. Later training of such a model does not
  /// change them.
  func retrainings(ofModel name: String) throws -> [CatalogRetraining]

  func dataset(named name: String) throws -> CatalogDataset?

  /// A job of any kind and state.
  func job(id: String) throws -> CatalogJob?

  /// A whole array that a job made, checked against its SHA-256; nil if the job has no array of that name.
  ///
  /// Throws `JobFailure.corrupt`.
  func artifact(_ name: String, ofJob id: String) throws -> CatalogArtifact?

  /// The samples. They stay in memory between jobs as far as the configuration allows.
  ///
  /// Throws `JobFailure.missing`, or `DatasetError` if the files of the set have changed.
  func loadDataset(named name: String) throws -> Dataset
}

/// The origin of a checkpoint.
public enum CheckpointOrigin: String, Sendable, CaseIterable {
  /// The initial weights of a model made without training.
  case initial
  case trained
  case uploaded
  /// Made by `remove` or `recover` from another checkpoint.
  case edited
}

/// A model, as `POST /v1/models` made it.
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
  /// The recipe of the latest training; nil if the model has never been trained here. For a model read as one
  /// of its checkpoints, the recipe of that checkpoint.
  public var training: TrainingRecipe?
  /// The edits of the training data, for a model read as one of its checkpoints.
  public var record = TrainingRecord()
  /// For the model of a `retrain` job: the model and group that it is the reference of.
  public var reference: RetrainReference?
  /// The data that the model expects; nil if nobody wrote it down. Then the contract of its data set counts.
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

/// Marks a model as retrained from another model's recipe, without a group or with the group's true labels.
public struct RetrainReference: Sendable, Hashable {
  public var model: String
  /// Nil if the model was trained on exactly the data of a checkpoint.
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

/// A finished or running job that a later job may build on.
public struct CatalogJob: Sendable, Hashable {
  public var id: String
  public var kind: String
  /// Whether the job succeeded.
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
  /// The job that made the checkpoint; nil for an initial or uploaded checkpoint.
  public var job: String?
  public var metrics: JSONValue
  /// The recipe of the last training of these weights. An edited checkpoint has the recipe of its parent. Nil
  /// for initial weights, and for weights uploaded to a model without a recipe.
  public var training: TrainingRecipe?
  /// The edits of the training data since the training.
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

/// The facts about a data set that check a request without loading the samples.
public struct CatalogDataset: Sendable, Hashable {
  public enum Targets: Sendable, Hashable {
    case classes(Int)
    /// Regression, with that many targets for a sample.
    case values(Int)
    /// A class for each of `count` positions of a sample.
    case positions(classes: Int, count: Int)
  }

  public var name: String
  /// The shape of one sample: (features) or (channels, height, width).
  public var inputShape: [Int]
  public var targets: Targets
  public var trainCount: Int
  public var testCount: Int
  /// Training samples a class; empty for regression, and for a class a position.
  public var trainClassCounts: [Int]
  /// Training samples of each group that the set itself knows. A group without samples may be absent.
  public var groupCounts: [SampleGroup: Int]
  /// Bytes of the samples in memory; nil if unknown.
  public var byteCount: Int?
  /// Why the set cannot be used yet ("has no train labels"), else nil.
  public var incomplete: String?
  /// The contract of models that are made for the set; nil while the set is incomplete.
  public var contract: DataContract?
  /// Sentences about suspicious data, for results of jobs that use the set.
  public var warnings: [String] = []
  /// The least and the largest regression target; nil for classes, and if an earlier version did not look.
  public var targetRange: ClosedRange<Double>?
  /// See `Dataset.wholeNumbers`. nil if an earlier version did not look.
  public var wholeNumbers: [ClosedRange<Int>?]?
  /// The first sample that single precision cannot hold. Nil if there is none, or if an earlier version did
  /// not look.
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
