import Influence
import Tensor
import Testing

@Suite("MINRES")
struct MINRESTests {
  @Test(arguments: [1e2, 1e3])
  func indefiniteSystemsAreSolved(_ condition: Double) throws {
    let n = 80
    let values = TestSystems.logSpaced(n, condition: condition).enumerated().map { $0 % 2 == 0 ? -$1 : $1 }
    let matrix = TestSystems.symmetric(values, seed: 1)
    let x = TestSystems.vector(n, seed: 2)
    let h = DenseSymmetricOperator(matrix, dimension: n)
    let solution = try MINRES().solve(h, h.apply(x))
    #expect(solution.report.converged)
    #expect(relativeError(solution.x, x) <= 1e-10 * condition)
    let history = solution.report.residualHistory
    #expect(zip(history, history.dropFirst()).allSatisfy { $1 <= $0 * (1 + 1e-12) })
    let small = DenseSymmetricOperator<Float>(cast(matrix), dimension: n)
    let single = try MINRES().solve(small, cast(h.apply(x)))
    #expect(single.report.converged && relativeError(single.x, x) <= 1e-6 * condition)
  }

  @Test func aSingularSystemIsSolvedWhereItCanBe() throws {
    let n = 40
    let values = TestSystems.logSpaced(30, condition: 50).enumerated().map { $0 % 3 == 0 ? -$1 : $1 }
    let matrix = TestSystems.symmetric(values + .zeros(10), seed: 3)
    let h = DenseSymmetricOperator(matrix, dimension: n)
    let reachable = try h.apply(TestSystems.vector(n, seed: 4))
    let good = try MINRES().solve(h, reachable)
    let exact = try DirectSolver().solve(h, reachable)
    #expect(good.report.converged && relativeError(good.x, exact.x) <= 1e-7)
    let bad = try MINRES().solve(h, TestSystems.vector(n, seed: 5))
    #expect(!bad.report.converged && bad.report.reason == .stagnation)
    // The residual left is orthogonal to the range.
    var rest = try h.apply(bad.x)
    rest.scale(-1, adding: TestSystems.vector(n, seed: 5))
    let angle = try h.apply(rest).norm / rest.norm
    #expect(angle <= 1e-8)
  }

  @Test func smallCasesEnd() throws {
    let swap = DenseSymmetricOperator<Double>([0, 1, 1, 0], dimension: 2)
    let solution = try MINRES().solve(swap, [3, 4])
    #expect(relativeError(solution.x, [4, 3]) <= 1e-14 && solution.report.converged)
    let one = try MINRES().solve(DenseSymmetricOperator<Float>([-2], dimension: 1), [3])
    #expect(one.x == [-1.5] && one.report.converged)
    let zero = try MINRES().solve(swap, [0, 0])
    #expect(zero.x == [0, 0] && zero.report.converged)
  }
}
