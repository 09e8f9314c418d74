import JSON
import Network

/// Whether an update sees samples as they are or changed at random, as a training sees them.
public enum AugmentationChoice: Hashable, Sendable {
  /// The augmentations of the checkpoint's recipe. If θ̂ is a minimum, then of the risk over augmented
  /// samples.
  case asTrained
  /// The named augmentations; an empty list leaves the samples as they are.
  case list([TrainingOptions.Augmentation])

  public static let standard = AugmentationChoice.asTrained
  static let asTrainedName = "as_trained"

  /// `"as_trained"`, or a list.
  static let form = Form<AugmentationChoice>.word(
    asTrainedName, .asTrained,
    or: TrainingOptions.Augmentation.list.map(
      AugmentationChoice.list, { if case .list(let list) = $0 { list } else { [] } }),
    unless: "must be \"\(asTrainedName)\" or a list of augmentations", isOther: { $0.arrayValue != nil })

  /// Checks what depends on the data set.
  func check(_ dataset: CatalogDataset, at pointer: JSONPointer, _ faults: RequestFaults) {
    guard case .list(let list) = self else { return }
    TrainingOptions.Augmentation.check(list, dataset, at: pointer, faults)
  }

  /// The set of augmentations for a model with this recipe.
  func augmentations(_ recipe: TrainingRecipe?) -> Set<TrainingOptions.Augmentation> {
    switch self {
    case .asTrained: Set(recipe?.augmentations ?? [])
    case .list(let list): Set(list)
    }
  }
}

extension TrainingOptions.Augmentation {
  /// A list that has each at most once.
  static let list = Form<[Self]>.list(
    of: .choice, atMost: 8, repeated: { _ in "must name each augmentation once" })

  /// Only pictures can be flipped and cropped.
  static func check(
    _ list: [Self], _ dataset: CatalogDataset, at pointer: JSONPointer, _ faults: RequestFaults
  ) {
    guard !list.isEmpty, dataset.inputShape.count != 3 else { return }
    faults.add("needs pictures, and the samples of \"\(dataset.name)\" are vectors", at: pointer)
  }
}
