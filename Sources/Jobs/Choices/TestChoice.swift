import JSON

/// The points whose loss a request asks about: some samples of a split, or the mean loss over all of it.
public struct TestChoice: Hashable, Sendable {
  public enum Split: String, CaseIterable, Sendable {
    case test, train
    /// The training samples that the model's training held out, by their indices in the training split.
    case validation
  }

  public enum Pick: String, CaseIterable, Sendable {
    case highestLoss = "highest_loss"
    /// Those in the middle of the split in the order of their losses.
    case medianLoss = "median_loss"
    case lowestLoss = "lowest_loss"
    /// The samples that the model misclassifies, from the highest loss down.
    case misclassified
  }

  public enum Points: Hashable, Sendable {
    /// In the order given, each once.
    case indices([Int])
    /// Chosen by the model's losses at its checkpoint; of equal losses the lower index comes first.
    case pick(Pick, count: Int)
    /// The mean loss over the whole split, as one target.
    case mean
  }

  public var points: Points
  public var split: Split

  public init(_ points: Points = .pick(.highestLoss, count: 1), split: Split = .test) {
    self.points = points
    self.split = split
  }

  /// The most points of one request.
  public static let mostPoints = 100_000

  /// The number of targets. For `misclassified` it is an upper bound.
  public var count: Int {
    switch points {
    case .indices(let indices): indices.count
    case .pick(_, let count): count
    case .mean: 1
    }
  }
}

extension TestChoice {
  /// Checks the points against the model and its data set.
  /// - Parameter pointer: the member itself.
  func check(
    _ set: CatalogDataset, _ model: CatalogModel, at pointer: JSONPointer, _ faults: RequestFaults
  ) {
    let held =
      split == .validation
      ? Partition(count: set.trainCount, recipe: model.training, seed: model.seed, excluded: []).validation
      : []
    let available =
      switch split {
      case .test: set.testCount
      case .train: set.trainCount
      case .validation: held.count
      }
    guard available > 0 else {
      let reason =
        split == .test
        ? "the data set \"\(set.name)\" has no test samples"
        : "the training of \"\(model.name)\" held no samples out"
      faults.add("cannot be \"\(split.rawValue)\": \(reason)", at: pointer.appending("split"))
      return
    }
    switch points {
    case .indices(let indices):
      if split == .validation {
        let isHeld = Set(held)
        if let other = indices.first(where: { !isHeld.contains($0) }) {
          faults.add(
            "must be training samples that the training held out, got \(other)",
            at: pointer.appending("indices"))
        }
      } else if let outside = indices.first(where: { $0 >= available }) {
        faults.add(
          "must be between 0 and \(available - 1), got \(outside)", at: pointer.appending("indices"))
      }
    case .pick(let pick, let count):
      if count > available {
        faults.add(
          "must be at most \(available), the samples of the split, got \(count)",
          at: pointer.appending("count"))
      }
      if pick == .misclassified, case .values = set.targets {
        faults.add(
          "cannot be \"misclassified\": the data set \"\(set.name)\" has regression targets",
          at: pointer.appending("pick"))
      }
    case .mean: break
    }
  }
}
