import Tensor

/// (M + Mᵀ)/2 of a row-major square matrix.
func symmetricPart(_ matrix: [Double], order: Int) -> [Double] {
  var result = matrix
  for i in 0..<order {
    for j in 0..<i {
      let mean = (matrix[i * order + j] + matrix[j * order + i]) / 2
      result[i * order + j] = mean
      result[j * order + i] = mean
    }
  }
  return result
}

/// Turns a block into an orthonormal basis of its span, by pivoted Cholesky of its Gram matrix, up to three
/// times (Fukaya et al. 2020, CholeskyQR3). The first pass finds the rank, and the next ones remove the
/// rounding of the first.
///
/// A vector is left out if the others span all of it but about 10⁻⁶ of its length (10⁻⁷ in `Double`).
///
/// - Parameter spare: a block of the same length whose memory is used; its vectors are lost.
func orthonormalize<Element: Scalar>(
  _ vectors: inout VectorBlock<Element>, _ spare: inout VectorBlock<Element>
) {
  let dropping = Element.precision == .float32 ? 1e-12 : 1e-14
  // The error of a pass is the unit roundoff of the elements, divided by the root of the smallest pivot.
  let sufficient = Element.precision == .float32 ? 1e-2 : 0.5
  for _ in 0..<3 where vectors.count > 0 {
    let count = vectors.count
    var gram = vectors.gramMatrix()
    // Vectors are scaled to length 1. A vector of length zero, or with an infinite or NaN element, is left
    // out.
    let scales = (0..<count).map { index -> Double in
      let square = gram[index * count + index]
      return square > 0 ? 1 / square.squareRoot() : 0
    }
    for i in 0..<count {
      for j in 0..<count {
        let scale = scales[i] * scales[j]
        gram[i * count + j] = scale > 0 ? gram[i * count + j] * scale : 0
      }
    }
    let factor = PivotedCholesky(gram, order: count, dropping: dropping)
    var mixing = [Double](repeating: 0, count: factor.pivots.count * count)
    for (row, weights) in factor.inverse().enumerated() {
      for (pivot, weight) in zip(factor.pivots, weights) {
        mixing[row * count + pivot] = weight * scales[pivot]
      }
    }
    spare.resize(to: factor.pivots.count)
    spare.setToCombinations(mixing, of: vectors)
    swap(&vectors, &spare)
    if factor.smallestPivot > sufficient { break }
  }
}

/// G ≈ L Lᵀ over the pivots of a positive semidefinite G.
private struct PivotedCholesky {
  /// The rows that were taken as pivots, in this order.
  private(set) var pivots: [Int] = []
  /// The smallest diagonal element that was taken for a pivot; 1 is perfect.
  private(set) var smallestPivot = 1.0
  /// L over the pivots, one row each.
  private var rows: [[Double]] = []

  /// Ends as soon as the largest pivot left is at or below `dropping`.
  init(_ gram: [Double], order n: Int, dropping: Double) {
    var diagonal = (0..<n).map { gram[$0 * n + $0] }
    // Row i of L over all pivots so far, for every i.
    var factor = [[Double]](repeating: [], count: n)
    var left = Array(0..<n)
    while let pivot = left.max(by: { (diagonal[$0], -$0) < (diagonal[$1], -$1) }),
      diagonal[pivot] > dropping
    {
      smallestPivot = min(smallestPivot, diagonal[pivot])
      let root = diagonal[pivot].squareRoot()
      let pivotRow = factor[pivot]
      left.removeAll { $0 == pivot }
      for i in left {
        var value = gram[i * n + pivot]
        for k in pivotRow.indices { value -= factor[i][k] * pivotRow[k] }
        value /= root
        factor[i].append(value)
        diagonal[i] -= value * value
      }
      pivots.append(pivot)
      rows.append(pivotRow + [root])
    }
  }

  /// L⁻¹, one full row for each pivot.
  func inverse() -> [[Double]] {
    let s = pivots.count
    var inverse: [[Double]] = []
    for i in 0..<s {
      var row = [Double](repeating: 0, count: s)
      row[i] = 1
      for k in 0..<i {
        let weight = rows[i][k]
        for j in 0...k { row[j] -= weight * inverse[k][j] }
      }
      for j in 0...i { row[j] /= rows[i][i] }
      inverse.append(row)
    }
    return inverse
  }
}
