import Tensor

/// A function of θ with two derivatives, as minimisers see it.
///
/// Everything is in `Double`, also for a model in `Float`. Near a minimum the rounding of `Float` would hide
/// differences of values and gradients.
public protocol Objective {
  associatedtype Curvature: SymmetricOperator<Double>

  /// Length of θ.
  var dimension: Int { get }

  /// The value and gradient at θ; the same θ gives the same bits.
  func evaluate(_ theta: [Double]) throws -> ObjectiveValue

  /// The Hessian at θ.
  func curvature(_ theta: [Double]) throws -> Curvature

  /// The size of the terms whose sum is the gradient. Rounding leaves an error of about the unit roundoff
  /// times this size in the gradient, however small the sum is.
  func gradientScale(_ theta: [Double]) throws -> Double

  /// ‖∇‖₂ in the caller's coordinates, if those differ.
  func gradientNorm(_ gradient: [Double]) -> Double

  /// P⁻¹v for a positive definite P of about the size of the Hessian.
  func preconditioned(_ vector: [Double]) -> [Double]

  /// The diagonal of P; nil if P = I.
  var preconditionerDiagonal: [Double]? { get }

  /// A lower bound of the eigenvalues of the Hessian near the minimum; 0 if none is known.
  var leastCurvature: Double { get }

  /// The size that an expected decrease is compared with: the value, or the usual size of the value if the
  /// least value is 0.
  func decreaseScale(_ value: ObjectiveValue) -> Double
}

extension Objective {
  public func gradientNorm(_ gradient: [Double]) -> Double { gradient.norm }
  public func preconditioned(_ vector: [Double]) -> [Double] { vector }
  public var preconditionerDiagonal: [Double]? { nil }
  public var leastCurvature: Double { 0 }
  public func decreaseScale(_ value: ObjectiveValue) -> Double { abs(value.value) }
}

/// A function at one point.
public struct ObjectiveValue: Sendable {
  public var value: Double
  /// Differences of values below this are rounding.
  public var resolution: Double
  public var gradient: [Double]

  public init(value: Double, resolution: Double, gradient: [Double]) {
    self.value = value
    self.resolution = resolution
    self.gradient = gradient
  }

  var isFinite: Bool { value.isFinite && gradient.isFinite }
}
