import JSON
import Network

extension Loss {
  /// The number of outputs of a network for these targets: one for each class or value, and for each position. The
  /// losses of one class against the rest have a single output for two classes.
  public func outputs(for targets: CatalogDataset.Targets) -> Int {
    switch targets {
    case .classes(let classes): classes == 2 && isOneAgainstRest ? 1 : classes
    case .positions(let classes, let count): classes * count
    case .values(let count): count
    }
  }

  private var isOneAgainstRest: Bool { name == .hinge || name == .binaryCrossEntropy }

  /// The names of losses for a kind of targets.
  private static func names(for targets: CatalogDataset.Targets) -> [Name] {
    switch targets {
    case .classes: [.crossEntropy, .hinge, .meanSquaredError, .binaryCrossEntropy, .huber]
    case .positions: [.crossEntropy]
    case .values: [.meanSquaredError, .huber, .poisson, .binaryCrossEntropy]
    }
  }

  /// Checks that the loss can judge the targets of a data set.
  func check(_ set: CatalogDataset, at pointer: JSONPointer, _ faults: RequestFaults) {
    let allowed = Self.names(for: set.targets)
    guard allowed.contains(name) else {
      let words = allowed.map { "\"\($0.rawValue)\"" }.joined(separator: " or ")
      faults.add(
        "must be \(words): the data set \"\(set.name)\" has \(set.targets.words), got \(FieldReader.brief(json))",
        at: pointer)
      return
    }
    checkWeights(set, at: pointer, faults)
    checkRange(set, at: pointer, faults)
  }

  private func checkWeights(_ set: CatalogDataset, at pointer: JSONPointer, _ faults: RequestFaults) {
    let (name, weights, count): (String, [Double], Int) =
      switch (self, set.targets) {
      case (.softmax(let options), .classes(let classes)),
        (.softmax(let options), .positions(let classes, _)):
        ("weight", options.weights, classes)
      case (.binaryCrossEntropy(let positive), _): ("pos_weight", positive, outputs(for: set.targets))
      default: ("", [], 0)
      }
    guard !weights.isEmpty, weights.count != count else { return }
    faults.add("must have \(count) weights, got \(weights.count)", at: pointer.appending(name))
  }

  private func checkRange(_ set: CatalogDataset, at pointer: JSONPointer, _ faults: RequestFaults) {
    guard case .values = set.targets else { return }
    let (range, words): (ClosedRange<Double>, String)
    switch self {
    case .binaryCrossEntropy: (range, words) = (0...1, "0 to 1")
    case .poisson: (range, words) = (0...Double.infinity, "0 and above")
    default: return
    }
    guard let seen = set.targetRange else {
      faults.add(
        "needs targets of \(words), and those of \"\(set.name)\" are unknown, since an earlier version made the set; "
          + "make it again", at: pointer)
      return
    }
    guard !range.contains(seen.lowerBound) || !range.contains(seen.upperBound) else { return }
    faults.add(
      "needs targets of \(words), and those of \"\(set.name)\" are \(seen.lowerBound) to \(seen.upperBound)",
      at: pointer)
  }
}

extension CatalogDataset.Targets {
  /// The targets in a sentence.
  var words: String {
    switch self {
    case .classes: "classes"
    case .positions: "a class a position"
    case .values: "regression targets"
    }
  }
}
