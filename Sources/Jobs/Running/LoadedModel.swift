import Datasets
import Formats
import Influence
import JSON
import Network
import Tensor

/// A model ready to compute with: its network, its risk, and the training data behind its checkpoint.
struct LoadedModel<Element: Scalar>: Sendable {
  private(set) var record: CatalogModel
  /// The data set after the edits of the checkpoint that the model was loaded for.
  private(set) var data: TrainingData
  let network: Network<Element>
  private(set) var loss: Loss

  /// The data set with the labels that edits corrected.
  var dataset: Dataset { data.dataset }
  var weightDecay: Double { record.weightDecay }
  var layout: ParameterLayout { network.layout }

  init(_ record: CatalogModel, _ catalog: any Catalog) throws {
    self.record = record
    data = TrainingData(try catalog.loadDataset(named: record.dataset), record.record)
    try data.dataset.requireFits(Element.precision)
    loss = record.loss
    guard let set = try catalog.dataset(named: record.dataset) else {
      throw JobFailure(.missing, "There is no data set \(record.dataset) any more.")
    }
    network = Network(try record.network(for: set))
  }

  /// The same network under another risk.
  func with(loss choice: Loss, weightDecay: Double) -> LoadedModel {
    var model = self
    model.record.loss = choice
    model.record.weightDecay = weightDecay
    model.loss = choice
    return model
  }

  /// The same network, with one more edit of the training data.
  func after(_ edit: DataEdit) -> LoadedModel {
    var model = self
    model.data = data.after(edit)
    model.record.record = model.data.record
    return model
  }

  /// The trained and held-out samples of the checkpoint's recipe, without the samples that edits removed. All
  /// samples are trained if the checkpoint has no recipe.
  func partition(recipe: TrainingRecipe? = nil, seed: Int? = nil, excluding group: [Int] = []) -> Partition {
    data.partition(recipe ?? record.training, seed: seed ?? record.seed, excluding: group)
  }

  /// The checkpoint of the newest `retrain` job with the same training samples and labels as this model.
  func reference(_ catalog: any Catalog) throws -> CatalogCheckpoint? {
    let own = partition()
    return try catalog.retrainings(ofModel: record.name).last { candidate in
      let data = TrainingData(self.data.original, candidate.model.record)
      let others = data.partition(candidate.model.training, seed: candidate.model.seed)
      return self.data.isSame(as: data, own, others)
    }?.checkpoint
  }

  /// - Throws: `JobFailure.unacceptable` if earlier jobs took samples of the group out.
  func requirePresent(_ group: GroupChoice) throws {
    guard let reason = group.whyGone(in: data) else { return }
    throw JobFailure(.unacceptable, "The group \(reason).")
  }

  /// The checkpoint that a request names, with its state.
  /// - Throws: `JobFailure` (`missing`, `corrupt`).
  func checkpoint(
    of target: ModelReference, _ catalog: any Catalog
  ) throws -> (id: String, state: NetworkState<Element>) {
    guard let id = target.checkpoint else {
      throw JobFailure(.missing, "The model \(record.name) has no checkpoint.")
    }
    return (id, try state(id, catalog))
  }

  /// The state of a checkpoint of this model.
  func state(_ checkpoint: String, _ catalog: any Catalog) throws -> NetworkState<Element> {
    let bytes = try catalog.weights(ofCheckpoint: checkpoint)
    do {
      return try weights.state(from: bytes)
    } catch let error as RequestRejection {
      throw JobFailure(.corrupt, "The checkpoint \(checkpoint) does not fit its model: \(error).")
    } catch let error as SafetensorsError {
      throw JobFailure(.corrupt, "The checkpoint \(checkpoint) cannot be read: \(error)")
    }
  }

  /// The bytes of this model's checkpoints.
  var weights: Weights { Weights(layout: layout, precision: Element.precision) }

  /// Saves a state as a checkpoint that stands for this model's training data, and returns its id.
  /// - Parameters:
  ///   - recipe: how the state was trained; by default the recipe of the checkpoint that this model was
  ///     loaded for.
  ///   - seed: draws the held-out samples of the recipe; by default the model's seed.
  func save(
    _ state: NetworkState<Element>, kind: CheckpointOrigin, parent: String?, model: String? = nil,
    trainedBy recipe: TrainingRecipe? = nil, seed: Int? = nil, metrics: JSONValue, stage: String = "final",
    _ context: any JobContext
  ) throws -> String {
    let recipe = recipe ?? record.training
    var record = data.record
    record.counts = data.counts(partition(recipe: recipe, seed: seed))
    let draft = CheckpointDraft(
      model: model ?? self.record.name, kind: kind, parent: parent, stage: stage, metrics: metrics,
      training: recipe, record: record, byteCount: try weights.byteCount())
    return try context.saveCheckpoint(draft) { try weights.write(state, to: $0) }
  }
}
