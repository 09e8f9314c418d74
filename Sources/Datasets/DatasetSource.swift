/// A way to make a set, with all its parameters. The same recipe gives the same set, bit for bit, while the files that it
/// names stay the same.
///
/// Each way is a type of its own. The readers of requests hold the list of them, with the members of each.
public protocol DatasetRecipe: Equatable, Sendable {
  /// Makes the set.
  ///
  /// - Parameter base: gives the base of a derived set.
  /// - Throws: `DatasetError`, and the errors of `base`.
  func dataset(
    named name: String, in directory: DataDirectory, base: (String) throws -> Dataset
  ) throws -> Dataset

  /// The set that this one is derived from.
  var base: String? { get }

  /// All faults of the parameters that depend on no file and on no other set.
  var faults: [ParameterFault] { get }
}

extension DatasetRecipe {
  public var base: String? { nil }
  public var faults: [ParameterFault] { [] }

  fileprivate func equals(_ other: any DatasetRecipe) -> Bool { (other as? Self) == self }
}

/// Everything that a set is made from.
public struct DatasetSource: Equatable, Sendable {
  public var recipe: any DatasetRecipe
  /// Nil for the normalization that the recipe gives.
  public var normalization: NormalizationChoice?

  public init(_ recipe: any DatasetRecipe, normalization: NormalizationChoice? = nil) {
    self.recipe = recipe
    self.normalization = normalization
  }

  public static func == (left: DatasetSource, right: DatasetSource) -> Bool {
    left.recipe.equals(right.recipe) && left.normalization == right.normalization
  }

  /// Makes the set.
  ///
  /// - Parameter base: gives the base of a derived set.
  /// - Throws: `DatasetError`, and the errors of `base`.
  public func dataset(
    named name: String, in directory: DataDirectory, base: (String) throws -> Dataset
  ) throws -> Dataset {
    let set = try recipe.dataset(named: name, in: directory, base: base)
    return try normalization.map { choice throws(DatasetError) in try set.normalized(choice) } ?? set
  }

  /// The set that this one is derived from.
  public var base: String? { recipe.base }

  /// The options for arrays that a client uploads; nil for a set that the server makes.
  public var upload: UploadSource? { recipe as? UploadSource }
}
