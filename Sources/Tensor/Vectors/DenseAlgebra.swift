import COpenBLAS

/// Why a dense factorisation has no answer.
public enum DenseAlgebraError: Error, Equatable {
  /// The leading minor of this order is not positive.
  case notPositiveDefinite(order: Int)
  /// LAPACK did not converge or refused its arguments.
  case failed(routine: String, info: Int)
}

/// Dense linear algebra in `Double` through LAPACK. Matrices are row-major.
public enum DenseAlgebra {
  /// Solves A X = B for a symmetric positive definite A (n×n) by Cholesky (LAPACK dpotrf, dpotrs).
  /// - Parameter rightHandSides: vectors of length n.
  public static func solvePositiveDefinite(
    _ matrix: [Double], order n: Int, rightHandSides: [[Double]]
  ) throws(DenseAlgebraError) -> [[Double]] {
    var factor = matrix
    try factorPositiveDefinite(&factor, order: n)
    return try solve(factor: factor, order: n, rightHandSides: rightHandSides)
  }

  /// A = UᵀU for a symmetric positive definite A (n×n), in its place (LAPACK dpotrf). U fills the upper
  /// triangle; the values below the diagonal stay.
  public static func factorPositiveDefinite(
    _ matrix: inout [Double], order n: Int
  ) throws(DenseAlgebraError) {
    precondition(matrix.count == n * n, "The matrix must be n×n.")
    if n == 0 { return }
    var order = Int32(n)
    var info: Int32 = 0
    dpotrf_("L", &order, &matrix, &order, &info)
    if info > 0 { throw .notPositiveDefinite(order: Int(info)) }
    if info < 0 { throw .failed(routine: "dpotrf", info: Int(info)) }
  }

  /// Solves UᵀU X = B with a factor that `factorPositiveDefinite` left (LAPACK dpotrs).
  /// - Parameter rightHandSides: vectors of length n.
  public static func solve(
    factor: [Double], order n: Int, rightHandSides: [[Double]]
  ) throws(DenseAlgebraError) -> [[Double]] {
    precondition(factor.count == n * n, "The matrix must be n×n.")
    if n == 0 || rightHandSides.isEmpty { return rightHandSides }
    var flat = rightHandSides.flatMap { $0 }
    var order = Int32(n)
    var columns = Int32(rightHandSides.count)
    var info: Int32 = 0
    dpotrs_("L", &order, &columns, factor, &order, &flat, &order, &info)
    if info != 0 { throw .failed(routine: "dpotrs", info: Int(info)) }
    return (0..<rightHandSides.count).map { Array(flat[$0 * n..<($0 + 1) * n]) }
  }

  /// Overwrites vectors B with U⁻ᵀB for a factor that `factorPositiveDefinite` left: ‖U⁻ᵀb‖² = bᵀA⁻¹b.
  /// - Parameters:
  ///   - factor: n×n.
  ///   - vectors: `count` of length n, one after the other.
  public static func solveHalf(
    factor: UnsafePointer<Double>, order n: Int, _ vectors: UnsafeMutablePointer<Double>, count: Int
  ) {
    if n == 0 || count == 0 { return }
    cblas_dtrsm(
      CblasColMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, Int32(n), Int32(count), 1, factor,
      Int32(n), vectors, Int32(n))
  }

  /// All eigenpairs of a symmetric A (n×n) by divide and conquer (LAPACK dsyevd).
  /// - Returns: ascending eigenvalues; row i of `vectors` (n×n) is the unit eigenvector of value i.
  public static func eigen(
    _ matrix: [Double], order n: Int
  ) throws(DenseAlgebraError) -> (values: [Double], vectors: [Double]) {
    precondition(matrix.count == n * n, "The matrix must be n×n.")
    if n == 0 { return ([], []) }
    var vectors = matrix
    var values = [Double](repeating: 0, count: n)
    var order = Int32(n)
    var info: Int32 = 0
    var workSize = Int32(-1)
    var integerSize = Int32(-1)
    var work: [Double] = [0]
    var integers: [Int32] = [0]
    dsyevd_("V", "L", &order, &vectors, &order, &values, &work, &workSize, &integers, &integerSize, &info)
    workSize = Int32(work[0])
    integerSize = integers[0]
    work = Array(repeating: 0, count: Int(workSize))
    integers = Array(repeating: 0, count: Int(integerSize))
    dsyevd_("V", "L", &order, &vectors, &order, &values, &work, &workSize, &integers, &integerSize, &info)
    if info != 0 { throw .failed(routine: "dsyevd", info: Int(info)) }
    return (values, vectors)
  }

  /// The minimum-norm least-squares solution of A x ≈ b for A (m×n) by singular values (LAPACK dgelsd).
  /// - Parameter tolerance: singular values below this share of the largest count as zero.
  /// - Returns: x (n), the effective rank, the singular values in falling order.
  public static func leastSquares(
    _ matrix: [Double], rows m: Int, columns n: Int, _ rightHandSide: [Double], tolerance: Double = 1e-12
  ) throws(DenseAlgebraError) -> (solution: [Double], rank: Int, singularValues: [Double]) {
    precondition(matrix.count == m * n && rightHandSide.count == m, "A must be m×n and b of length m.")
    if m == 0 || n == 0 { return (Array(repeating: 0, count: n), 0, []) }
    // LAPACK reads matrices by columns, so it gets the transpose.
    var columns = [Double](repeating: 0, count: m * n)
    for row in 0..<m {
      for column in 0..<n { columns[column * m + row] = matrix[row * n + column] }
    }
    var b = rightHandSide + Array(repeating: 0, count: max(0, n - m))
    var singular = [Double](repeating: 0, count: min(m, n))
    var rowCount = Int32(m)
    var columnCount = Int32(n)
    var one: Int32 = 1
    var leading = Int32(max(m, n))
    var condition = tolerance
    var rank: Int32 = 0
    var info: Int32 = 0
    var workSize = Int32(-1)
    var work: [Double] = [0]
    var integers: [Int32] = [0]
    dgelsd_(
      &rowCount, &columnCount, &one, &columns, &rowCount, &b, &leading, &singular, &condition, &rank, &work,
      &workSize, &integers, &info)
    workSize = Int32(work[0])
    work = Array(repeating: 0, count: Int(workSize))
    integers = Array(repeating: 0, count: max(1, Int(integers[0])))
    dgelsd_(
      &rowCount, &columnCount, &one, &columns, &rowCount, &b, &leading, &singular, &condition, &rank, &work,
      &workSize, &integers, &info)
    if info != 0 { throw .failed(routine: "dgelsd", info: Int(info)) }
    return (Array(b[0..<n]), Int(rank), singular)
  }
}
