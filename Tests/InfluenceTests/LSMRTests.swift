import Influence
import Tensor
import Testing

@Suite("LSMR")
struct LSMRTests {
  // Six rows of small integers; iterates and norms by SciPy 1.17 (`scipy.sparse.linalg.lsmr`, float64).
  let rows: [Double] = [
    1, 2, 0, -2, 0, 2, 3, 1, 3, 1, 3, -3, -1, -3, 2, 4, 2, 0, -2, 3, -2, 3, 1, -1,
  ]
  let right: [Double] = [1, -2, 3, 0, 5, -1]

  struct Reference: Sendable {
    let damping: Double
    let iterates: [[Double]]
    /// ‖Aᵀr − δ²x‖ after each step.
    let normalResiduals: [Double]
  }

  static let references = [
    Reference(
      damping: 0,
      iterates: [
        [1.0955299240753429, -0.09959362946139481, -0.39837451784557926, 0.14939044419209224],
        [1.2163704685844805, -0.002401224509206684, -0.3367453216346197, 0.17434046421923186],
        [1.2806677463894809, 0.08037021549303944, -0.28268529578515367, 0.29621970333628433],
        [1.281978104847098, 0.14853338880798841, -0.3148858435614729, 0.3342521323070523],
      ], normalResiduals: [5.7058042446126045, 3.158108241899427, 1.1519749763951188, 0]),
    Reference(
      damping: 0.5,
      iterates: [
        [1.0828687613961396, -0.09844261467237635, -0.3937704586895054, 0.1476639220085645],
        [1.2006187618792343, -0.0027231117329436505, -0.3327290271475801, 0.17205515368814264],
        [1.261951828794878, 0.07712178955581352, -0.28044180570760935, 0.2901289525560213],
        [1.2628071909832854, 0.14162767564372347, -0.3113138294769368, 0.32585427831982083],
      ], normalResiduals: [5.635618705561179, 3.097342934996774, 1.1156575250377827, 0]),
  ]

  @Test(arguments: [0, 1])
  func iteratesAreThoseOfSciPy(_ index: Int) throws {
    let reference = Self.references[index]
    let a = DenseOperator(rows, rows: 6, columns: 4)
    var iterates: [[Double]] = []
    let solution = try LSMR(SolveOptions(iterationLimit: 4, damping: reference.damping)).solve(
      leastSquares: a, right,
      monitor: SolveMonitor(observe: { _, x in
        iterates.append(x)
        return .proceed
      }))
    #expect(iterates.count == 4)
    let size = try a.applyTransposed(right).norm
    for step in 0..<4 {
      #expect(relativeError(iterates[step], reference.iterates[step]) <= 1e-13)
      let residual = solution.report.residualHistory[step] * size
      #expect(abs(residual - reference.normalResiduals[step]) <= 1e-12)
    }
    #expect(solution.report.converged)
    // Aᵀg once for its norm and once to begin, two a step, two for the residual of the answer.
    #expect(solution.report.curvatureProducts == 12)
  }

  @Test(arguments: [1e2, 1e3, 1e4])
  func tallSystemsAgreeWithLAPACK(_ condition: Double) throws {
    let (m, n) = (90, 60)
    let matrix = TestSystems.rectangular(m, n, TestSystems.logSpaced(n, condition: condition), seed: 11)
    let g = TestSystems.vector(m, seed: 12)
    let exact = try DenseAlgebra.leastSquares(matrix, rows: m, columns: n, g)
    let a = DenseOperator(matrix, rows: m, columns: n)
    let options = SolveOptions(iterationLimit: 20_000, tolerance: 1e-13)
    let solution = try LSMR(options, reorthogonalization: .full).solve(leastSquares: a, g)
    #expect(relativeError(solution.x, exact.solution) <= 1e-13 * condition * condition)
    // In exact arithmetic n steps do; with reorthogonalisation hardly more.
    #expect(solution.report.iterations <= n + n / 5)
    let plain = try LSMR(SolveOptions(iterationLimit: 20_000, tolerance: 1e-9)).solve(leastSquares: a, g)
    #expect(plain.report.converged)
    #expect(relativeError(plain.x, exact.solution) <= 1e-9 * condition * condition)
    #expect(plain.report.iterations > solution.report.iterations)
  }

  @Test func dampedSystemsAgreeWithTheStackedOne() throws {
    let (m, n) = (50, 40)
    let delta = 0.05
    let matrix = TestSystems.rectangular(m, n, TestSystems.logSpaced(n, condition: 1e3), seed: 21)
    let g = TestSystems.vector(m, seed: 22)
    let direct = try DirectSolver(damping: delta).solve(
      leastSquares: DenseOperator(matrix, rows: m, columns: n), g)
    let solution = try LSMR(SolveOptions(damping: delta)).solve(
      leastSquares: DenseOperator(matrix, rows: m, columns: n), g)
    #expect(solution.report.converged)
    #expect(relativeError(solution.x, direct.x) <= 1e-8)
    let single = try LSMR(SolveOptions(damping: delta)).solve(
      leastSquares: DenseOperator<Float>(cast(matrix), rows: m, columns: n), cast(g))
    #expect(single.report.converged)
    #expect(relativeError(single.x, direct.x) <= 1e-4)
  }

  @Test func aRankDeficientSystemGivesTheShortestSolution() throws {
    for (m, n) in [(40, 30), (30, 40)] {
      let singular = TestSystems.logSpaced(12, condition: 100)
      let matrix = TestSystems.rectangular(m, n, singular, seed: 31)
      let g = TestSystems.vector(m, seed: 32)
      let exact = try DenseAlgebra.leastSquares(matrix, rows: m, columns: n, g)
      #expect(exact.rank == 12)
      let a = DenseOperator(matrix, rows: m, columns: n)
      let solution = try LSMR().solve(leastSquares: a, g)
      #expect(solution.report.converged)
      #expect(relativeError(solution.x, exact.solution) <= 1e-8)
    }
  }

  @Test func singlePrecisionReachesItsFloor() throws {
    let (m, n) = (300, 200)
    for condition in [1e2, 1e3] {
      let matrix = TestSystems.rectangular(m, n, TestSystems.logSpaced(n, condition: condition), seed: 41)
      let g = TestSystems.vector(m, seed: 42)
      let exact = try DenseAlgebra.leastSquares(matrix, rows: m, columns: n, g)
      let a = DenseOperator<Float>(cast(matrix), rows: m, columns: n)
      for policy in [LSMR.Reorthogonalization.none, .window(20), .full] {
        let solution = try LSMR(SolveOptions(iterationLimit: 20_000), reorthogonalization: policy).solve(
          leastSquares: a, cast(g))
        #expect(solution.report.converged)
        // The normal equations square the condition number if the misfit is large (Björck 1996, §1.4).
        #expect(relativeError(solution.x, exact.solution) <= 1e-7 * condition * condition)
      }
    }
  }

  @Test func anIndefiniteSymmetricSystemIsSolved() throws {
    let values = TestSystems.logSpaced(50, condition: 100).enumerated().map { $0 % 3 == 0 ? -$1 : $1 }
    let h = DenseSymmetricOperator(TestSystems.symmetric(values, seed: 51), dimension: 50)
    let x = TestSystems.vector(50, seed: 52)
    let solution = try LSMR().solve(h, h.apply(x))
    #expect(solution.report.converged)
    #expect(relativeError(solution.x, x) <= 1e-7)
  }

  @Test func emptyAndTrivialSystemsEnd() throws {
    let a = DenseOperator<Double>([3, 0, 0, 2, 0, 0], rows: 3, columns: 2)
    let zero = try LSMR().solve(leastSquares: a, [0, 0, 0])
    #expect(zero.x == [0, 0] && zero.report.converged && zero.report.relativeResidual == 0)
    let unreachable = try LSMR().solve(leastSquares: a, [0, 0, 7])
    #expect(unreachable.x == [0, 0] && unreachable.report.converged)
    let one = try LSMR().solve(leastSquares: DenseOperator<Float>([4], rows: 1, columns: 1), [6])
    #expect(one.x == [1.5] && one.report.converged && one.report.iterations == 1)
    let axis = try LSMR().solve(leastSquares: a, [6, 0, 1])
    #expect(relativeError(axis.x, [2, 0]) <= 1e-15 && axis.report.iterations == 1)
  }

  @Test func thePathIsThatOfShorterSolves() throws {
    let matrix = TestSystems.rectangular(30, 20, TestSystems.logSpaced(20, condition: 1e3), seed: 61)
    let a = DenseOperator<Float>(cast(matrix), rows: 30, columns: 20)
    let g: [Float] = cast(TestSystems.vector(30, seed: 62))
    var path: [Int: [Float]] = [:]
    let full = try LSMR(SolveOptions(iterationLimit: 12)).solve(
      leastSquares: a, g,
      monitor: SolveMonitor(observe: {
        path[$0] = $1
        return .proceed
      }))
    #expect(path.count == 12 && path[12] == full.x)
    let short = try LSMR(SolveOptions(iterationLimit: 5)).solve(leastSquares: a, g)
    #expect(path[5] == short.x)
    #expect(short.report.reason == .iterationLimit && !short.report.converged)
    let stopped = try LSMR().solve(
      leastSquares: a, g, monitor: SolveMonitor(observe: { step, _ in step == 5 ? .stop : .proceed }))
    #expect(stopped.x == short.x && stopped.report.reason == .observer)
  }

  @Test func cancellationEndsTheSolve() {
    let matrix = TestSystems.rectangular(30, 20, TestSystems.logSpaced(20, condition: 1e3), seed: 61)
    let a = DenseOperator(matrix, rows: 30, columns: 20)
    var calls = 0
    #expect(throws: Cancelled.self) {
      try LSMR().solve(
        leastSquares: a, TestSystems.vector(30, seed: 1),
        monitor: SolveMonitor(progress: { progress in
          calls += 1
          #expect(progress.iteration == calls && progress.limit == LSMR.defaultIterationLimit)
          if calls == 3 { throw Cancelled() }
        }))
    }
    #expect(calls == 3)
  }

  @Test func nonFiniteNumbersAreErrors() {
    let a = DenseOperator<Double>([1, .nan, 0, 1], rows: 2, columns: 2)
    #expect(throws: SolveError.self) { try LSMR().solve(leastSquares: a, [1, 1]) }
    let fine = DenseOperator<Double>([1, 0, 0, 1], rows: 2, columns: 2)
    #expect(throws: SolveError.nonFinite(solver: "lsmr", iteration: 0, quantity: "the right-hand side")) {
      try LSMR().solve(leastSquares: fine, [.infinity, 1])
    }
    #expect(throws: SolveError.self) {
      try LSMR(SolveOptions(damping: -1)).solve(leastSquares: fine, [1, 1])
    }
  }
}
