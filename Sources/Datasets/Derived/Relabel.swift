import JSON
import Tensor

/// Labels flipped at random, to imitate careless labelling.
public struct Relabel: DatasetChange {
  /// The share of the training samples whose label is changed, rounded to a whole number of them.
  public var fraction: Double
  public var seed: UInt64

  public init(fraction: Double, seed: UInt64 = 0) {
    self.fraction = fraction
    self.seed = seed
  }

  public static let fractions = NumberRange.positiveShare

  public func applied(to set: Dataset) throws(DatasetError) -> Dataset { try set.relabeled(self) }

  /// All faults of these parameters for `set`.
  public func faults(for set: Dataset) -> [ParameterFault] {
    guard case .classification(let classes, _) = set.kind else {
      return [ParameterFault("relabel", "needs a set with classes, and '\(set.name)' has \(set.kind.words)")]
    }
    var faults: [ParameterFault] = []
    if classes < 2 { faults.append(ParameterFault("relabel", "needs at least two classes")) }
    if !Self.fractions.contains(fraction) {
      faults.append(
        ParameterFault("relabel.fraction", "must be \(Self.fractions.words), got \(fraction)"))
    }
    return faults
  }
}

extension Dataset {
  /// The set with part of its training labels flipped, each to one of the other classes with equal
  /// probability. `train.indices(of: .relabeled)` gives them, and `train.trueLabels` their true labels.
  /// Samples that were poisoned or flipped before do not change: of the others, `fraction` are flipped.
  ///
  /// - Throws: `DatasetError.parameters`.
  public func relabeled(_ relabel: Relabel) throws(DatasetError) -> Dataset {
    let faults = relabel.faults(for: self)
    if !faults.isEmpty { throw .parameters(faults) }
    let changed = Set(train.indices(of: .poisoned)).union(train.indices(of: .relabeled))
    let candidates = (0..<train.count).filter { !changed.contains($0) }
    var choice = RandomStream(seed: relabel.seed, purpose: "relabeled samples")
    var flip = RandomStream(seed: relabel.seed, purpose: "flipped labels")
    let number = Int((relabel.fraction * Double(candidates.count)).rounded())
    let chosen = choice.sample(number, of: candidates.count).map { candidates[$0] }
    var labels = train.labels
    for index in chosen {
      let other = Int32(flip.index(below: outputs - 1))
      labels[index] = other < labels[index] ? other : other + 1
    }
    var groups = train.groups
    groups[.relabeled] = (train.indices(of: .relabeled) + chosen).sorted()
    return with(
      train: train.with(labels: labels, trueLabels: train.originalLabels, groups: groups),
      source: source
        + " \(chosen.count) of \(train.count) training labels are flipped to another class (seed \(relabel.seed))."
    )
  }
}
