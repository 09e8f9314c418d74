import Influence

extension ConvergenceDemand {
  /// Whether an answer with this true relative residual may be given as a ranking. NaN is never reliable.
  static func isReliable(_ residual: Double) -> Bool { residual <= largestResidual }

  /// Ends a job whose answers are worse than it demands.
  /// - Parameters:
  ///   - reports: the reports of the solves.
  ///   - subject: the purpose of the solves, such as "test point".
  /// - Throws: `JobFailure.notConverged`.
  func check(_ reports: [SolveReport], _ subject: String) throws {
    try check(
      residuals: reports.map(\.relativeResidual), converged: reports.allSatisfy(\.converged),
      warnings: SolveReport.warnings(of: reports), subject)
  }

  /// The same for solves whose reports are stored.
  func check(residuals: [Double], converged: Bool, warnings: [String], _ subject: String) throws {
    switch self {
    case .none: return
    case .tolerance:
      guard !converged else { return }
      throw JobFailure(
        .notConverged, warnings.joined(separator: " "),
        advice: "Allow more iterations, a larger tolerance or damping.")
    case .reliable:
      let unreliable = residuals.indices.filter { !Self.isReliable(residuals[$0]) }
      guard let first = unreliable.first else { return }
      let count =
        residuals.count == 1
        ? "The solve of the \(subject)"
        : "\(unreliable.count) of \(residuals.count) solves, the first for \(subject) \(first + 1),"
      throw JobFailure(
        .notConverged,
        "\(count) ended with the relative residual \(residuals[first].shortText), above "
          + "\(Self.largestResidual.shortText): a ranking by it would have wrong members and signs. "
          + warnings.joined(separator: " "),
        advice:
          "Leave hessian and damping at their defaults (gauss_newton, auto), give more damping or iterations, or set "
          + "require_convergence to false to get the answer marked as not reliable.")
    }
  }

  /// The warning about answers that are given although they are unreliable.
  static func warning(of unreliable: Int, of all: Int, _ subjects: String) -> [String] {
    guard unreliable > 0 else { return [] }
    return [
      "\(unreliable) of \(all) \(subjects) have relative residuals above \(largestResidual.shortText) and are marked "
        + "\"reliable\": false: their members and signs are not to be trusted."
    ]
  }
}
