import Tensor

/// A part of a set: a number of samples of each split.
public struct Take: DatasetChange {
  /// The number of samples; nil keeps all.
  public var train: Int?
  public var test: Int?
  public var seed: UInt64

  public init(train: Int? = nil, test: Int? = nil, seed: UInt64 = 0) {
    self.train = train
    self.test = test
    self.seed = seed
  }

  public func applied(to set: Dataset) throws(DatasetError) -> Dataset { try set.taking(self) }

  /// All faults of these parameters for `set`.
  public func faults(for set: Dataset) -> [ParameterFault] {
    var faults: [ParameterFault] = []
    if let train, train < 1 || train > set.train.count {
      faults.append(ParameterFault("take.train", "must be 1 to \(set.train.count), got \(train)"))
    }
    if let test, test < 0 || test > set.test.count {
      faults.append(ParameterFault("take.test", "must be 0 to \(set.test.count), got \(test)"))
    }
    if train == nil, test == nil {
      faults.append(ParameterFault("take", "needs 'train', 'test' or both"))
    }
    return faults
  }
}

extension Dataset {
  /// The set with that many samples of each split, drawn at random, in their old order. If there are classes,
  /// each keeps its share (stratified by largest remainder; ties go to the lower class). The normalization
  /// stays that of the whole set.
  ///
  /// - Throws: `DatasetError.parameters`.
  public func taking(_ take: Take) throws(DatasetError) -> Dataset {
    let faults = take.faults(for: self)
    if !faults.isEmpty { throw .parameters(faults) }
    var counts: [String] = []
    func part(_ split: Split, _ count: Int?, _ title: String) -> Split {
      guard let count, count < split.count else { return split }
      counts.append("\(count) of \(split.count) \(title) samples")
      return split.selecting(
        drawnIndices(count, of: split, classes: outputs, seed: take.seed, purpose: "take " + title))
    }
    let train = part(train, take.train, "training")
    let test = part(test, take.test, "test")
    return with(
      train: train, test: test,
      source: counts.isEmpty
        ? source : source + " Taken: \(counts.joined(separator: ", ")) (seed \(take.seed)).")
  }
}

/// `count` ascending indices of a split, drawn at random, stratified if it has classes.
func drawnIndices(_ count: Int, of split: Split, classes: Int, seed: UInt64, purpose: String) -> [Int] {
  drawnIndices(
    count, labels: split.isClassification ? split.labels : nil, of: split.count, classes: classes, seed: seed,
    purpose: purpose)
}

func drawnIndices(
  _ count: Int, labels: [Int32]?, of total: Int, classes: Int, seed: UInt64, purpose: String
) -> [Int] {
  var stream = RandomStream(seed: seed, purpose: purpose)
  guard let labels else { return stream.sample(count, of: total) }
  var members = [[Int]](repeating: [], count: classes)
  for (index, label) in labels.enumerated() { members[Int(label)].append(index) }
  let shares = largestRemainder(count, weights: members.map(\.count))
  return zip(members, shares).flatMap { indices, share in
    stream.sample(share, of: indices.count).map { indices[$0] }
  }.sorted()
}

/// Whole numbers in proportion to `weights` that add up to `count`, which is at most the sum of `weights`
/// (Hamilton's method). Ties go to the lower index.
func largestRemainder(_ count: Int, weights: [Int]) -> [Int] {
  let total = weights.reduce(0, +)
  guard total > 0 else { return weights.map { _ in 0 } }
  let exact = weights.map { count.multipliedFullWidth(by: $0) }.map { total.dividingFullWidth($0) }
  var shares = exact.map(\.quotient)
  let order = exact.indices.sorted { (exact[$1].remainder, $0) < (exact[$0].remainder, $1) }
  for index in order.prefix(count - shares.reduce(0, +)) { shares[index] += 1 }
  return shares
}
