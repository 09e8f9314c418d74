import Influence
import JSON

extension SolveReport {
  /// Whether a step of the path was chosen on validation samples. Such a solve need not converge.
  var isLeftEarly: Bool { chosenIteration != nil && !converged }

  /// Warnings about a solve that should have converged and did not.
  var warnings: [String] {
    guard !converged, !isLeftEarly else { return [] }
    let residual = "its relative residual is \(relativeResidual.shortText)"
    let reason = reason ?? .stagnation
    return [
      "The solve did not reach its tolerance (\(reason.rawValue)); \(residual). \(reason.advice)"
    ]
  }

  /// The `solver` member of a result.
  var json: JSONValue {
    var object: JSONObject = [
      "name": .string(solver), "iterations": JSONValue(chosenIteration ?? iterations),
      "path_iterations": JSONValue(iterations), "relative_residual": .number(relativeResidual),
      "tolerance": .number(tolerance), "rounding_floor": .number(roundingFloor),
      "residual_history": JSONValue(residualHistory),
      "curvature_products": JSONValue(curvatureProducts), "damping": .number(damping),
      "c": JSONValue(scale),
    ]
    if isLeftEarly {
      object["ended"] = "best on validation samples"
      if let reason, reason.isOfTheOperator { object["reason"] = .string(reason.rawValue) }
    } else {
      object["converged"] = .bool(converged)
      object["reason"] = JSONValue(reason?.rawValue)
    }
    if let rank { object["rank"] = JSONValue(rank) }
    if let negativeEigenvalues { object["negative_eigenvalues"] = JSONValue(negativeEigenvalues) }
    return .object(object)
  }
}
