import Tensor

/// y = a∘b, where b is repeated along the outer axes of a in memory: a factor for each channel.
struct PlacedRowProduct: PlacedLayer {
  let value: ValueShape
  /// Values of b.
  let row: Int

  func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage {
    .init(RowProductLayer<Element>(outputCount: value.count, row: row))
  }
}

/// The adjoints are ∂a = ∂y∘b and ∂b = Σ a∘∂y, with Σ the sum over the rows of a sample.
struct RowProductLayer<Element: Scalar>: BilinearJoint {
  let outputCount: Int
  let row: Int

  func multiply(
    _ pass: Pass<Element>, _ a: UnsafePointer<Element>, _ b: UnsafePointer<Element>,
    _ y: UnsafeMutablePointer<Element>, adds: Bool
  ) {
    for sample in 0..<pass.count {
      let start = sample * outputCount
      Element.rowKernels.multiply(a + start, b + sample * row, y + start, outputCount / row, row, adds)
    }
  }

  func left(
    _ pass: Pass<Element>, _ dy: UnsafePointer<Element>, _ b: UnsafePointer<Element>,
    _ da: UnsafeMutablePointer<Element>, adds: Bool
  ) { multiply(pass, dy, b, da, adds: adds) }

  func right(
    _ pass: Pass<Element>, _ a: UnsafePointer<Element>, _ dy: UnsafePointer<Element>,
    _ db: UnsafeMutablePointer<Element>, adds: Bool
  ) {
    if !adds { db.clear(pass.count * row) }
    for sample in 0..<pass.count {
      let start = sample * outputCount
      Element.rowKernels.dot(dy + start, a + start, db + sample * row, outputCount / row, row)
    }
  }
}

extension LayerSite {
  /// The product of two inputs, if one of them only lacks outer axes of the other in memory; else nil.
  func rowProduct() -> Architecture.Node? {
    let large = shape(0).count >= shape(1).count ? 0 : 1
    let whole = shape(large)
    guard shape(1 - large).rank <= whole.rank else { return nil }
    let part = shape(1 - large).padded(to: whole.rank)
    let long = whole.order.filter { whole.sizes[$0] > 1 }
    let inner = long.filter { part.sizes[$0] > 1 }
    guard zip(part.sizes, whole.sizes).allSatisfy({ $0 == $1 || $0 == 1 }), !inner.isEmpty,
      inner.count < long.count, Array(long.suffix(inner.count)) == inner
    else { return nil }
    let padded = insert(.init(Relabelled(value: part), inputs: [values[1 - large]]))
    let row = ordered(value: padded, as: part.ordered(whole.order))
    return .init(PlacedRowProduct(value: whole, row: part.count), inputs: [values[large], row])
  }
}
