import Tensor

/// A subset J of the parameters in the form that the passes use: rows of layers' weights.
public final class ParameterSubset<Element: Scalar>: Sendable {
  /// J.
  public let indices: [Int]
  let rows: RowTable
  let parts: [NetworkForm<Element>.Part]
  /// The places of sums over J in vectors of φ's length.
  let sums: [Range<Int>]

  init(indices: [Int], rows: RowTable, parts: [NetworkForm<Element>.Part], sums: [Range<Int>]) {
    self.indices = indices
    self.rows = rows
    self.parts = parts
    self.sums = sums
  }
}

/// The rows that a subset has in each layer that is narrowed. A layer is not narrowed if the subset has many
/// of its rows.
final class RowTable: Sendable {
  private let rows: [Int: [Int32]]

  init<Element>(_ layers: [WeightLayer<Element>]) {
    rows = Dictionary(
      uniqueKeysWithValues: layers.compactMap { layer in layer.chosen.map { (layer.weights, $0) } })
  }

  /// The rows of the layer whose weights lie at an offset; nil if the layer is not narrowed.
  func rows(at weights: Int) -> [Int32]? { rows[weights] }
}
