import Tensor

/// The inverse of a dense symmetric matrix, kept as its Cholesky factor. If the matrix is not positive
/// definite by a margin, it is kept as its eigenpairs without those that count as zero (pseudo-inverse).
struct DenseSymmetricInverse: Sendable {
  private enum Form: Sendable {
    case factor([Double])
    /// Eigenvalues that are not zero, and a unit vector for each, one after the other.
    case eigenpairs(values: [Double], vectors: [Double])
  }

  let order: Int
  private let form: Form
  /// How many eigenvalues are not zero.
  let rank: Int
  let negativeEigenvalues: Int
  /// The relative residual that rounding may leave.
  let conditionNoise: Double

  /// - Parameters:
  ///   - tolerance: eigenvalues below this share of the largest count as zero.
  ///   - eigenLimit: the largest order for which eigenpairs are computed. They take about thirty times as
  ///     long as a factor.
  /// - Throws: `DenseAlgebraError`; `SolveError.option` beyond the limit.
  init(_ matrix: [Double], order n: Int, tolerance: Double, eigenLimit: Int = .max) throws {
    order = n
    conditionNoise = 1e-15 * Double(max(n, 1))
    if let factor = try Self.cholesky(matrix, order: n, tolerance: tolerance) {
      form = .factor(factor)
      rank = n
      negativeEigenvalues = 0
      return
    }
    if n > eigenLimit {
      throw SolveError.option(
        name: "solver",
        value: "direct for \(n) parameters, and their curvature is not positive definite by a margin",
        expected: "another solver, or used with damping or the Gauss–Newton matrix")
    }
    let (values, vectors) = try DenseAlgebra.eigen(matrix, order: n)
    let largest = values.map(\.magnitude).max() ?? 0
    let kept = values.indices.filter { abs(values[$0]) > tolerance * largest }
    rank = kept.count
    negativeEigenvalues = kept.filter { values[$0] < 0 }.count
    form = .eigenpairs(
      values: kept.map { values[$0] }, vectors: kept.flatMap { vectors[$0 * n..<($0 + 1) * n] })
  }

  /// The answers for right-hand sides.
  func apply(_ rights: [[Double]]) throws -> [[Double]] {
    switch form {
    case .factor(let factor):
      return try DenseAlgebra.solve(factor: factor, order: order, rightHandSides: rights)
    case .eigenpairs(let values, let vectors):
      return rights.map { g in
        var x = [Double](repeating: 0, count: order)
        for (place, value) in values.enumerated() {
          let vector = Array(vectors[place * order..<(place + 1) * order])
          x.add(vector.dot(g) / value, times: vector)
        }
        return x
      }
    }
  }

  /// gᵀM⁻¹g of vectors that lie one after the other; they are overwritten.
  func quadraticForms(_ vectors: UnsafeMutablePointer<Double>, count: Int) -> [Double] {
    let n = order
    switch form {
    case .factor(let factor):
      factor.withUnsafeBufferPointer { factor in
        guard let factor = factor.baseAddress else { return }
        DenseAlgebra.solveHalf(factor: factor, order: n, vectors, count: count)
      }
      return (0..<count).map { Double.dot(vectors + $0 * n, vectors + $0 * n, n) }
    case .eigenpairs(let values, let rows):
      let rank = values.count
      var parts = [Double](repeating: 0, count: count * rank)
      if rank > 0 { Double.gemm(false, true, count, rank, n, 1, vectors, n, rows, n, 0, &parts, rank) }
      return (0..<count).map { place in
        (0..<rank).reduce(0) { $0 + parts[place * rank + $1] * parts[place * rank + $1] / values[$1] }
      }
    }
  }

  /// The factor; nil if the matrix is not positive definite by a margin.
  private static func cholesky(_ matrix: [Double], order n: Int, tolerance: Double) throws -> [Double]? {
    var factor = matrix
    do {
      try DenseAlgebra.factorPositiveDefinite(&factor, order: n)
    } catch {
      guard case .notPositiveDefinite = error else { throw error }
      return nil
    }
    if n == 0 { return factor }
    // ‖H⁻¹‖ by inverse iteration from a random vector. It works for one small eigenvalue and for many.
    var stream = RandomStream(seed: 0, purpose: "condition probe")
    var vector = (0..<n).map { _ in stream.normal() }
    var inverseNorm = 0.0
    for _ in 0..<6 {
      vector.scale(1 / vector.norm)
      vector = try DenseAlgebra.solve(factor: factor, order: n, rightHandSides: [vector])[0]
      inverseNorm = vector.norm
      if !inverseNorm.isFinite { return nil }
    }
    return inverseNorm * matrix.norm * tolerance < 1 ? factor : nil
  }
}
