import JSON

extension GroupChoice {
  /// Checks that the group exists. For a removal, also checks that samples remain without it.
  func check(
    _ dataset: CatalogDataset, at pointer: JSONPointer, _ faults: RequestFaults, leavesSome: Bool = true
  ) {
    func fault(_ detail: String) { faults.add(detail, at: pointer.appending(member.name)) }
    switch self {
    case .label(let label):
      guard case .classes(let classes) = dataset.targets else {
        return fault(
          "cannot be used: the data set \"\(dataset.name)\" has \(dataset.targets.words); use indices")
      }
      guard label < classes else {
        return fault("must be between 0 and \(classes - 1), got \(label)")
      }
      let counts = dataset.trainClassCounts
      if counts.indices.contains(label) {
        if counts[label] == 0 { fault("has no training sample of class \(label)") }
        if leavesSome, counts[label] == dataset.trainCount {
          fault("takes every training sample; some must remain")
        }
      }
    case .indices(let indices):
      if let last = indices.last, last >= dataset.trainCount {
        fault("must be between 0 and \(dataset.trainCount - 1), got \(last)")
      } else if leavesSome, indices.count == dataset.trainCount {
        fault("takes every training sample; some must remain")
      }
    case .known(let group):
      if dataset.groupCounts[group, default: 0] == 0 {
        fault("cannot be used: the data set \"\(dataset.name)\" has no \(group.rawValue) samples")
      }
    }
  }
}
