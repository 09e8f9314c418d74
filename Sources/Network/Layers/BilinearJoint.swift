import Tensor

/// y = B(a, b): an operation of two inputs that is linear in each of them. Its passes follow from three products.
///
/// - backward: ∂a = B₁(∂y, b), ∂b = B₂(a, ∂y), where B₁ and B₂ are the adjoints of B in its inputs.
/// - tangentForward: ẏ = B(ȧ, b) + B(a, ḃ).
/// - tangentBackward: ∂ȧ = B₁(∂ẏ, b) + B₁(∂y, ḃ), ∂ḃ = B₂(a, ∂ẏ) + B₂(ȧ, ∂y).
protocol BilinearJoint<Element>: Joint {
  /// y ← B(a, b), or y + B(a, b).
  func multiply(
    _ pass: Pass<Element>, _ a: UnsafePointer<Element>, _ b: UnsafePointer<Element>,
    _ y: UnsafeMutablePointer<Element>, adds: Bool)

  /// ∂a ← B₁(∂y, b), or ∂a + B₁(∂y, b).
  func left(
    _ pass: Pass<Element>, _ dy: UnsafePointer<Element>, _ b: UnsafePointer<Element>,
    _ da: UnsafeMutablePointer<Element>, adds: Bool)

  /// ∂b ← B₂(a, ∂y), or ∂b + B₂(a, ∂y).
  func right(
    _ pass: Pass<Element>, _ a: UnsafePointer<Element>, _ dy: UnsafePointer<Element>,
    _ db: UnsafeMutablePointer<Element>, adds: Bool)
}

extension BilinearJoint {
  func forward(_ pass: Pass<Element>, x: [UnsafePointer<Element>], y: UnsafeMutablePointer<Element>) {
    multiply(pass, x[0], x[1], y, adds: false)
  }

  func backward(
    _ pass: Pass<Element>, x: [UnsafePointer<Element>?], y: UnsafePointer<Element>?,
    dy: UnsafePointer<Element>, dx: [UnsafeMutablePointer<Element>?], gradient: UnsafeMutablePointer<Element>
  ) {
    guard let a = x[0], let b = x[1] else { return }
    if let da = dx[0] { left(pass, dy, b, da, adds: false) }
    if let db = dx[1] { right(pass, a, dy, db, adds: false) }
  }

  func tangentForward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: [UnsafePointer<Element>?],
    y: UnsafePointer<Element>?, tx: [UnsafePointer<Element>?], ty: UnsafeMutablePointer<Element>
  ) {
    guard let a = x[0], let b = x[1] else { return }
    if let ta = tx[0] { multiply(pass, ta, b, ty, adds: false) }
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
      left(pass, tdy, b, da, adds: false)
      if let tb = tx[1], let dy { left(pass, dy, tb, da, adds: true) }
    }
    if let db = tdx[1] {
      right(pass, a, tdy, db, adds: false)
      if let ta = tx[0], let dy { right(pass, ta, dy, db, adds: true) }
    }
  }
}
