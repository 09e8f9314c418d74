import Influence
import Tensor
import Testing

/// The acceptance of solvers at their defaults: a softmax regression with 255 parameters, 1,000 samples,
/// condition number 126, 50 right-hand sides.
private struct ReferenceProblem {
  let batches: [[Double]]
  let matrix: [Double]
  let rights: [[Double]]
  let n = 255

  static let shared = ReferenceProblem()

  init() {
    let model = SoftmaxRegression(samples: 1000, features: 51, classes: 5, seed: 4)
    let bare = model.hessian(0..<1000)
    guard let values = try? DenseAlgebra.eigen(bare, order: 255).values else {
      fatalError("LAPACK finds the eigenvalues of a symmetric matrix.")
    }
    let decay = (values[254] - 126 * values[0]) / 125
    matrix = model.hessian(0..<1000, decay: decay)
    batches = (0..<10).map { model.hessian($0 * 100..<($0 + 1) * 100, decay: decay) }
    // Gradients, as in use, and some that lie along the strong directions.
    var all = (0..<40).map { model.gradient($0, label: $0 % 5) }
    let dense = DenseSymmetricOperator(matrix, dimension: 255)
    for index in 0..<10 {
      all.append((try? dense.apply(all[index])) ?? [])
    }
    rights = all
  }

  func worstError<T: Scalar>(
    _ solve: (DenseSymmetricOperator<T>, [[T]]) throws -> [Solution<T>]
  ) throws -> Double {
    let block: [[T]] = rights.map { cast($0) }
    let solutions = try solve(DenseSymmetricOperator(cast(matrix), dimension: n), block)
    #expect(solutions.count == block.count)
    #expect(solutions.allSatisfy { $0.report.converged })
    let exact = try DenseAlgebra.solvePositiveDefinite(matrix, order: n, rightHandSides: rights)
    return zip(solutions, exact).map { relativeError($0.x, $1) }.max() ?? .infinity
  }
}

/// The bounds of the contract.
private func bound<T: Scalar>(_: T.Type) -> Double { T.precision == .float32 ? 1e-5 : 1e-8 }

@Suite("Solvers at their defaults, condition number 126")
struct SolverDefaultsTests {
  static let solvers: [(String, any SymmetricSolver)] = [
    ("cg", ConjugateGradient()), ("block cg", BlockConjugateGradient()), ("minres", MINRES()),
    ("lsmr", LSMR()), ("neumann", NeumannSeries()), ("arnoldi", ArnoldiSolver()),
    ("cg, jacobi", ConjugateGradient(preconditioning: .jacobi(probes: 100))),
    ("block cg, nystrom", BlockConjugateGradient(preconditioning: .nystrom(rank: 40))),
    ("direct", DirectSolver()),
  ]

  @Test(arguments: solvers.indices)
  func everySolverIsWithinTheBounds(_ index: Int) throws {
    let (name, solver) = Self.solvers[index]
    try check(name, solver, Float.self)
    try check(name, solver, Double.self)
  }

  private func check<T: Scalar>(_ name: String, _ solver: some SymmetricSolver, _: T.Type) throws {
    let error = try ReferenceProblem.shared.worstError { (h: DenseSymmetricOperator<T>, block) in
      try solver.solve(h, block: block)
    }
    #expect(error <= bound(T.self), "\(name) in \(T.precision)")
  }

  @Test func theSameSolveGivesTheSameBits() throws {
    let problem = ReferenceProblem.shared
    let h = DenseSymmetricOperator<Float>(cast(problem.matrix), dimension: problem.n)
    let block: [[Float]] = problem.rights[0..<6].map { cast($0) }
    for (name, solver) in Self.solvers {
      let once = try solver.solve(h, block: block)
      let again = try solver.solve(h, block: block)
      #expect(once.map(\.x) == again.map(\.x), "\(name)")
      #expect(once.map(\.report) == again.map(\.report), "\(name)")
    }
  }

  @Test func theBlockSparesMostProducts() throws {
    // Gradients, and multiples of them by H: the block must see that they share one Krylov space.
    let problem = ReferenceProblem.shared
    let h = CountingOperator(DenseSymmetricOperator(problem.matrix, dimension: problem.n))
    let solutions = try BlockConjugateGradient().solve(h, block: problem.rights)
    #expect(solutions.allSatisfy { $0.report.converged })
    #expect(h.counter.count <= 2 * problem.n)
  }

  @Test func lissaIsWithinOnePercent() throws {
    try checkLiSSA(Float.self)
    try checkLiSSA(Double.self)
  }

  private func checkLiSSA<T: Scalar>(_: T.Type) throws {
    let problem = ReferenceProblem.shared
    let family = BatchFamily(count: problem.batches.count) {
      DenseSymmetricOperator<T>(cast(problem.batches[$0]), dimension: problem.n)
    }
    let cached = try (0..<family.count).map(family.batch)
    let error = try problem.worstError { (h: DenseSymmetricOperator<T>, block) in
      try LiSSA().solve(h, batches: BatchFamily(count: cached.count) { cached[$0] }, block: block)
    }
    #expect(error <= 1e-2)
  }
}
