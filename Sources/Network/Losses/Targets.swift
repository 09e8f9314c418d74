import Tensor

/// The outputs that a network should give for a set of samples.
public enum Targets: Sendable, Equatable {
  /// The class of every sample.
  case classes([Int32])
  /// The class of every position of a sample, `count` positions a sample. A position of −1 counts for nothing.
  /// The loss of a sample is the mean over its other positions.
  case positions([Int32], count: Int)
  /// A row of values for each sample, row-major.
  case values([Double], columns: Int)

  public var count: Int {
    switch self {
    case .classes(let labels): labels.count
    case .positions(let labels, let count): labels.count / count
    case .values(let values, let columns): values.count / columns
    }
  }

  /// The targets at the given places.
  public func selecting(_ indices: [Int]) -> Targets {
    switch self {
    case .classes(let labels): return .classes(indices.map { labels[$0] })
    case .positions(let labels, let count):
      return .positions(indices.flatMap { labels[$0 * count..<($0 + 1) * count] }, count: count)
    case .values(let values, let columns):
      return .values(indices.flatMap { values[$0 * columns..<($0 + 1) * columns] }, columns: columns)
    }
  }

  /// These targets followed by others of the same kind.
  func appending(_ other: Targets) -> Targets {
    switch (self, other) {
    case (.classes(let a), .classes(let b)): return .classes(a + b)
    case (.positions(let a, let count), .positions(let b, _)): return .positions(a + b, count: count)
    case (.values(let a, let columns), .values(let b, _)): return .values(a + b, columns: columns)
    default: preconditionFailure("Sets with targets of different kinds cannot be joined.")
    }
  }

  /// The rows of outputs that a sample has: one for each position.
  package var rows: Int { if case .positions(_, let count) = self { count } else { 1 } }

  /// Whether a position of the sample at a place counts.
  func counts(_ place: Int, _ row: Int) -> Bool {
    if case .positions(let labels, let count) = self { labels[place * count + row] >= 0 } else { true }
  }

  /// The share of a row in the loss of the sample at a place. It is 0 if no position counts.
  func share(_ place: Int) -> Double {
    guard case .positions(let labels, let count) = self else { return 1 }
    let counted = labels[place * count..<(place + 1) * count].reduce(0) { $0 + ($1 >= 0 ? 1 : 0) }
    return counted == 0 ? 0 : 1 / Double(counted)
  }
}
