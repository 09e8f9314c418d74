import Tensor

/// Dense solves in `Double` through LAPACK, for up to `dimensionLimit` unknowns. Other solvers are tested
/// against this one.
///
/// - Symmetric: Cholesky. If H + δI is not positive definite, or nearly singular, the pseudo-inverse from all
///   eigenvalues gives the least-squares solution of least norm. Negative eigenvalues are counted.
/// - Least squares: by singular values. If the rank is too low, the solution of least norm.
public struct DirectSolver: Solver {
  public static let name = "direct"
  public static let defaultDimensionLimit = 5000
  public var damping: Double
  public var dimensionLimit: Int
  /// Eigenvalues or singular values below this share of the largest count as zero. nil is the larger
  /// dimension times the rounding error of the operator's precision.
  public var rankTolerance: Double?

  public init(
    damping: Double = 0, dimensionLimit: Int = Self.defaultDimensionLimit, rankTolerance: Double? = nil
  ) {
    self.damping = damping
    self.dimensionLimit = dimensionLimit
    self.rankTolerance = rankTolerance
  }

  public var options: SolveOptions {
    get { SolveOptions(damping: damping) }
    set { damping = newValue.damping }
  }

  public func solve<H: SymmetricOperator>(
    _ h: H, _ g: [H.Element], monitor: SolveMonitor<H.Element>
  ) throws -> Solution<H.Element> {
    try solve(h, block: [g], progress: monitor.progress)[0]
  }

  /// One factorization serves all right-hand sides. The products that build the matrix are in the first
  /// report.
  public func solve<H: SymmetricOperator>(
    _ h: H, block: [[H.Element]], progress: ((SolveProgress) throws -> Void)?
  ) throws -> [Solution<H.Element>] {
    let n = h.dimension
    for g in block { try check(g, n) }
    if block.isEmpty { return [] }
    let matrix = try symmetricMatrix(h, progress)
    let rights = block.map { $0.map(Double.init) }
    let share = tolerance(n, H.Element.self)
    let factored = try Self.detached(order: n, progress) {
      try DenseSymmetricInverse(matrix, order: n, tolerance: share)
    }
    let answers = try factored.apply(rights)
    return block.indices.map { index in
      var report = SolveReport(
        solver: Self.name, tolerance: DefaultTolerance.symmetric(Double.self), damping: damping)
      report.iterations = 1
      report.rank = factored.rank
      report.negativeEigenvalues = factored.negativeEigenvalues
      report.curvatureProducts = index == 0 ? n * h.productsPerApplication : 0
      let residual = residualNorm(matrix, rights[index], answers[index])
      finish(&report, residual: residual, size: rights[index].norm, factored.conditionNoise)
      return Solution(x: answers[index].map { H.Element($0) }, report: report)
    }
  }

  public func expectedCost(_ size: SolveSize) -> SolveCost {
    let (p, width) = (size.parameters, size.unknowns)
    var cost = SolveCost()
    cost.products = min(p, width)
    cost.multiplyAdds = width * width * max(p, width) + size.count * width * width
    cost.bytes = 3 * 8 * max(p, width) * width
    return cost
  }

  /// No limit: one factorization serves all right-hand sides.
  public func blockWidth<Element: Scalar>(length: Int, _: Element.Type) -> Int { .max }

  public func solve<A: LinearOperator>(
    leastSquares a: A, _ g: [A.Element], monitor: SolveMonitor<A.Element>
  ) throws -> Solution<A.Element> {
    try check(g, a.rows)
    let k = a.columns
    try requireSize(k)
    // The rows of A, with δI below. So damping does not need AᵀA, whose condition number is squared.
    let rows = a.rows + (damping > 0 ? k : 0)
    var matrix = [Double](repeating: 0, count: rows * k)
    try eachColumn(of: a, monitor.progress) { column, values in
      for row in 0..<a.rows { matrix[row * k + column] = Double(values[row]) }
      if damping > 0 { matrix[(a.rows + column) * k + column] = damping }
    }
    let right = g.map(Double.init) + [Double](repeating: 0, count: rows - a.rows)
    let tolerance = rankTolerance ?? Double(max(rows, k, 1)) * 2 * unitRoundoff(A.Element.self)
    let columns = matrix
    let (x, rank, singular) = try Self.detached(order: k, monitor.progress) {
      try DenseAlgebra.leastSquares(columns, rows: rows, columns: k, right, tolerance: tolerance)
    }
    var report = SolveReport(
      solver: Self.name, tolerance: DefaultTolerance.leastSquares(Double.self), damping: damping)
    report.iterations = 1
    report.rank = rank
    report.curvatureProducts = k * a.productsPerApplication
    let dense = DenseOperator(matrix, rows: rows, columns: k)
    var rest = try dense.apply(x)
    rest.scale(-1, adding: right)
    let size = try dense.applyTransposed(right).norm
    let largest = singular.first ?? 0
    let noise = 1e-15 * Double(max(rows, 1)) * largest * right.norm / max(size, .leastNormalMagnitude)
    finish(&report, residual: try dense.applyTransposed(rest).norm, size: size, noise)
    return Solution(x: x.map { A.Element($0) }, report: report)
  }

  /// The inverse of H + δI, kept for any number of later right-hand sides.
  /// - Throws: `SolveError`, `DenseAlgebraError`.
  func inverse<H: SymmetricOperator>(
    of h: H, progress: ((SolveProgress) throws -> Void)? = nil
  ) throws -> DenseSymmetricInverse {
    let n = h.dimension
    let (matrix, share) = (try symmetricMatrix(h, progress), tolerance(n, H.Element.self))
    return try Self.detached(order: n, progress) {
      try DenseSymmetricInverse(matrix, order: n, tolerance: share, eigenLimit: 2500)
    }
  }

  /// Runs a factorization, which is one call of LAPACK and can take minutes. The caller can stop waiting.
  private static func detached<Value: Sendable>(
    order: Int, _ progress: ((SolveProgress) throws -> Void)?,
    _ work: @escaping @Sendable () throws -> Value
  ) throws -> Value {
    // A smaller factorization takes less than a tenth of a second.
    guard order > 400, let progress else { return try work() }
    return try DetachedWork.run(work) {
      try progress(SolveProgress(iteration: order, limit: order, relativeResidual: 1))
    }
  }

  /// The share of the largest eigenvalue below which one counts as zero.
  private func tolerance<Element: Scalar>(_ n: Int, _: Element.Type) -> Double {
    rankTolerance ?? Double(max(n, 1)) * 2 * unitRoundoff(Element.self)
  }

  /// H + δI in `Double`, made symmetric, from n products.
  private func symmetricMatrix<H: SymmetricOperator>(
    _ h: H, _ progress: ((SolveProgress) throws -> Void)?
  ) throws -> [Double] {
    let n = h.dimension
    try requireSize(n)
    var matrix = [Double](repeating: 0, count: n * n)
    try eachColumn(of: h, progress) { column, values in
      for row in 0..<n { matrix[column * n + row] = Double(values[row]) }
    }
    for row in 0..<n {
      for column in 0..<row {
        let mean = (matrix[row * n + column] + matrix[column * n + row]) / 2
        matrix[row * n + column] = mean
        matrix[column * n + row] = mean
      }
      matrix[row * n + row] += damping
    }
    return matrix
  }

  /// Calls `body` with the columns of an operator, some at a time.
  private func eachColumn<A: LinearOperator>(
    of a: A, _ progress: ((SolveProgress) throws -> Void)?, _ take: (Int, [A.Element]) -> Void
  ) throws {
    let width = 16
    for first in stride(from: 0, to: a.columns, by: width) {
      let columns = first..<min(first + width, a.columns)
      let units = columns.map { column in
        var unit = [A.Element].zeros(a.columns)
        unit[column] = 1
        return unit
      }
      for (column, values) in zip(columns, try a.apply(block: units)) {
        if !values.isFinite {
          throw SolveError.nonFinite(solver: Self.name, iteration: column, quantity: "a column of the matrix")
        }
        take(column, values)
      }
      try progress?(
        SolveProgress(iteration: columns.upperBound, limit: a.columns, relativeResidual: 1))
    }
  }

  private func check<Element: Scalar>(_ g: [Element], _ length: Int) throws {
    try requireLength(g.count, length, "the right-hand side")
    if !(damping.isFinite && damping >= 0) {
      throw SolveError.option(name: "damping", value: "\(damping)", expected: "a number of at least 0")
    }
    if !g.isFinite {
      throw SolveError.nonFinite(solver: Self.name, iteration: 0, quantity: "the right-hand side")
    }
  }

  private func requireSize(_ unknowns: Int) throws {
    if unknowns > dimensionLimit {
      throw SolveError.option(
        name: "solver", value: "direct for \(unknowns) parameters",
        expected: "one of the iterative solvers above \(dimensionLimit) parameters")
    }
  }

  private func finish(_ report: inout SolveReport, residual: Double, size: Double, _ noise: Double) {
    report.relativeResidual = size == 0 ? 0 : residual / size
    report.roundingFloor = noise
    report.converged = report.meets(report.relativeResidual, isStrict: false)
    // If the matrix is singular and g is not in its range, the answer is the least-squares one.
    report.reason = report.converged ? nil : .stagnation
    report.residualHistory = [report.relativeResidual]
  }

  private func residualNorm(_ matrix: [Double], _ g: [Double], _ x: [Double]) -> Double {
    let n = g.count
    var sum = 0.0
    for row in 0..<n {
      let product = matrix.withUnsafeBufferPointer { a in
        x.withUnsafeBufferPointer { x in
          guard let a = a.baseAddress, let x = x.baseAddress else { return 0.0 }
          return Double.dot(a + row * n, x, n)
        }
      }
      sum += (g[row] - product) * (g[row] - product)
    }
    return sum.squareRoot()
  }
}
