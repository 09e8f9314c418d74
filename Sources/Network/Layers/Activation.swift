import Tensor

/// What follows a layer a value at a time, in place: y = φ(z).
///
/// Everything needed later is in y: φ′ = 1 where y > 0 (ReLU; 0 at 0, as in PyTorch), 1 − y² (tanh).
enum Activation: Sendable {
  case identity, relu, tanh

  /// Whether the second derivative of φ vanishes, so that the gradient after φ need not be kept.
  var isPiecewiseLinear: Bool { self != .tanh }

  /// y ← φ(y)
  func forward<Element: Scalar>(_ y: UnsafeMutablePointer<Element>, _ n: Int) {
    switch self {
    case .identity: break
    case .relu: Element.relu(y, n)
    case .tanh: Element.tanh(y, n)
    }
  }

  /// d ← φ′·d: the backward pass, and the tangent's forward pass.
  func slope<Element: Scalar>(
    _ y: UnsafePointer<Element>, _ d: UnsafeMutablePointer<Element>, _ n: Int
  ) {
    switch self {
    case .identity: break
    case .relu: Element.reluMask(y, d, n)
    case .tanh: Element.tanhSlope(y, d, n)
    }
  }

  /// ∂ż ← φ′·∂ẏ + φ″ż·∂y, in place of ∂ẏ; φ″ż = −2yẏ for tanh.
  /// - Parameters:
  ///   - ty: ẏ, after φ.
  ///   - dy: ∂y, after φ.
  func slopeTangent<Element: Scalar>(
    _ y: UnsafePointer<Element>, ty: UnsafePointer<Element>, dy: UnsafePointer<Element>,
    _ tdy: UnsafeMutablePointer<Element>, _ n: Int
  ) {
    switch self {
    case .identity: break
    case .relu: Element.reluMask(y, tdy, n)
    case .tanh: Element.tanhSlopeTangent(y, ty, dy, tdy, n)
    }
  }
}
