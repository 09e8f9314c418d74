/// Counts and moments of a set. They are of values after `Normalization.scale`, before mean and standard
/// deviation are taken out: 0…1 for pictures of bytes.
public struct Statistics: Equatable, Sendable {
  public struct OfSplit: Equatable, Sendable {
    public let count: Int
    /// The number of samples of each class, or of positions of each class; empty for regression.
    public let classCounts: [Int]
    /// The moments of each channel of the inputs (of each feature, for vectors).
    public let inputs: ChannelMoments
    /// The moments of each output of the targets; nil for classification.
    public let targets: ChannelMoments?
  }

  public let train: OfSplit
  public let test: OfSplit

  init(of set: Dataset) {
    train = Self.split(set.train, of: set)
    test = Self.split(set.test, of: set)
  }

  private static func split(_ split: Split, of set: Dataset) -> OfSplit {
    var counts: [Int] = []
    switch set.kind {
    case .classification(let classes, _), .labelling(let classes, _, _):
      counts = Array(repeating: 0, count: classes)
      for label in split.positions?.elements ?? split.labels where label >= 0 { counts[Int(label)] += 1 }
    case .regression: break
    }
    return OfSplit(
      count: split.count, classCounts: counts,
      inputs: ChannelMoments(split.storage, shape: set.shape, scale: set.normalization.scale),
      targets: split.targets.map {
        ChannelMoments(.float64($0.elements), shape: .init(features: $0.shape[1]), scale: 1)
      })
  }
}
