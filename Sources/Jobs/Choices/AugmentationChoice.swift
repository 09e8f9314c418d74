import JSON
import Network

/// Whether an update sees samples as they are or changed at random, as a training sees them.
public enum AugmentationChoice: Hashable, Sendable {
  /// As the checkpoint's recipe says: θ̂ is a minimum of the risk over augmented samples, if of any.
  case asTrained
  /// These; an empty list is the samples as they are.
  case list([TrainingRecipe.Augmentation])

  public static let standard = AugmentationChoice.asTrained
  static let asTrainedName = "as_trained"

  static func read(_ reader: FieldReader, _ name: String) -> AugmentationChoice {
    guard let value = reader.value(name), value != .string(asTrainedName) else { return standard }
    guard value.arrayValue != nil else {
      reader.fault(
        name, "must be \"\(asTrainedName)\" or a list of augmentations, got \(FieldReader.brief(value))")
      return standard
    }
    return .list(TrainingRecipe.Augmentation.readList(reader, name))
  }

  var json: JSONValue {
    switch self {
    case .asTrained: .string(Self.asTrainedName)
    case .list(let list): JSONValue(list.map(\.rawValue))
    }
  }

  /// Checks what depends on the data set.
  func check(_ dataset: CatalogDataset, at pointer: JSONPointer, _ faults: RequestFaults) {
    guard case .list(let list) = self else { return }
    TrainingRecipe.Augmentation.check(list, dataset, at: pointer, faults)
  }

  /// What it comes to for a model.
  func augmentations(_ recipe: TrainingRecipe?) -> Set<TrainingOptions.Augmentation> {
    switch self {
    case .asTrained: (recipe?.augmentations ?? []).options
    case .list(let list): list.options
    }
  }
}

extension TrainingRecipe.Augmentation {
  /// A list that has each at most once; empty where there is no such member.
  static func readList(_ reader: FieldReader, _ name: String) -> [Self] {
    let list =
      reader.list(name, maximumCount: 8) { FieldReader.choice($0, Self.self, at: $1, reader.faults) } ?? []
    if Set(list).count != list.count { reader.fault(name, "must name each augmentation once") }
    return list
  }

  /// Only pictures can be flipped and cropped.
  static func check(
    _ list: [Self], _ dataset: CatalogDataset, at pointer: JSONPointer, _ faults: RequestFaults
  ) {
    guard !list.isEmpty, dataset.inputShape.count != 3 else { return }
    faults.add("needs pictures, and the samples of \"\(dataset.name)\" are vectors", at: pointer)
  }
}

extension [TrainingRecipe.Augmentation] {
  /// The same for the trainer.
  var options: Set<TrainingOptions.Augmentation> {
    Set(compactMap { TrainingOptions.Augmentation(rawValue: $0.rawValue) })
  }
}
