/// Why a solve ended without an answer. Each case says what to change.
public enum SolveError: Error, Equatable, CustomStringConvertible {
  /// A vector has the wrong length.
  case length(of: String, expected: Int, actual: Int)
  /// An option has a value that the solver cannot work with.
  case option(name: String, value: String, expected: String)
  /// A number became infinite or NaN.
  case nonFinite(solver: String, iteration: Int, quantity: String)
  /// The residual grows from step to step.
  case diverged(solver: String, iteration: Int, relativeResidual: Double, advice: String)

  public var description: String {
    switch self {
    case .length(let name, let expected, let actual):
      return "The length of \(name) is \(actual); the operator needs \(expected)."
    case .option(let name, let value, let expected):
      return "The option \(name) is \(value); it must be \(expected)."
    case .nonFinite(let solver, let iteration, let quantity):
      return """
        \(solver): \(quantity) is infinite or NaN at iteration \(iteration). Check that the model's weights and \
        the gradient are finite; then add damping or compute in float64.
        """
    case .diverged(let solver, let iteration, let residual, let advice):
      return """
        \(solver): the relative residual has grown to \(residual) at iteration \(iteration) and will not come \
        down. \(advice)
        """
    }
  }
}

/// Throws unless a vector has the length that an operator needs.
func requireLength(_ actual: Int, _ expected: Int, _ name: String) throws {
  if actual != expected { throw SolveError.length(of: name, expected: expected, actual: actual) }
}
