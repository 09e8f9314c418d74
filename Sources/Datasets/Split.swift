import Tensor

/// A named group of samples of a split that were made different from the rest.
public enum SampleGroup: String, Sendable, CaseIterable {
  case poisoned
  case relabeled
  case heterogeneous

  /// The samples of the group, and the data sets that have it.
  public var meaning: String {
    switch self {
    case .poisoned: "Samples with a trigger and its label, of a set derived by `poison`"
    case .relabeled: "Samples with a flipped label, of a set derived by `relabel`"
    case .heterogeneous: "Samples of another distribution, of a synthetic `linear-regression`"
    }
  }
}

/// A class for each position of the samples, sample after sample. A position of −1 counts for nothing.
public struct PositionLabels: Equatable, Sendable {
  public let elements: [Int32]
  /// Positions of a sample.
  public let width: Int

  public var count: Int { elements.count / width }

  func selecting(_ indices: [Int]) -> PositionLabels {
    PositionLabels(
      elements: indices.flatMap { elements[$0 * width..<($0 + 1) * width] }, width: width)
  }
}

/// The samples of one split: inputs, and a class or target values for each.
public struct Split: Sendable {
  /// The shape of one sample.
  public let shape: Shape
  /// Number of samples.
  public let count: Int
  /// The stored inputs, before normalization.
  public let storage: SampleStorage
  /// The class of each sample; empty for regression, and for a class a position.
  public let labels: [Int32]
  /// The classes before `poison` or `relabel` changed some; nil if none was changed.
  public let trueLabels: [Int32]?
  /// (count, outputs) for regression, else nil.
  public let targets: Tensor<Double>?
  /// For a class a position, else nil.
  public let positions: PositionLabels?
  /// Ascending indices of the samples of each group; an empty group has no entry.
  public let groups: [SampleGroup: [Int]]
  let map: ValueMap

  init(
    shape: Shape, storage: SampleStorage, labels: [Int32], trueLabels: [Int32]? = nil,
    targets: Tensor<Double>? = nil, positions: PositionLabels? = nil, groups: [SampleGroup: [Int]] = [:],
    map: ValueMap
  ) {
    count = targets?.shape[0] ?? positions?.count ?? labels.count
    precondition(storage.count == count * shape.count, "A split has as many inputs as labels or targets.")
    precondition(trueLabels == nil || trueLabels!.count == count, "A true label for each sample.")
    self.shape = shape
    self.storage = storage
    self.labels = labels
    self.trueLabels = trueLabels
    self.targets = targets
    self.positions = positions
    self.groups = groups.filter { !$0.value.isEmpty }
    self.map = map
  }

  /// Whether each sample has a class, not target values, and not a class a position.
  public var isClassification: Bool { targets == nil && positions == nil }

  /// The indices of a group, ascending.
  public func indices(of group: SampleGroup) -> [Int] { groups[group] ?? [] }

  /// The indices of the samples of a class, ascending.
  public func indices(ofClass label: Int) -> [Int] {
    labels.indices.filter { Int(labels[$0]) == label }
  }

  /// The true classes of the samples: `labels` if none was changed.
  public var originalLabels: [Int32] { trueLabels ?? labels }

  /// The split with the true label of each sample. Its groups do not change.
  public func withTrueLabels() -> Split {
    Split(shape: shape, storage: storage, labels: originalLabels, groups: groups, map: map)
  }

  /// The samples of those indices, in that order, with their groups.
  ///
  /// - Precondition: indices are in 0 ..< count.
  public func selecting(_ indices: [Int]) -> Split {
    var position = [Int: [Int]](minimumCapacity: indices.count)
    if !groups.isEmpty {
      for (new, old) in indices.enumerated() { position[old, default: []].append(new) }
    }
    return Split(
      shape: shape, storage: storage.gathered(indices, size: shape.count),
      labels: labels.isEmpty ? [] : indices.map { labels[$0] },
      trueLabels: trueLabels.map { all in indices.map { all[$0] } },
      targets: targets.map { all in
        let outputs = all.shape[1]
        return Tensor(
          shape: [indices.count, outputs],
          elements: indices.flatMap { all.elements[$0 * outputs..<($0 + 1) * outputs] })
      }, positions: positions?.selecting(indices),
      groups: groups.mapValues { group in group.flatMap { position[$0] ?? [] }.sorted() }, map: map)
  }

  func with(
    storage: SampleStorage? = nil, labels: [Int32]? = nil, trueLabels: [Int32]?? = nil,
    groups: [SampleGroup: [Int]]? = nil, map: ValueMap? = nil
  ) -> Split {
    Split(
      shape: shape, storage: storage ?? self.storage, labels: labels ?? self.labels,
      trueLabels: trueLabels ?? self.trueLabels, targets: targets, positions: positions,
      groups: groups ?? self.groups, map: map ?? self.map)
  }
}
