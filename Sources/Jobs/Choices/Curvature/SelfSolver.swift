import Influence
import JSON

/// The solver of self-influences in a request.
enum SelfSolver {
  static let member = SolverRequest.ofSelfInfluence.described(by: Schema.ref("SelfSolver"))
  static let standardWords = "`direct` up to \(SelfInfluence.directLimit) parameters, `arnoldi` above"

  /// The dense factor as long as memory allows, else the strongest eigenpairs.
  static func standard(parameters: Int) -> SolverRequest {
    SolverRequest(ofSelfInfluence: parameters <= SelfInfluence.directLimit ? .direct : .arnoldi)
  }

  static func check(
    _ solver: SolverRequest?, parameters: Int, at pointer: JSONPointer, _ faults: RequestFaults
  ) {
    if solver?.name == .direct, parameters > SelfInfluence.directLimit {
      faults.add(
        "cannot be \"direct\" for \(parameters) parameters, at most \(SelfInfluence.directLimit); use arnoldi or cg",
        at: pointer)
    }
  }
}
