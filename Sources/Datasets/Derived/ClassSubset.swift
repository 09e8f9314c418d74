import Tensor

/// The samples of some classes, relabelled 0 ..< k in this order.
public struct ClassSubset: DatasetChange {
  public var classes: [Int]

  public init(_ classes: [Int]) { self.classes = classes }

  public func applied(to set: Dataset) throws(DatasetError) -> Dataset { try set.selectingClasses(classes) }
}

extension Dataset {
  /// All faults of a choice of classes for this set.
  public func faults(ofClasses chosen: [Int]) -> [ParameterFault] {
    guard case .classification(let classes, _) = kind else {
      return [ParameterFault("classes", "needs a set with classes, and '\(name)' has \(kind.words)")]
    }
    var faults: [ParameterFault] = []
    if chosen.count < 2 {
      faults.append(ParameterFault("classes", "must name at least two classes, got \(chosen.count)"))
    }
    for (position, label) in chosen.enumerated() {
      if label < 0 || label >= classes {
        faults.append(ParameterFault("classes.\(position)", "must be 0 to \(classes - 1), got \(label)"))
      } else if chosen[..<position].contains(label) {
        faults.append(ParameterFault("classes.\(position)", "names class \(label) again"))
      }
    }
    if faults.isEmpty, train.indices(keeping: chosen).isEmpty {
      faults.append(ParameterFault("classes", "leave no training sample"))
    }
    return faults
  }

  /// The samples of some classes, relabelled 0 ..< k in the order that the classes are given, in their old
  /// order. A sample with a flipped or poisoned label stays if both that label and its true label are among
  /// them. The normalization stays that of the whole set.
  ///
  /// - Throws: `DatasetError.parameters`.
  public func selectingClasses(_ chosen: [Int]) throws(DatasetError) -> Dataset {
    let faults = faults(ofClasses: chosen)
    guard faults.isEmpty, case .classification(let classes, let names) = kind else {
      throw .parameters(faults)
    }
    var new = [Int32?](repeating: nil, count: classes)
    for (position, label) in chosen.enumerated() { new[label] = Int32(position) }
    func part(_ split: Split) -> Split {
      let smaller = split.selecting(split.indices(keeping: chosen))
      return smaller.with(
        labels: smaller.labels.compactMap { new[Int($0)] },
        trueLabels: smaller.trueLabels.map { $0.compactMap { new[Int($0)] } })
    }
    let kept: Poisoning? = poisoning.flatMap { old in new[old.label].map { old.with(label: Int($0)) } }
    return with(
      kind: .classification(classes: chosen.count, names: names.map { all in chosen.map { all[$0] } }),
      train: part(train), test: part(test),
      source: source
        + " Only the classes \(chosen.map(String.init).joined(separator: ", ")), numbered from 0.",
      poisoning: .some(kept))
  }
}

extension Split {
  /// The samples whose label and true label are both among the chosen ones.
  fileprivate func indices(keeping chosen: [Int]) -> [Int] {
    let chosen = Set(chosen.map { Int32($0) })
    let original = originalLabels
    return (0..<count).filter { chosen.contains(labels[$0]) && chosen.contains(original[$0]) }
  }
}
