import Influence
import Tensor
import Testing

@Suite("Direct")
struct DirectSolverTests {
  let n = 40

  @Test func aPositiveDefiniteSystemIsSolved() throws {
    let h = DenseSymmetricOperator(
      TestSystems.symmetric(TestSystems.logSpaced(n, condition: 1e6), seed: 1), dimension: n)
    let x = TestSystems.vector(n, seed: 2)
    let counted = CountingOperator(h)
    let solution = try DirectSolver().solve(counted, h.apply(x))
    #expect(relativeError(solution.x, x) <= 1e-9)
    #expect(solution.report.converged && solution.report.negativeEigenvalues == 0)
    #expect(solution.report.rank == n && counted.counter.count == solution.report.curvatureProducts)
  }

  @Test func anIndefiniteSystemIsSolvedAndCounted() throws {
    var values = TestSystems.logSpaced(n, condition: 100)
    for index in [3, 17, 30] { values[index] = -values[index] }
    let h = DenseSymmetricOperator(TestSystems.symmetric(values, seed: 3), dimension: n)
    let x = TestSystems.vector(n, seed: 4)
    let solution = try DirectSolver().solve(h, h.apply(x))
    #expect(relativeError(solution.x, x) <= 1e-11)
    #expect(solution.report.negativeEigenvalues == 3 && solution.report.converged)
    let damped = try DirectSolver(damping: 2).solve(h, DampedOperator(h, damping: 2).apply(x))
    #expect(damped.report.negativeEigenvalues == 0 && relativeError(damped.x, x) <= 1e-12)
  }

  @Test func aSingularSystemGivesTheShortestLeastSquaresSolution() throws {
    let values = TestSystems.logSpaced(25, condition: 100) + [Double].zeros(15)
    let matrix = TestSystems.symmetric(values, seed: 5)
    let h = DenseSymmetricOperator(matrix, dimension: n)
    let g = TestSystems.vector(n, seed: 6)
    let exact = try DenseAlgebra.leastSquares(matrix, rows: n, columns: n, g).solution
    let solution = try DirectSolver().solve(h, g)
    #expect(solution.report.rank == 25 && relativeError(solution.x, exact) <= 1e-10)
    #expect(!solution.report.converged && solution.report.reason == .stagnation)
    let reachable = try DirectSolver().solve(h, h.apply(g))
    #expect(reachable.report.converged)
  }

  @Test func leastSquaresBeyondTheRankIsTheShortest() throws {
    let matrix = TestSystems.rectangular(30, n, TestSystems.logSpaced(8, condition: 10), seed: 7)
    let g = TestSystems.vector(30, seed: 8)
    let a = DenseOperator(matrix, rows: 30, columns: n)
    let solution = try DirectSolver().solve(leastSquares: a, g)
    #expect(solution.report.rank == 8 && solution.report.converged)
    let lsmr = try LSMR().solve(leastSquares: a, g)
    #expect(relativeError(lsmr.x, solution.x) <= 1e-9)
  }

  @Test func tooManyParametersAreRefused() throws {
    let h = DenseSymmetricOperator(
      TestSystems.symmetric(.init(repeating: 1, count: 6), seed: 9), dimension: 6)
    #expect(throws: SolveError.self) { try DirectSolver(dimensionLimit: 5).solve(h, .zeros(6)) }
  }

  @Test func smallCasesEnd() throws {
    let one = try DirectSolver().solve(DenseSymmetricOperator<Float>([4], dimension: 1), [2])
    #expect(one.x == [0.5] && one.report.converged)
    let zero = try DirectSolver().solve(DenseSymmetricOperator<Double>([0], dimension: 1), [2])
    #expect(zero.x == [0] && zero.report.rank == 0)
    let none = try DirectSolver().solve(DenseSymmetricOperator<Double>([], dimension: 0), [])
    #expect(none.x.isEmpty)
  }
}
