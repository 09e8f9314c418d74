import Datasets
import JSON

/// The model a job works on, and which of its checkpoints.
public struct ModelReference: Hashable, Sendable {
  public var model: String
  /// Nil until `resolve` fills it in. Afterwards nil if the model has no checkpoint.
  public var checkpoint: String?

  public init(model: String, checkpoint: String? = nil) {
    self.model = model
    self.checkpoint = checkpoint
  }

  /// The members `model` and `checkpoint`.
  /// - Parameter checkpoint: the meaning of the second.
  static func fields(
    checkpoint: String = "The checkpoint; one of this model's."
  ) -> Fields<ModelReference> {
    Fields([
      .required("model", \.model, .resourceName, "The model."),
      .optional("checkpoint", \.checkpoint, .id, standard: "the latest that no job edited", checkpoint),
    ])
  }

  /// Of no model: a request begins with this and is read over it.
  static let none = ModelReference(model: "")

  /// Finds the model with its checkpoint's recipe, and the checkpoint. The default is the latest checkpoint
  /// that is not edited.
  ///
  /// - Parameter needsWeights: whether a model without any checkpoint is a fault.
  mutating func resolve(
    _ catalog: any Catalog, _ faults: RequestFaults, needsWeights: Bool = true
  ) throws -> CatalogModel {
    guard let record = try catalog.model(named: model) else { throw UnknownResource(.model, model) }
    let found: CatalogCheckpoint?
    if let checkpoint {
      found = try catalog.checkpoint(id: checkpoint)
      guard let found else { throw UnknownResource(.checkpoint, checkpoint) }
      if found.model != model {
        faults.add(
          "must be a checkpoint of the model \"\(model)\", got one of \"\(found.model)\"",
          at: .root.appending("checkpoint"))
      }
    } else {
      found = try catalog.latestCheckpoint(ofModel: model)
      checkpoint = found?.id
      if checkpoint == nil, needsWeights {
        faults.add(
          "has no checkpoint yet: its training has not ended; wait for it, or upload weights",
          at: .root.appending("model"))
      }
    }
    return record.trained(as: found)
  }

  /// The stored things that a job on this model uses.
  func uses(_ datasets: String...) -> JobUses {
    JobUses(models: [model], datasets: datasets, checkpoints: checkpoint.map { [$0] } ?? [])
  }
}

extension Catalog {
  /// The model with the recipe of the checkpoint that is named.
  func model(of reference: ModelReference) throws -> CatalogModel? {
    try model(named: reference.model)?.trained(
      as: try reference.checkpoint.flatMap { try checkpoint(id: $0) })
  }

  /// The data set if a job can use it; otherwise adds a fault that says why not.
  ///
  /// Throws `UnknownResource`.
  func usableDataset(
    _ name: String, at pointer: JSONPointer, _ faults: RequestFaults
  ) throws -> CatalogDataset {
    guard let record = try dataset(named: name) else { throw UnknownResource(.dataset, name) }
    if let incomplete = record.incomplete {
      faults.add("names the data set \"\(name)\", which \(incomplete)", at: pointer)
    }
    return record
  }
}

extension CatalogModel {
  /// The model with the recipe and the record of one of its checkpoints. The recipe is nil if the checkpoint
  /// was not trained here. Each training may hold out, leave out and augment samples in its own way.
  public func trained(as checkpoint: CatalogCheckpoint?) -> CatalogModel {
    guard let checkpoint, checkpoint.model == name else { return self }
    var model = self
    model.training = checkpoint.training
    model.record = checkpoint.record
    return model
  }
}

extension CatalogDataset {
  /// Training samples that a derived set poisoned.
  public var poisonedCount: Int { groupCounts[.poisoned, default: 0] }
  /// Training samples that a derived set relabelled.
  public var relabelledCount: Int { groupCounts[.relabeled, default: 0] }

  /// The samples whose label was changed: the poisoned samples if there are any, else the relabelled samples.
  var changedGroup: GroupChoice { poisonedCount > 0 || relabelledCount == 0 ? .poisoned : .relabeled }
}
