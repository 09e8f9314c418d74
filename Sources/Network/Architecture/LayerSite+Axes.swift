import Tensor

/// Axes as PyTorch counts them: 0 is the batch, and −1 the last.
extension LayerSite {
  /// The axis of a sample's value that a number names; nil after a fault.
  /// - Parameters:
  ///   - rank: axes of the value, without the batch.
  ///   - extra: 1 for an axis that is to be added.
  func axis(_ dim: Int, rank: Int, extra: Int = 0, at option: String) -> Int? {
    let total = rank + 1 + extra
    let axis = (dim < 0 ? dim + total : dim) - 1
    guard axis >= 0, axis < rank + extra else {
      addFault(
        axis == -1
          ? "must not be the batch, which is axis 0"
          : "must be an axis from 1 to \(rank + extra), or from −1 back, got \(dim)", at: option)
      return nil
    }
    return axis
  }

  /// A place along an axis of so many places, counted from the end if it is negative, moved into the axis.
  static func place(_ index: Int, of size: Int) -> Int { min(max(index < 0 ? index + size : index, 0), size) }

  /// Whether sizes are positive and multiply to a number that the limit of a layer's values allows; false after
  /// a fault.
  func hasRoom(sizes: [Int], at option: String) -> Bool {
    if let size = sizes.first(where: { $0 < 1 }) {
      addFault("must give every axis at least one place, got \(size)", at: option)
      return false
    }
    var count = 1
    for size in sizes {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      if overflow { return hasRoom(values: .max, at: option) }
      count = product
    }
    return hasRoom(values: count, at: option)
  }

  /// The same numbers under other sizes: nothing is moved if the input lies in PyTorch's order.
  func reshaped(to sizes: [Int]) -> Architecture.Node {
    let (source, value) = rowMajor(0)
    return .init(
      Reordered(source: source, value: ValueShape(sizes), changesValues: false), inputs: [value])
  }

  /// The same numbers in the same places of memory, with other axes.
  func relabelled(_ value: ValueShape) -> Architecture.Node { node(Relabelled(value: value)) }
}

/// A value whose axes are named anew; its numbers stay where they are.
struct Relabelled: PlacedLayer {
  let value: ValueShape
  var changesValues: Bool { false }
  var isAlias: Bool { true }
  var values: Int { 0 }

  func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage {
    .init(Rearrangement<Element>.identity(value.count))
  }
}
