import JSON
import Network

/// `train`: trains a model from a checkpoint, or from its initial weights if it has no checkpoint.
///
/// The start of the training is settled when the request is posted. `initial` stands for the initial weights,
/// even if the model has other checkpoints when the job runs.
public struct TrainRequest: JobRequest, Hashable {
  public static let kind = "train"

  public var target: ModelReference
  /// Whether the training begins with the initial weights. Then `target` has no checkpoint.
  public private(set) var startsAnew: Bool
  /// The seed of the order of samples, augmentation and dropout; by default the model's. The validation share
  /// is drawn with the model's seed, so that every training holds out the same samples.
  public var seed: Int?
  public var recipe: TrainingRecipe
  /// The model's data set, known after `resolve`.
  public var dataset = ""

  /// The word for the initial weights in place of a checkpoint.
  public static let initial = "initial"

  public init(model: String, checkpoint: String? = nil, seed: Int? = nil, recipe: TrainingRecipe = .standard)
  {
    startsAnew = checkpoint == Self.initial
    target = ModelReference(model: model, checkpoint: startsAnew ? nil : checkpoint)
    self.seed = seed
    self.recipe = recipe
  }

  public static let summary = "Trains a model by a recipe."
  public static let standard = TrainRequest(model: "")

  public static let fields = Fields<TrainRequest>([
    .required("model", \.target.model, .resourceName, "The model."),
    .optional(
      "checkpoint", \.start, .id, standard: "the latest that no job edited",
      "The checkpoint where the training starts; `\(initial)` for the model's first weights."),
    .optional(
      "seed", \.seed, .integer(0...Int.max), standard: "the model's",
      "Seeds the order of samples, augmentation and dropout."), .part(\.recipe, TrainingRecipe.fields),
  ])

  /// The member `checkpoint`.
  private var start: String? {
    get { startsAnew ? Self.initial : target.checkpoint }
    set {
      startsAnew = newValue == Self.initial
      target.checkpoint = startsAnew ? nil : newValue
    }
  }

  public mutating func resolve(_ catalog: any Catalog, _ faults: RequestFaults) throws {
    let model: CatalogModel
    if startsAnew {
      guard let record = try catalog.model(named: target.model) else {
        throw UnknownResource(.model, target.model)
      }
      model = record
    } else {
      model = try target.resolve(catalog, faults, needsWeights: false)
      startsAnew = target.checkpoint == nil
    }
    seed = seed ?? model.seed
    dataset = model.dataset
    let set = try catalog.usableDataset(dataset, at: .root.appending("model"), faults)
    recipe.check(set, at: .root, faults)
    recipe.check(model.network(for: set, faults), of: set, at: .root, faults)
  }

  public var uses: JobUses { target.uses(dataset) }
}

// MARK: - Estimate

extension TrainRequest {
  public func estimate(_ catalog: any Catalog, _ machine: Machine) throws -> JobEstimate? {
    try Self.estimate(recipe, of: Work(target, catalog, machine))
  }

  /// The training of a model that is not stored yet.
  public static func estimate(
    _ recipe: TrainingRecipe, of model: CatalogModel, _ set: CatalogDataset, _ machine: Machine
  ) throws -> JobEstimate {
    try estimate(recipe, of: Work(model, set, machine))
  }

  private static func estimate(_ recipe: TrainingRecipe, of work: Work) -> JobEstimate {
    var work = work
    work.train(recipe)
    work.leaveCheckpoint()
    return work.estimate
  }
}
