import Datasets
import Formats
import JSON
import Jobs
import Storage

/// The catalog of jobs, over the store.
public final class StoredCatalog: Catalog {
  let store: Store
  let library: DatasetLibrary
  private let models = Interpretations<ModelRecord, CatalogModel>()
  private let datasets = Interpretations<DatasetRecord, CatalogDataset>()

  init(store: Store, library: DatasetLibrary) {
    self.store = store
    self.library = library
  }

  public func model(named name: String) throws -> CatalogModel? {
    guard let record = try store.read({ try $0.models.find(name) }) else { return nil }
    var model = try interpret(record)
    if model.contract == nil { model.contract = try dataset(named: model.dataset)?.contract }
    return model
  }

  private func interpret(_ record: ModelRecord) throws -> CatalogModel {
    try models.value(of: record, named: record.name) { try ModelDescription($0).model }
  }

  public func checkpoint(id: String) throws -> CatalogCheckpoint? {
    try store.read { try $0.checkpoints.find(id) }.map(CatalogCheckpoint.init)
  }

  public func latestCheckpoint(ofModel name: String) throws -> CatalogCheckpoint? {
    try store.snapshot { session in
      let latest = try session.checkpoints.latest(model: name, kinds: [.trained, .uploaded])
      return try (latest ?? session.checkpoints.latest(model: name, kinds: [.initial]))
        .map(CatalogCheckpoint.init)
    }
  }

  public func weights(ofCheckpoint id: String) throws -> [UInt8] {
    do {
      let record = try store.read { try $0.checkpoints.get(id) }
      return try BlobReader(store, record.blob.id).bytes()
    } catch let error as StorageError {
      switch error {
      case .notFound: throw JobFailure(.missing, "there is no checkpoint \(id) any more.")
      case .corruptBlob:
        throw JobFailure(
          .corrupt, "the weights of the checkpoint \(id) are not what was stored: \(error).",
          advice: "Use another checkpoint, or restore the database from a backup.")
      default: throw error
      }
    }
  }

  public func retrainings(ofModel name: String) throws -> [CatalogRetraining] {
    // Ids sort by time. A retrained model older than this model belongs to an earlier model of the same name.
    guard let own = try store.read({ try $0.models.find(name) })?.id else { return [] }
    var found: [CatalogRetraining] = []
    var after: String?
    repeat {
      let page = try store.read { try $0.models.list(after: after, limit: 200) }
      for record in page.items where record.id > own {
        let model = try interpret(record)
        guard model.reference?.model == name, let job = try ModelDescription(record).job else { continue }
        // The job's own checkpoint, not a later training or upload.
        let made = try store.read { try $0.checkpoints.list(job: job) }.first { $0.model == record.name }
        guard let made else { continue }
        let checkpoint = try CatalogCheckpoint(made)
        found.append(CatalogRetraining(model: model.trained(as: checkpoint), checkpoint: checkpoint))
      }
      after = page.next
    } while after != nil
    return found.sorted { $0.checkpoint.id < $1.checkpoint.id }
  }

  public func dataset(named name: String) throws -> CatalogDataset? {
    try store.read { try $0.datasets.find(name) }.map { record in
      try datasets.value(of: record, named: name) { try DatasetDescription($0).catalogDataset($0) }
    }
  }

  public func loadDataset(named name: String) throws -> Dataset { try library.load(name) }

  public func job(id: String) throws -> CatalogJob? {
    try store.read { try $0.jobs.find(id) }.map { record in
      CatalogJob(
        id: record.id, kind: record.kind, hasSucceeded: record.state == .succeeded,
        request: try record.requestJSON, result: try record.resultJSON)
    }
  }

  public func artifact(_ name: String, ofJob id: String) throws -> CatalogArtifact? {
    guard let record = try store.read({ try $0.artifacts.find(job: id, name: name) }) else { return nil }
    let corrupt = JobFailure(
      .corrupt, "The artifact \(name) of the job \(id) is not what was stored.",
      advice: "Run that job again, or restore the database from a backup.")
    do {
      let file = try BlobReader(store, record.blob.id).bytes()
      guard let type = ArtifactElement(rawValue: record.dtype) else { throw corrupt }
      let (header, start) = try file.withUnsafeBytes { bytes throws(NPYError) in
        try NPYHeader.parse(file: bytes)
      }
      guard header.isNative, header.dtype.rawValue == record.dtype, header.shape == record.shape else {
        throw corrupt
      }
      return CatalogArtifact(type: type, shape: header.shape, bytes: Array(file[start...]))
    } catch is NPYError {
      throw corrupt
    } catch let error as StorageError {
      guard case .corruptBlob = error else { throw error }
      throw corrupt
    }
  }
}

extension CatalogCheckpoint {
  /// - Throws: `JobFailure.corrupt` if the recipe, the metrics or the record of edits cannot be read.
  init(_ record: CheckpointRecord) throws {
    self.init(
      id: record.id, model: record.model, kind: CheckpointOrigin(rawValue: record.kind.rawValue) ?? .trained,
      parent: record.parent, job: record.job, metrics: try record.metricsJSON,
      training: try record.read {
        try record.training.map { try TrainingRecipe(json: JSONParser.parse($0)) }
      },
      record: try record.edits, byteCount: record.blob.byteCount,
      sha256: record.blob.sha256.hexadecimal,
      createdAt: record.created.description)
  }
}

extension CheckpointRecord {
  /// The edits of the training data behind the checkpoint.
  var edits: TrainingRecord {
    get throws {
      try read { try record.map { try TrainingRecord(json: JSONParser.parse($0)) } ?? TrainingRecord() }
    }
  }
}
