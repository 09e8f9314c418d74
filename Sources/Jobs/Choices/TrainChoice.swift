import JSON

/// The training samples that are scored. The model need not be trained on them.
public enum TrainChoice: Hashable, Sendable {
  case all
  /// By their index in the training split, in the order given, each once.
  case indices([Int])

  /// `"all"` or `{"indices": […]}`.
  static let form = Form<TrainChoice>.word(
    "all", .all,
    or: Form<[Int]>.only("indices", .indices()).map(
      TrainChoice.indices, { if case .indices(let indices) = $0 { indices } else { [] } }),
    unless: "must be \"all\" or an object with indices", isOther: { $0.objectValue != nil })

  func count(in set: CatalogDataset) -> Int {
    switch self {
    case .all: set.trainCount
    case .indices(let indices): indices.count
    }
  }

  /// The places in a training split of `count` samples.
  func places(_ count: Int) -> [Int] {
    switch self {
    case .all: Array(0..<count)
    case .indices(let indices): indices
    }
  }

  func check(_ set: CatalogDataset, at pointer: JSONPointer, _ faults: RequestFaults) {
    guard case .indices(let indices) = self, let outside = indices.first(where: { $0 >= set.trainCount })
    else { return }
    faults.add(
      "must be between 0 and \(set.trainCount - 1), got \(outside)", at: pointer.appending("indices"))
  }
}
