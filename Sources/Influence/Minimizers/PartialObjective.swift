import Tensor

/// A function of some of the parameters, with the others fixed. `fif` steps towards its minimum.
public struct PartialObjective<Base: Objective>: Objective {
  public typealias Curvature = PrincipalRestriction<Base.Curvature>

  public let base: Base
  /// The values of the fixed parameters, in a vector of the base's dimension.
  public let fixed: [Double]
  /// J, ascending.
  public let indices: [Int]

  /// - Precondition: `fixed` has the base's dimension, and every index lies in it.
  public init(_ base: Base, fixed: [Double], indices: [Int]) {
    precondition(fixed.count == base.dimension, "A point has the dimension of the function.")
    precondition(indices.allSatisfy(fixed.indices.contains), "An index of J lies outside θ.")
    self.base = base
    self.fixed = fixed
    self.indices = indices
  }

  public var dimension: Int { indices.count }

  /// The whole θ for some θ_J.
  public func whole(_ part: [Double]) -> [Double] {
    var theta = fixed
    for (place, index) in indices.enumerated() { theta[index] = part[place] }
    return theta
  }

  public func evaluate(_ theta: [Double]) throws -> ObjectiveValue {
    var value = try base.evaluate(whole(theta))
    value.gradient = indices.map { value.gradient[$0] }
    return value
  }

  public func curvature(_ theta: [Double]) throws -> PrincipalRestriction<Base.Curvature> {
    PrincipalRestriction(try base.curvature(whole(theta)), indices: indices)
  }

  public func decreaseScale(_ value: ObjectiveValue) -> Double { base.decreaseScale(value) }

  public func gradientScale(_ theta: [Double]) throws -> Double {
    try base.gradientScale(whole(theta))
  }
}
