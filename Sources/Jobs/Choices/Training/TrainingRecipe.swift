import Foundation
import Influence
import JSON
import Network

/// How a model is trained: everything but the model, the data set and the seed.
public struct TrainingRecipe: Hashable, Sendable {
  public var optimizer: OptimizerChoice
  public var learningRate: Double
  public var schedule: TrainingOptions.Schedule
  /// Passes over the samples. For `lbfgs` and `newton`, the most iterations.
  public var epochs: Int
  /// Samples a step; `all` is full-batch descent.
  public var batchSize: SampleCount
  /// Each once.
  public var augmentations: [TrainingOptions.Augmentation]
  /// Whether batch normalization uses its running statistics, which then stay as they are.
  public var freezesStatistics: Bool
  /// The share of the training split held out for validation, drawn with the seed.
  public var validationShare: Double { didSet { validationIsStandard.value = false } }
  /// Whether no request named `validationShare`. Such a share gives way if it would hold out nothing, or all.
  var validationIsStandard = Unwritten(false)
  /// Training samples left out.
  public var excluded: GroupChoice?

  public init(
    optimizer: OptimizerChoice = .standardSGD, learningRate: Double = 0.05,
    schedule: TrainingOptions.Schedule = .cosine(warmup: 0),
    epochs: Int = 5, batchSize: SampleCount = .count(128), augmentations: [TrainingOptions.Augmentation] = [],
    freezesStatistics: Bool = false, validationShare: Double = 0.1, excluded: GroupChoice? = nil
  ) {
    self.optimizer = optimizer
    self.learningRate = learningRate
    self.schedule = schedule
    self.epochs = epochs
    self.batchSize = batchSize
    self.augmentations = augmentations
    self.freezesStatistics = freezesStatistics
    self.validationShare = validationShare
    self.excluded = excluded
  }

  public static let standard = TrainingRecipe()

  /// The fault of a request that names no recipe for a model, or one of its checkpoints, that has none.
  static func missing(of model: CatalogModel) -> String {
    "is required: the checkpoint of \"\(model.name)\" was not trained here, so it has no recipe"
  }

  /// The recipe, on the samples that the model's checkpoint was trained on. Without a recipe of its own, all
  /// samples are used.
  func onSamples(of model: CatalogModel) -> TrainingRecipe {
    var recipe = self
    recipe.validationShare = model.training?.validationShare ?? 0
    recipe.excluded = model.training?.excluded
    return recipe
  }

  /// Checks everything that depends on the data set. A share that nobody named gives way here.
  package mutating func check(_ dataset: CatalogDataset, at pointer: JSONPointer, _ faults: RequestFaults) {
    excluded?.check(dataset, at: pointer.appending("exclude"), faults)
    TrainingOptions.Augmentation.check(augmentations, dataset, at: pointer.appending("augment"), faults)
    let count = dataset.trainCount
    let held = Int((validationShare * Double(count)).rounded())
    guard count > 0, validationShare > 0, held < 1 || held >= count else { return }
    let given = JSONWriter.text(.number(validationShare))
    if validationIsStandard.value {
      validationShare = 0
    } else if held < 1 {
      faults.add(
        "\(given) leaves no validation sample of \(count); use at least \(Self.text(1 / Double(count), rounded: .up)), or 0 for none",
        at: pointer.appending("validation"))
    } else {
      let most =
        count == 1 ? "" : "at most \(Self.text(Double(count - 1) / Double(count), rounded: .down)), or "
      faults.add(
        "\(given) leaves no sample to train on of \(count); use \(most)0 for none",
        at: pointer.appending("validation"))
    }
  }

  /// A share in two digits.
  private static func text(_ share: Double, rounded rule: FloatingPointRoundingRule) -> String {
    let unit = pow(10, log10(share).rounded(.down) - 1)
    return String(format: "%.2g", (share / unit).rounded(rule) * unit)
  }

  /// Checks everything that depends on the network. A network of nil has faults of its own.
  func check(
    _ network: Architecture?, of dataset: CatalogDataset, at pointer: JSONPointer, _ faults: RequestFaults
  ) {
    guard let network, network.layout.counterCount > 0 else { return }
    if optimizer.name.minimizes {
      faults.add(
        "must be \"sgd\" or \"adam\": the network has batch normalization, whose statistics move with every "
          + "step, so that there is no fixed function to minimise", at: pointer.appending("optimizer"))
    } else if network.normalizesSinglePositions, !freezesStatistics {
      let left = dataset.trainCount - Int((validationShare * Double(dataset.trainCount)).rounded())
      if batchSize == .count(1) {
        faults.add(
          "must be at least 2, got 1: the network normalizes over the batch where a sample has one value a channel, and one "
            + "value has no variance", at: pointer.appending("batch_size"))
      } else if left == 1 {
        faults.add(
          "cannot train this network: 1 sample is left to train on, and its batch normalization needs at least 2",
          at: pointer)
      }
    }
  }

  /// A recipe for each optimizer that names the optimizer and leaves the rest to defaults.
  public static var standards: [TrainingRecipe] {
    OptimizerChoice.Name.allCases.map { name in
      var recipe = TrainingRecipe.standard
      recipe.optimizerName = name
      return recipe
    }
  }
}
