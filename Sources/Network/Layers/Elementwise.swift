import Tensor

/// A function of one value, y = φ(z), applied in place behind a layer. Its derivatives follow from y.
///
/// A function whose derivatives need z, such as GELU, is a `Layer` instead: every pass of a layer is given x.
protocol Elementwise: Sendable, Equatable {
  /// Whether φ″ = 0 wherever it exists. Then no gradient behind φ is kept for products.
  var isPiecewiseLinear: Bool { get }

  /// Whether a max-pool right behind φ is moved before φ. This needs max(φ(z)) = φ(max(z)). φ then has fewer
  /// values to compute and keep.
  var followsMaxPool: Bool { get }

  /// y ← φ(y)
  func forward<Element: Scalar>(_ y: UnsafeMutablePointer<Element>, _ n: Int)

  /// d ← φ′·d: the backward pass, and the tangent's forward pass.
  func slope<Element: Scalar>(
    _ y: UnsafePointer<Element>, _ d: UnsafeMutablePointer<Element>, _ n: Int)

  /// ∂ż ← φ′·∂ẏ + φ″ż·∂y, in place of ∂ẏ. Functions that are piecewise linear need no such pass.
  /// - Parameters:
  ///   - ty: ẏ = φ′ż, after φ.
  ///   - dy: ∂y, after φ.
  func slopeTangent<Element: Scalar>(
    _ y: UnsafePointer<Element>, ty: UnsafePointer<Element>, dy: UnsafePointer<Element>,
    _ tdy: UnsafeMutablePointer<Element>, _ n: Int)
}

extension Elementwise {
  var isPiecewiseLinear: Bool { false }
  var followsMaxPool: Bool { false }

  func slopeTangent<Element: Scalar>(
    _ y: UnsafePointer<Element>, ty: UnsafePointer<Element>, dy: UnsafePointer<Element>,
    _ tdy: UnsafeMutablePointer<Element>, _ n: Int
  ) {
    precondition(isPiecewiseLinear, "A curved function has a slopeTangent of its own.")
    slope(y, tdy, n)
  }
}
