import CKernels

/// A function φ of one value with its first and second derivative, as vector loops (`functions.inc`).
public struct PointFunction: Sendable, Hashable {
  public enum Name: Sendable, Hashable, CaseIterable {
    case sigmoid, silu, gelu, geluTanh, softplus, elu, mish, hardSwish, hardSigmoid, clamp, leaky, exponential
    case logarithm, root, reciprocal, square, power, magnitude, errorFunction, sine, cosine

    fileprivate var kernel: ck_function {
      switch self {
      case .sigmoid: ck_sigmoid
      case .silu: ck_silu
      case .gelu: ck_gelu
      case .geluTanh: ck_gelu_tanh
      case .softplus: ck_softplus
      case .elu: ck_elu
      case .mish: ck_mish
      case .hardSwish: ck_hardswish
      case .hardSigmoid: ck_hardsigmoid
      case .clamp: ck_clamp
      case .leaky: ck_leaky
      case .exponential: ck_exponential
      case .logarithm: ck_logarithm
      case .root: ck_root
      case .reciprocal: ck_reciprocal
      case .square: ck_square
      case .power: ck_power
      case .magnitude: ck_magnitude
      case .errorFunction: ck_error_function
      case .sine: ck_sine
      case .cosine: ck_cosine
      }
    }
  }

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
    case .hardSigmoid, .clamp, .leaky, .magnitude: true
    default: false
    }
  }

  /// y ← φ(x); y may not be x.
  public func values<Element: Scalar>(
    _ x: UnsafePointer<Element>, _ y: UnsafeMutablePointer<Element>, _ n: Int
  ) {
    switch Element.precision {
    case .float32: ck_function_f32(name.kernel, Float(a), Float(b), x.bound(), y.bound(), n)
    case .float64: ck_function_f64(name.kernel, a, b, x.bound(), y.bound(), n)
    }
  }

  /// d ← φ′(x)·d
  public func slope<Element: Scalar>(
    _ x: UnsafePointer<Element>, _ d: UnsafeMutablePointer<Element>, _ n: Int
  ) {
    switch Element.precision {
    case .float32: ck_function_slope_f32(name.kernel, Float(a), Float(b), x.bound(), d.bound(), n)
    case .float64: ck_function_slope_f64(name.kernel, a, b, x.bound(), d.bound(), n)
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
        name.kernel, Float(a), Float(b), x.bound(), tx.bound(), dy.bound(), tdy.bound(), n)
    case .float64:
      ck_function_slope_tangent_f64(name.kernel, a, b, x.bound(), tx.bound(), dy.bound(), tdy.bound(), n)
    }
  }
}
