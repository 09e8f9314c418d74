import Datasets
import Tensor

/// The training samples that a recipe trains on, and those it holds out for validation.
package struct Partition: Sendable, Equatable {
  /// Ascending indices in the training split.
  package let training: [Int]
  package let validation: [Int]

  /// First draws the validation share from the whole split with the seed, so that excluding samples does not
  /// move the border. Then takes the excluded samples out of the training part.
  /// - Parameter excluded: ascending.
  package init(count: Int, recipe: TrainingRecipe?, seed: Int, excluded: [Int]) {
    let share = recipe?.validationShare ?? 0
    let held = Int((share * Double(count)).rounded())
    var stream = RandomStream(seed: UInt64(seed), purpose: "validation share")
    let isHeld = Set(held > 0 ? stream.sample(min(held, count), of: count) : [])
    let isExcluded = Set(excluded)
    training = (0..<count).filter { !isHeld.contains($0) && !isExcluded.contains($0) }
    validation = (0..<count).filter { isHeld.contains($0) }
  }
}

extension GroupChoice {
  /// The group's training samples, ascending.
  func indices(in dataset: Dataset) -> [Int] {
    switch self {
    case .label(let label): dataset.train.indices(ofClass: label)
    case .indices(let indices): indices
    case .known(let group): dataset.train.indices(of: group)
    }
  }
}
