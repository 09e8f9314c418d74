import Tensor

/// A value in another order of memory, or the same numbers in another shape. The numbers themselves, in
/// PyTorch's order, are the same before and after.
struct Reordered: PlacedLayer {
  let source: ValueShape
  let value: ValueShape
  var changesValues = false

  /// Whether every number already lies at its place.
  var isAlias: Bool { source.isRowMajor && value.isRowMajor || source.liesAs(value) }
  var values: Int { value.count }

  var sources: [Int]? {
    let places = source.places
    return value.numbers.map { places[$0] }
  }

  func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage {
    .init(Rearrangement<Element>(sources ?? [], inputCount: source.count))
  }
}
