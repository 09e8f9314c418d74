import Tensor

/// A function of θ with two derivatives, as minimisers see it.
public protocol Objective<Element> {
  associatedtype Element: Scalar
  associatedtype Curvature: SymmetricOperator<Element>

  /// Length of θ.
  var dimension: Int { get }

  /// The value and gradient at θ; the same θ gives the same bits.
  func evaluate(_ theta: [Element]) throws -> ObjectiveValue<Element>

  /// The Hessian at θ.
  func curvature(_ theta: [Element]) throws -> Curvature

  /// The size of what a gradient is summed of: rounding leaves about the unit roundoff times this in it, however small
  /// the sum is.
  func gradientScale(_ theta: [Element]) throws -> Double
}

/// A function at one point.
public struct ObjectiveValue<Element: Scalar>: Sendable {
  public var value: Double
  /// Differences of values below this are rounding.
  public var resolution: Double
  public var gradient: [Element]

  public init(value: Double, resolution: Double, gradient: [Element]) {
    self.value = value
    self.resolution = resolution
    self.gradient = gradient
  }

  var isFinite: Bool { value.isFinite && gradient.isFinite }
}
