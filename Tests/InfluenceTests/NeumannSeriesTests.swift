import Foundation
import Influence
import Tensor
import Testing

@Suite("Neumann series")
struct NeumannSeriesTests {
  let m = 60
  let n = 40

  @Test func itConvergesExactlyAboveTheBound() throws {
    let a = DenseOperator(
      TestSystems.rectangular(m, n, TestSystems.logSpaced(n, condition: 10).map { 3 * $0 }, seed: 1), rows: m,
      columns: n)
    let g = TestSystems.vector(m, seed: 2)
    let exact = try DenseAlgebra.leastSquares(a.elements, rows: m, columns: n, g).solution
    let limit = 3 / 2.0.squareRoot()
    let above = try NeumannSeries(scale: 1.01 * limit).solve(leastSquares: a, g)
    #expect(above.report.converged && above.report.scale == 1.01 * limit)
    #expect(relativeError(above.x, exact) <= 1e-8)
    do {
      _ = try NeumannSeries(scale: 0.99 * limit).solve(leastSquares: a, g)
      Issue.record("A scale below the bound cannot converge.")
    } catch SolveError.diverged(let solver, _, let residual, let advice) {
      #expect(solver == "neumann" && residual > 1 && advice.contains("scale"))
    }
  }

  @Test(arguments: [1e1, 1e2])
  func theScaleIsMeasured(_ condition: Double) throws {
    let singular = TestSystems.logSpaced(n, condition: condition).map { 7 * $0 }
    let matrix = TestSystems.rectangular(m, n, singular, seed: 3)
    let counted = CountingOperator(DenseOperator(matrix, rows: m, columns: n))
    let g = TestSystems.vector(m, seed: 4)
    let exact = try DenseAlgebra.leastSquares(matrix, rows: m, columns: n, g).solution
    let solution = try NeumannSeries(SolveOptions(iterationLimit: 300_000, tolerance: 1e-10)).solve(
      leastSquares: counted, g)
    let scale = try #require(solution.report.scale)
    #expect(scale > 7 / 2.0.squareRoot() && scale < 1.15 * 7 / 2.0.squareRoot())
    #expect(solution.report.converged)
    #expect(relativeError(solution.x, exact) <= 1e-10 * condition * condition)
    #expect(solution.report.curvatureProducts == counted.counter.count)
    let history = solution.report.residualHistory
    #expect(zip(history, history.dropFirst()).allSatisfy { $1 <= $0 * (1 + 1e-9) })
  }

  @Test func dampingIsThatOfLeastSquares() throws {
    let matrix = TestSystems.rectangular(m, n, TestSystems.logSpaced(n, condition: 1e3), seed: 5)
    let a = DenseOperator(matrix, rows: m, columns: n)
    let g = TestSystems.vector(m, seed: 6)
    let direct = try DirectSolver(damping: 0.1).solve(leastSquares: a, g)
    let series = try NeumannSeries(SolveOptions(damping: 0.1)).solve(leastSquares: a, g)
    #expect(series.report.converged && relativeError(series.x, direct.x) <= 1e-8)
  }

  @Test func aStepCostsTwoProducts() throws {
    let a = DenseOperator(
      TestSystems.rectangular(m, n, TestSystems.logSpaced(n, condition: 1e3), seed: 7), rows: m, columns: n)
    let options = SolveOptions(iterationLimit: 200)
    let report = try NeumannSeries(options, scale: 0.8).solve(
      leastSquares: a, TestSystems.vector(m, seed: 8)
    ).report
    #expect(report.curvatureProducts == 401)
    #expect(report.reason == .iterationLimit && report.iterations == 200)
  }

  @Test func negativeCurvatureEndsTheSymmetricSeries() throws {
    var values = TestSystems.logSpaced(n, condition: 20)
    values[30] = -0.3
    let h = DenseSymmetricOperator(TestSystems.symmetric(values, seed: 9), dimension: n)
    do {
      _ = try NeumannSeries().solve(h, TestSystems.vector(n, seed: 10))
      Issue.record("The series cannot converge on an indefinite operator.")
    } catch SolveError.diverged(_, _, _, let advice) {
      #expect(advice.contains("damping") && advice.contains("lsmr"))
    }
    let damped = try NeumannSeries(SolveOptions(damping: 0.4)).solve(h, TestSystems.vector(n, seed: 10))
    #expect(damped.report.converged)
  }

  @Test func zeroAndOneDimensionEnd() throws {
    let a = DenseOperator<Float>([2], rows: 1, columns: 1)
    let one = try NeumannSeries().solve(leastSquares: a, [3])
    #expect(one.report.converged && abs(one.x[0] - 1.5) <= 1e-6)
    let zero = try NeumannSeries().solve(leastSquares: a, [0])
    #expect(zero.report.converged && zero.x == [0])
    #expect(throws: SolveError.self) { try NeumannSeries(scale: 0).solve(leastSquares: a, [1]) }
  }
}
