import Tensor

/// When an iteration ends.
public struct SolveOptions: Sendable, Hashable {
  /// The most steps; nil is the solver's default.
  public var iterationLimit: Int?
  /// The relative residual that ends the solve. nil is a default for the precision of the operator.
  public var tolerance: Double?
  /// δ: H + δI for symmetric systems, min ‖Ax − g‖² + δ²‖x‖² for least squares.
  public var damping: Double

  public init(iterationLimit: Int? = nil, tolerance: Double? = nil, damping: Double = 0) {
    self.iterationLimit = iterationLimit
    self.tolerance = tolerance
    self.damping = damping
  }

  /// Throws if a value makes no sense.
  func validate() throws {
    if let limit = iterationLimit, limit < 1 {
      throw SolveError.option(name: "iterations", value: "\(limit)", expected: "at least 1")
    }
    if let tolerance, !(tolerance >= 0 && tolerance < 1) {
      throw SolveError.option(name: "tolerance", value: "\(tolerance)", expected: "in 0 ..< 1")
    }
    if !(damping.isFinite && damping >= 0) {
      throw SolveError.option(name: "damping", value: "\(damping)", expected: "a number of at least 0")
    }
  }
}

/// Half the distance from 1 to the next number: the relative error of one rounding.
func unitRoundoff<Element: Scalar>(_: Element.Type) -> Double { Double(Element.ulpOfOne) / 2 }

/// The default tolerances. An answer in `Float` cannot have a smaller residual than about 10⁻⁷·κ, so a
/// smaller tolerance costs steps and gains nothing.
enum DefaultTolerance {
  /// For ‖g − Hx‖/‖g‖: the relative error of x is then about as small, at worst κ times as large.
  static func symmetric<Element: Scalar>(_: Element.Type) -> Double {
    Element.precision == .float32 ? 2e-7 : 1e-10
  }

  /// For ‖Aᵀ(g − Ax)‖/‖Aᵀg‖. It must be smaller, because weak directions count by σ² in this residual.
  static func leastSquares<Element: Scalar>(_: Element.Type) -> Double {
    Element.precision == .float32 ? 3e-8 : 1e-11
  }
}
