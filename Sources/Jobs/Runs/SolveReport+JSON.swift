import Influence

extension SolveReport {
  /// What a person should know of a solve that did not converge.
  var warnings: [String] {
    guard !converged else { return [] }
    let residual = "its relative residual is \(relativeResidual.shortText)"
    if let chosenIteration {
      let end = reason == .negativeCurvature ? " The path ended at negative curvature." : ""
      return [
        "The update is step \(chosenIteration) of a path of \(iterations), the best on validation samples; \(residual)."
          + end
      ]
    }
    let advice =
      switch reason ?? .stagnation {
      case .iterationLimit: "Allow more iterations or a larger tolerance."
      case .negativeCurvature: "Add damping, use hessian gauss_newton, or the solver lsmr or minres."
      case .stagnation: "Add damping, allow a larger tolerance, or compute in float64."
      case .lowRank: "Raise the rank, or choose complement solved."
      case .observer: ""
      }
    return [
      "The solve did not reach its tolerance (\((reason ?? .stagnation).rawValue)); \(residual). \(advice)"
    ]
  }

  /// The `solver` member of a result.
  var json: JSONValue {
    var object: JSONObject = [
      "name": .string(solver), "iterations": JSONValue(chosenIteration ?? iterations),
      "path_iterations": JSONValue(iterations), "converged": .bool(converged),
      "reason": JSONValue(reason?.rawValue), "relative_residual": .number(relativeResidual),
      "tolerance": .number(tolerance), "rounding_floor": .number(roundingFloor),
      "residual_history": JSONValue(residualHistory),
      "curvature_products": JSONValue(curvatureProducts), "damping": .number(damping),
      "c": JSONValue(scale),
    ]
    if let rank { object["rank"] = JSONValue(rank) }
    if let negativeEigenvalues { object["negative_eigenvalues"] = JSONValue(negativeEigenvalues) }
    return .object(object)
  }
}
