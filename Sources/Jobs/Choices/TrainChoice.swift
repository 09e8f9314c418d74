import JSON

/// The training samples that are scored: any of the training split, whether the model was trained on them or not.
public enum TrainChoice: Hashable, Sendable {
  case all
  /// By their index in the training split, in the order given, each once.
  case indices([Int])

  /// Reads `"all"` or `{"indices": […]}`.
  static func read(_ reader: FieldReader, _ name: String = "train") -> TrainChoice {
    guard let value = reader.value(name), value != "all" else { return .all }
    guard case .object = value, let own = reader.nested(name) else {
      reader.fault(name, "must be \"all\" or an object with indices, got \(FieldReader.brief(value))")
      return .all
    }
    defer { own.finish() }
    guard own.requiredValue("indices") != nil else { return .all }
    let indices = own.list("indices", maximumCount: 10_000_000) {
      FieldReader.integer($0, in: 0...Int(Int32.max), at: $1, own.faults)
    }
    guard let indices else { return .all }
    if indices.isEmpty { own.fault("indices", "must name at least one sample") }
    var seen: Set<Int> = []
    if let twice = indices.first(where: { !seen.insert($0).inserted }) {
      own.fault("indices", "must name each sample once, got \(twice) more than once")
    }
    return .indices(indices)
  }

  public var json: JSONValue {
    switch self {
    case .all: "all"
    case .indices(let indices): ["indices": JSONValue(indices)]
    }
  }

  func count(in set: CatalogDataset) -> Int {
    switch self {
    case .all: set.trainCount
    case .indices(let indices): indices.count
    }
  }

  /// The places in a training split of so many samples.
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
