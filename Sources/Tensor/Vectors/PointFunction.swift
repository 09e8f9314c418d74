import CKernels

/// A function φ of one value with its first and second derivative, as vector loops (`functions.inc`).
public struct PointFunction: Sendable, Hashable {
  /// A kernel by its name in C.
  public typealias Name = ck_function

  public let name: Name
  /// Parameters of the function, where it has any.
  public let a: Double
  public let b: Double

  public init(_ name: Name, _ a: Double = 0, _ b: Double = 0) {
    self.name = name
    self.a = a
    self.b = b
  }

  /// Whether φ″ = 0 wherever it exists.
  public var isPiecewiseLinear: Bool {
    switch name {
    case .hardsigmoid, .clamp, .clip, .leaky, .magnitude, .soft_shrink, .hard_shrink, .threshold: true
    default: false
    }
  }

  /// y ← φ(x); y may not be x.
  public func values<Element: Scalar>(
    _ x: UnsafePointer<Element>, _ y: UnsafeMutablePointer<Element>, _ n: Int
  ) {
    switch Element.precision {
    case .float32: ck_function_f32(name, Float(a), Float(b), x.bound(), y.bound(), n)
    case .float64: ck_function_f64(name, a, b, x.bound(), y.bound(), n)
    }
  }

  /// d ← φ′(x)·d
  public func slope<Element: Scalar>(
    _ x: UnsafePointer<Element>, _ d: UnsafeMutablePointer<Element>, _ n: Int
  ) {
    switch Element.precision {
    case .float32: ck_function_slope_f32(name, Float(a), Float(b), x.bound(), d.bound(), n)
    case .float64: ck_function_slope_f64(name, a, b, x.bound(), d.bound(), n)
    }
  }

  /// tdy ← φ′(x)·tdy + φ″(x)·tx·dy
  public func slopeTangent<Element: Scalar>(
    _ x: UnsafePointer<Element>, tx: UnsafePointer<Element>, dy: UnsafePointer<Element>,
    _ tdy: UnsafeMutablePointer<Element>, _ n: Int
  ) {
    switch Element.precision {
    case .float32:
      ck_function_slope_tangent_f32(
        name, Float(a), Float(b), x.bound(), tx.bound(), dy.bound(), tdy.bound(), n)
    case .float64:
      ck_function_slope_tangent_f64(name, a, b, x.bound(), tx.bound(), dy.bound(), tdy.bound(), n)
    }
  }
}
