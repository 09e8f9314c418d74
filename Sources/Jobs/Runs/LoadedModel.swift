import Datasets
import Formats
import Influence
import Network
import Tensor

/// A model ready to compute with: its network, data set and risk.
struct LoadedModel<Element: Scalar>: Sendable {
  private(set) var record: CatalogModel
  let dataset: Dataset
  let network: Network<Element>
  private(set) var loss: Loss

  var weightDecay: Double { record.weightDecay }
  var layout: ParameterLayout { network.layout }

  init(_ record: CatalogModel, _ catalog: any Catalog) throws {
    self.record = record
    dataset = try catalog.loadDataset(named: record.dataset)
    loss = record.loss.loss
    guard let set = try catalog.dataset(named: record.dataset) else {
      throw JobFailure(.missing, "There is no data set \(record.dataset) any more.")
    }
    network = Network(try record.network(for: set))
  }

  /// The same network under another risk.
  func with(loss choice: LossChoice, weightDecay: Double) -> LoadedModel {
    var model = self
    model.record.loss = choice
    model.record.weightDecay = weightDecay
    model.loss = choice.loss
    return model
  }

  /// The samples that the recipe of the checkpoint it was loaded for trains on and holds out; all of them where that has none.
  func partition(recipe: TrainingRecipe? = nil, seed: Int? = nil, excluding group: [Int] = []) -> Partition {
    let recipe = recipe ?? record.training
    let excluded = recipe?.excluded?.indices(in: dataset) ?? []
    return Partition(
      count: dataset.train.count, recipe: recipe, seed: seed ?? record.seed,
      excluded: Array(Set(excluded + group)).sorted())
  }

  /// What a model is marked with that was retrained on the samples of this one but for a group.
  /// - Parameter recipe: before it leaves out the group.
  func reference(
    _ group: GroupChoice, recovers: Bool, recipe: TrainingRecipe? = nil, seed: Int? = nil
  ) -> RetrainReference {
    let recipe = recipe ?? record.training
    return RetrainReference(
      model: record.name, group: group, recovers: recovers, validationShare: recipe?.validationShare ?? 0,
      seed: seed ?? record.seed, excluded: recipe?.excluded)
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

  /// Saves a state as a checkpoint and returns its id.
  /// - Parameter recipe: how it was trained; by default as what this model was loaded for.
  func save(
    _ state: NetworkState<Element>, kind: CheckpointOrigin, parent: String?, model: String? = nil,
    trainedBy recipe: TrainingRecipe? = nil, metrics: JSONValue, stage: String = "final",
    _ context: any JobContext
  ) throws -> String {
    let draft = CheckpointDraft(
      model: model ?? record.name, kind: kind, parent: parent, stage: stage, metrics: metrics,
      training: recipe ?? record.training, byteCount: try weights.byteCount())
    return try context.saveCheckpoint(draft) { try weights.write(state, to: $0) }
  }
}
