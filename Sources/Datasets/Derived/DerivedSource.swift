/// One change to a set. Each kind of change is a type of its own.
public protocol DatasetChange: Equatable, Sendable {
  /// The set with the change.
  ///
  /// - Throws: `DatasetError.parameters`, with all faults.
  func applied(to set: Dataset) throws(DatasetError) -> Dataset
}

extension DatasetChange {
  fileprivate func equals(_ other: any DatasetChange) -> Bool { (other as? Self) == self }
}

/// Changes to another set, made in order.
public struct DerivedSource: DatasetRecipe {
  /// The name of the base.
  public var of: String
  public var changes: [any DatasetChange]

  public init(of: String, _ changes: [any DatasetChange] = []) {
    self.of = of
    self.changes = changes
  }

  public static func == (left: DerivedSource, right: DerivedSource) -> Bool {
    left.of == right.of && left.changes.count == right.changes.count
      && zip(left.changes, right.changes).allSatisfy { $0.equals($1) }
  }

  public var base: String? { of }

  public func dataset(
    named name: String, in directory: DataDirectory, base: (String) throws -> Dataset
  ) throws -> Dataset {
    try changes.reduce(base(of)) { set, change in try change.applied(to: set) }.named(name)
  }
}
