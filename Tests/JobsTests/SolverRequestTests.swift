import Influence
import JSON
import Jobs
import Testing

/// The list of solvers that requests name.
@Suite("Solver requests")
struct SolverRequestTests {
  private func read(_ text: String) throws -> SolverRequest {
    try SolverRequest.ofSolves.value(of: JSONParser.parse(text))
  }

  /// Results name a solver by its type. A request must use the same name.
  @Test(arguments: SolverRequest.Name.allCases) func theNameIsThatOfTheSolver(_ name: SolverRequest.Name) {
    #expect(type(of: SolverRequest(ofUpdates: name).solver).name == name.rawValue)
  }

  /// A grid shares the solve of equal requests. So requests that differ in one option must not be equal.
  @Test func anOptionMakesAnotherRequest() throws {
    let texts = [
      #""cg""#, #"{"name": "cg", "tolerance": 0.5}"#, #"{"name": "cg", "iterations": 7}"#,
      #"{"name": "cg", "preconditioner": "jacobi"}"#,
      #"{"name": "cg", "preconditioner": "jacobi", "probes": 7}"#,
      #"{"name": "cg", "preconditioner": "nystrom"}"#,
      #"{"name": "cg", "preconditioner": "nystrom", "rank": 7}"#, #""neumann""#,
      #"{"name": "neumann", "scale": 2}"#, #""lissa""#, #"{"name": "lissa", "scale": 2}"#,
      #"{"name": "lissa", "batch_size": 7}"#, #"{"name": "lissa", "repeats": 7}"#,
      #"{"name": "lissa", "corrections": 7}"#, #""arnoldi""#, #"{"name": "arnoldi", "rank": 7}"#,
      #"{"name": "arnoldi", "complement": "dropped"}"#, #""lsmr""#, #""minres""#, #""direct""#,
    ]
    let requests = try texts.map(read)
    #expect(Set(requests).count == texts.count)
    for request in requests {
      #expect(try read(JSONWriter.text(SolverRequest.ofSolves.write(request))) == request)
    }
  }
}
