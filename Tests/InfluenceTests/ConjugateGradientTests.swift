import Influence
import Tensor
import Testing

@Suite("Conjugate gradients")
struct ConjugateGradientTests {
  @Test func roundingExcusesNoAnswerThatMeansNothing() throws {
    // Eigenvalues from 1 to 1e-12 in Float: the rounding of H x alone is larger than g.
    let n = 50
    var matrix = [Float].zeros(n * n)
    for (index, value) in TestSystems.logSpaced(n, condition: 1e12).enumerated() {
      matrix[index * n + index] = Float(value)
    }
    let h = DenseSymmetricOperator(matrix, dimension: n)
    let g = [Float](repeating: 1, count: n)
    for report in [
      try ConjugateGradient().solve(h, g).report, try BlockConjugateGradient().solve(h, block: [g])[0].report,
    ] {
      #expect(report.converged == (report.relativeResidual <= SolveReport.largestFloor))
      #expect(!report.converged && report.reason != nil)
    }
  }

  @Test(arguments: [1e2, 1e3, 1e4])
  func illConditionedSystemsAgreeWithCholesky(_ condition: Double) throws {
    let n = 80
    let matrix = TestSystems.symmetric(TestSystems.logSpaced(n, condition: condition), seed: 1)
    let g = TestSystems.vector(n, seed: 2)
    let exact = try DenseAlgebra.solvePositiveDefinite(matrix, order: n, rightHandSides: [g])[0]
    let double = try ConjugateGradient().solve(DenseSymmetricOperator(matrix, dimension: n), g)
    #expect(double.report.converged)
    #expect(relativeError(double.x, exact) <= 1e-10 * condition)
    let single = try ConjugateGradient().solve(
      DenseSymmetricOperator<Float>(cast(matrix), dimension: n), cast(g))
    #expect(single.report.converged)
    #expect(relativeError(single.x, exact) <= 5e-7 * condition)
  }

  @Test func theReportedResidualIsTheTrueOne() throws {
    let n = 60
    let matrix = TestSystems.symmetric(TestSystems.logSpaced(n, condition: 1e4), seed: 3)
    let g: [Float] = cast(TestSystems.vector(n, seed: 4))
    let h = DenseSymmetricOperator<Float>(cast(matrix), dimension: n)
    let solution = try ConjugateGradient(SolveOptions(tolerance: 1e-7)).solve(h, g)
    var rest = try h.apply(solution.x)
    rest.scale(-1, adding: g)
    #expect(abs(solution.report.relativeResidual - rest.norm / g.norm) <= 1e-12)
    // A tolerance that this precision cannot hold is not claimed.
    #expect(solution.report.relativeResidual > 1e-7)
    #expect(!solution.report.converged && solution.report.reason == .stagnation)
  }

  @Test func dampingIsAdded() throws {
    let n = 30
    let values = TestSystems.logSpaced(n, condition: 100).map { $0 - 0.2 }
    let x = TestSystems.vector(n, seed: 6)
    let h = DenseSymmetricOperator(TestSystems.symmetric(values, seed: 5), dimension: n)
    let g = try DampedOperator(h, damping: 0.25).apply(x)
    let solution = try ConjugateGradient(SolveOptions(damping: 0.25)).solve(h, g)
    #expect(solution.report.converged && relativeError(solution.x, x) <= 1e-8)
  }

  @Test func negativeCurvatureIsSeen() throws {
    let n = 40
    var values = TestSystems.logSpaced(n, condition: 50)
    values[20] = -0.05
    let h = DenseSymmetricOperator(TestSystems.symmetric(values, seed: 7), dimension: n)
    var last: [Double] = .zeros(n)
    let solution = try ConjugateGradient().solve(
      h, TestSystems.vector(n, seed: 8),
      monitor: SolveMonitor(observe: {
        last = $1
        return .proceed
      }))
    #expect(solution.report.reason == .negativeCurvature && !solution.report.converged)
    #expect(solution.x == last)
    let opposite = try ConjugateGradient().solve(
      DenseSymmetricOperator<Double>([-1, 0, 0, -2], dimension: 2), [1, 1])
    #expect(opposite.x == [0, 0] && opposite.report.reason == .negativeCurvature)
  }

  @Test func smallAndExactCasesEnd() throws {
    let h = DenseSymmetricOperator<Float>([2, 0, 0, 5], dimension: 2)
    let zero = try ConjugateGradient().solve(h, [0, 0])
    #expect(zero.x == [0, 0] && zero.report.converged && zero.report.iterations == 0)
    let axis = try ConjugateGradient().solve(h, [0, 10])
    #expect(axis.x == [0, 2] && axis.report.converged && axis.report.iterations == 1)
    let one = try ConjugateGradient().solve(DenseSymmetricOperator<Double>([4], dimension: 1), [2])
    #expect(one.x == [0.5])
    let singular = try ConjugateGradient().solve(
      DenseSymmetricOperator<Double>([1, 0, 0, 0], dimension: 2), [1, 1])
    #expect(!singular.report.converged && singular.x.allSatisfy { $0.isFinite })
  }

  @Test func jacobiHelpsABadlyScaledSystem() throws {
    let n = 100
    var matrix = TestSystems.symmetric((0..<n).map { 1 + Double($0 % 7) / 10 }, seed: 9)
    // Rows and columns scaled over four orders of magnitude.
    let scales = TestSystems.logSpaced(n, condition: 1e2)
    for i in 0..<n {
      for j in 0..<n { matrix[i * n + j] *= scales[i] * scales[j] }
    }
    let h = DenseSymmetricOperator(matrix, dimension: n)
    let g = TestSystems.vector(n, seed: 10)
    let exact = try DenseAlgebra.solvePositiveDefinite(matrix, order: n, rightHandSides: [g])[0]
    let plain = try ConjugateGradient().solve(h, g)
    let diagonal = JacobiPreconditioner(diagonal: (0..<n).map { matrix[$0 * n + $0] })
    let better = try ConjugateGradient().solve(h, g, preconditioner: diagonal)
    #expect(better.report.converged && relativeError(better.x, exact) <= 1e-6)
    #expect(better.report.iterations * 5 < plain.report.iterations)
    // Jacobi's residual is weighed otherwise; the reported one is ‖g − Hx‖/‖g‖ all the same.
    var rest = try h.apply(better.x)
    rest.scale(-1, adding: g)
    #expect(abs(rest.norm / g.norm - better.report.relativeResidual) <= 1e-14)
  }

  @Test func severalRightHandSidesShareAPreconditioner() throws {
    let n = 60
    let h = CountingOperator(
      DenseSymmetricOperator(
        TestSystems.symmetric(TestSystems.logSpaced(n, condition: 100), seed: 13), dimension: n))
    let block = (0..<4).map { TestSystems.vector(n, seed: 20 + $0) }
    let solver = ConjugateGradient(preconditioning: .jacobi(probes: 30))
    let solutions = try solver.solve(h, block: block)
    #expect(solutions.map(\.report.curvatureProducts).reduce(0, +) == h.counter.count)
    #expect(try solver.solve(h, block[2]).x == solutions[2].x)
  }

  @Test func nystromFlattensADecayingSpectrum() throws {
    let n = 120
    let values = (0..<n).map { 1 / Double(($0 + 1) * ($0 + 1)) }
    let matrix = TestSystems.symmetric(values, seed: 11)
    let h = DenseSymmetricOperator(matrix, dimension: n)
    let g = TestSystems.vector(n, seed: 12)
    let options = SolveOptions(damping: 1e-3)
    let plain = try ConjugateGradient(options).solve(h, g)
    let counted = CountingOperator(h)
    let better = try ConjugateGradient(options, preconditioning: .nystrom(rank: 40)).solve(counted, g)
    #expect(better.report.converged)
    #expect(relativeError(better.x, plain.x.map { $0 }) <= 1e-7)
    #expect(better.report.iterations * 3 < plain.report.iterations)
    #expect(better.report.curvatureProducts == counted.counter.count)
    let nystrom = try NystromPreconditioner(h, rank: 40, damping: 1e-3, seed: 0)
    for index in 0..<5 { #expect(abs(nystrom.eigenvalues[index] - values[index]) <= 0.02 * values[index]) }
  }
}

@Suite("Block conjugate gradients")
struct BlockConjugateGradientTests {
  let n = 150

  @Test(arguments: [1e2, 1e4])
  func theBlockAgreesWithCholeskyInFarFewerSteps(_ condition: Double) throws {
    let matrix = TestSystems.symmetric(TestSystems.logSpaced(n, condition: condition), seed: 1)
    let rights = (0..<20).map { TestSystems.vector(n, seed: 100 + $0) }
    let exact = try DenseAlgebra.solvePositiveDefinite(matrix, order: n, rightHandSides: rights)
    let counted = CountingOperator(DenseSymmetricOperator(matrix, dimension: n))
    let solutions = try BlockConjugateGradient().solve(counted, block: rights)
    for (solution, x) in zip(solutions, exact) {
      #expect(solution.report.converged)
      #expect(relativeError(solution.x, x) <= 1e-10 * condition)
    }
    #expect(solutions.map(\.report.curvatureProducts).reduce(0, +) == counted.counter.count)
    let alone = try ConjugateGradient().solve(DenseSymmetricOperator(matrix, dimension: n), rights[0])
    let steps = solutions[0].report.iterations
    #expect(steps * 3 < alone.report.iterations)
    let single = try BlockConjugateGradient().solve(
      DenseSymmetricOperator<Float>(cast(matrix), dimension: n), block: rights.map { cast($0) })
    for (solution, x) in zip(single, exact) {
      #expect(solution.report.converged)
      #expect(relativeError(solution.x, x) <= 5e-7 * condition)
    }
  }

  @Test func dependentRightHandSidesDoNotBreakIt() throws {
    let matrix = TestSystems.symmetric(TestSystems.logSpaced(n, condition: 200), seed: 2)
    let a = TestSystems.vector(n, seed: 1)
    let b = TestSystems.vector(n, seed: 2)
    let sum = zip(a, b).map { $0 + 2 * $1 }
    let rights = [a, b, a, sum, .zeros(n), a.map { -1e-9 * $0 }]
    let exact = try DenseAlgebra.solvePositiveDefinite(matrix, order: n, rightHandSides: rights)
    let solutions = try BlockConjugateGradient().solve(
      DenseSymmetricOperator(matrix, dimension: n), block: rights)
    for (index, solution) in solutions.enumerated() {
      #expect(solution.report.converged, "right-hand side \(index)")
      if index != 4 { #expect(relativeError(solution.x, exact[index]) <= 1e-8) }
    }
    #expect(solutions[4].x == .zeros(n))
  }

  @Test func everyRightHandSideHasItsOwnVerdict() throws {
    // The matrix is diagonal and negative in the last direction. Only right-hand sides without this direction
    // are solved.
    let values = TestSystems.logSpaced(n - 1, condition: 50) + [-0.5]
    var matrix = [Double].zeros(n * n)
    for index in 0..<n { matrix[index * n + index] = values[index] }
    var clean = TestSystems.vector(n, seed: 3)
    clean[n - 1] = 0
    let touched = TestSystems.vector(n, seed: 4)
    let solutions = try BlockConjugateGradient().solve(
      DenseSymmetricOperator(matrix, dimension: n), block: [clean, touched])
    #expect(solutions[0].report.converged)
    #expect(relativeError(solutions[0].x, zip(clean, values).map { $0 / $1 }) <= 1e-8)
    #expect(!solutions[1].report.converged && solutions[1].report.reason == .negativeCurvature)
  }

  @Test func theWidthOfTheBlockDoesNotMatter() throws {
    let matrix = TestSystems.symmetric(TestSystems.logSpaced(n, condition: 100), seed: 5)
    let h = DenseSymmetricOperator(matrix, dimension: n)
    let rights = (0..<7).map { TestSystems.vector(n, seed: 200 + $0) }
    let whole = try BlockConjugateGradient().solve(h, block: rights)
    let parts = try BlockConjugateGradient(width: 3).solve(h, block: rights)
    for (a, b) in zip(whole, parts) { #expect(relativeError(a.x, b.x) <= 1e-8) }
  }

  @Test func theLimitIsKept() throws {
    let matrix = TestSystems.symmetric(TestSystems.logSpaced(n, condition: 1e4), seed: 6)
    let rights = (0..<3).map { TestSystems.vector(n, seed: 300 + $0) }
    let solutions = try BlockConjugateGradient(SolveOptions(iterationLimit: 4)).solve(
      DenseSymmetricOperator(matrix, dimension: n), block: rights)
    #expect(solutions.allSatisfy { $0.report.iterations == 4 && $0.report.reason == .iterationLimit })
  }
}
