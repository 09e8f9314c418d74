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

/// With Σ the sum over the rows of a sample:
/// - tangentForward: ẏ = ȧ∘b + a∘ḃ.
/// - backward: ∂a = ∂y∘b, ∂b = Σ ∂y∘a.
/// - tangentBackward: ∂ȧ = ∂ẏ∘b + ∂y∘ḃ, ∂ḃ = Σ ∂ẏ∘a + ∂y∘ȧ.
struct RowProductLayer<Element: Scalar>: Joint {
  let outputCount: Int
  let row: Int

  /// y ← a∘b, or y + a∘b.
  private func multiply(
    _ pass: Pass<Element>, _ a: UnsafePointer<Element>, _ b: UnsafePointer<Element>,
    _ y: UnsafeMutablePointer<Element>, adds: Bool = false
  ) {
    for sample in 0..<pass.count {
      let start = sample * outputCount
      Element.rowKernels.multiply(a + start, b + sample * row, y + start, outputCount / row, row, adds)
    }
  }

  /// b ← Σ x∘y, or b + Σ x∘y.
  private func sum(
    _ pass: Pass<Element>, _ x: UnsafePointer<Element>, _ y: UnsafePointer<Element>,
    _ b: UnsafeMutablePointer<Element>, adds: Bool = false
  ) {
    if !adds { b.clear(pass.count * row) }
    for sample in 0..<pass.count {
      let start = sample * outputCount
      Element.rowKernels.dot(x + start, y + start, b + sample * row, outputCount / row, row)
    }
  }

  func forward(_ pass: Pass<Element>, x: [UnsafePointer<Element>], y: UnsafeMutablePointer<Element>) {
    multiply(pass, x[0], x[1], y)
  }

  func backward(
    _ pass: Pass<Element>, x: [UnsafePointer<Element>?], y: UnsafePointer<Element>?,
    dy: UnsafePointer<Element>, dx: [UnsafeMutablePointer<Element>?], gradient: UnsafeMutablePointer<Element>
  ) {
    guard let a = x[0], let b = x[1] else { return }
    if let da = dx[0] { multiply(pass, dy, b, da) }
    if let db = dx[1] { sum(pass, dy, a, db) }
  }

  func tangentForward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: [UnsafePointer<Element>?],
    y: UnsafePointer<Element>?, tx: [UnsafePointer<Element>?], ty: UnsafeMutablePointer<Element>
  ) {
    guard let a = x[0], let b = x[1] else { return }
    if let ta = tx[0] { multiply(pass, ta, b, ty) }
    if let tb = tx[1] { multiply(pass, a, tb, ty, adds: tx[0] != nil) }
  }

  func tangentBackward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: [UnsafePointer<Element>?],
    y: UnsafePointer<Element>?, tx: [UnsafePointer<Element>?], ty: UnsafePointer<Element>?,
    dy: UnsafePointer<Element>?, tdy: UnsafePointer<Element>, tdx: [UnsafeMutablePointer<Element>?],
    product: UnsafeMutablePointer<Element>?
  ) {
    guard let a = x[0], let b = x[1] else { return }
    if let da = tdx[0] {
      multiply(pass, tdy, b, da)
      if let tb = tx[1], let dy { multiply(pass, dy, tb, da, adds: true) }
    }
    if let db = tdx[1] {
      sum(pass, tdy, a, db)
      if let ta = tx[0], let dy { sum(pass, dy, ta, db, adds: true) }
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
