import JSON

/// Decides the fate of an answer whose solve is not exact: the member `require_convergence` of jobs that rank
/// samples.
public enum ConvergenceDemand: Hashable, Sendable {
  /// The default: the job fails if a relative residual is above `largestResidual`. Such an answer is no
  /// ranking.
  case reliable
  /// `true`: the job fails if a solve misses its tolerance.
  case tolerance
  /// `false`: every answer is given. Answers above `largestResidual` are marked.
  case none

  /// The largest relative residual ‖g − (H + δI)x‖/‖g‖ of an answer that is given as a ranking.
  public static let largestResidual = 0.1

  static let form = Form<ConvergenceDemand>(
    schema: Schema.boolean, words: "true or false",
    read: { FieldReader.flag($0, at: $1, $2).map { $0 ? .tolerance : .none } },
    write: { demand in
      switch demand {
      case .reliable: .null
      case .tolerance: true
      case .none: false
      }
    })

  /// The member of a request.
  static func field<Owner>(_ path: WritableKeyPath<Owner, ConvergenceDemand> & Sendable) -> Field<Owner> {
    .member(
      "require_convergence", path, form, standard: "a residual above \(largestResidual) fails the job",
      "`true`: the job fails if a solve misses its tolerance. `false`: the job never fails for that, and answers with a residual "
        + "above \(largestResidual) have `reliable` false.")
  }
}
