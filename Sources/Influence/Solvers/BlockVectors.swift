import Tensor

/// The matrix of ⟨aᵢ, bⱼ⟩, row-major, accumulated in `Double` in an order fixed by the sizes.
func crossProducts<Element: Scalar>(_ a: [[Element]], _ b: [[Element]]) -> [Double] {
  var products = [Double](repeating: 0, count: a.count * b.count)
  guard let length = a.first?.count, !b.isEmpty else { return products }
  var left = Panel(rows: a.count)
  var right = Panel(rows: b.count)
  for chunk in Panel.chunks(of: length) {
    left.load(a, chunk)
    right.load(b, chunk)
    Double.gemm(
      false, true, a.count, b.count, chunk.count, 1, left.elements, Panel.width, right.elements, Panel.width,
      1, &products, b.count)
  }
  return products
}

/// tᵢ ← tᵢ + Σⱼ cᵢⱼ vⱼ for every row cᵢ, each element rounded once.
func addCombinations<Element: Scalar>(
  of vectors: [[Element]], _ coefficients: [[Double]], to targets: inout [[Element]]
) {
  guard let length = vectors.first?.count, !targets.isEmpty else { return }
  let flat = coefficients.flatMap { $0 }
  var source = Panel(rows: vectors.count)
  var target = Panel(rows: targets.count)
  for chunk in Panel.chunks(of: length) {
    source.load(vectors, chunk)
    target.load(targets, chunk)
    Double.gemm(
      false, false, targets.count, chunk.count, vectors.count, 1, flat, vectors.count, source.elements,
      Panel.width, 1, &target.elements, Panel.width)
    target.store(&targets, chunk)
  }
}

/// Σⱼ cᵢⱼ vⱼ for every row cᵢ.
func combinations<Element: Scalar>(of vectors: [[Element]], _ coefficients: [[Double]]) -> [[Element]] {
  var sums = coefficients.map { _ in [Element].zeros(vectors.first?.count ?? 0) }
  addCombinations(of: vectors, coefficients, to: &sums)
  return sums
}

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

/// An orthonormal basis of the span of a block, by pivoted Cholesky of its Gram matrix, up to three times (Fukaya et al.
/// 2020, CholeskyQR3): the first pass finds the rank and the next ones remove what rounding left.
///
/// A vector of which less than about 10⁻⁶ (in `Double` 10⁻⁷) of its length is new is left out.
func orthonormalized<Element: Scalar>(_ block: [[Element]]) -> [[Element]] {
  var vectors = block.compactMap { vector -> [Element]? in
    let size = vector.norm
    if !(size > 0) { return nil }
    var unit = vector
    unit.scale(Element(1 / size))
    return unit
  }
  let dropping = Element.precision == .float32 ? 1e-12 : 1e-14
  let sufficient = Element.precision == .float32 ? 1e-6 : 0.5
  for _ in 0..<3 where !vectors.isEmpty {
    let factor = PivotedCholesky(crossProducts(vectors, vectors), order: vectors.count, dropping: dropping)
    let kept = factor.pivots.map { vectors[$0] }
    vectors = combinations(of: kept, factor.inverse())
    // The error of a pass is the rounding of `Double` over the smallest pivot: often one is enough in `Float`.
    if factor.smallestPivot > sufficient { break }
  }
  return vectors
}

/// G ≈ L Lᵀ over the pivots of a positive semidefinite G.
private struct PivotedCholesky {
  /// The rows kept, in the order taken.
  private(set) var pivots: [Int] = []
  /// The smallest diagonal element that was taken for a pivot; 1 is perfect.
  private(set) var smallestPivot = 1.0
  /// L over the pivots, one row each.
  private var rows: [[Double]] = []

  /// Ends where the largest pivot left is at or below `dropping`.
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

/// A stretch of several vectors side by side in `Double`, small enough for the cache.
private struct Panel {
  static let width = 512
  var elements: [Double]

  init(rows: Int) { elements = Array(repeating: 0, count: rows * Self.width) }

  static func chunks(of length: Int) -> [Range<Int>] {
    stride(from: 0, to: length, by: width).map { $0..<min($0 + width, length) }
  }

  mutating func load<Element: Scalar>(_ vectors: [[Element]], _ chunk: Range<Int>) {
    elements.withUnsafeMutableBufferPointer { panel in
      for (row, vector) in vectors.enumerated() {
        vector.withUnsafeBufferPointer { vector in
          for offset in 0..<chunk.count {
            panel[row * Self.width + offset] = Double(vector[chunk.lowerBound + offset])
          }
        }
      }
    }
  }

  func store<Element: Scalar>(_ vectors: inout [[Element]], _ chunk: Range<Int>) {
    elements.withUnsafeBufferPointer { panel in
      for row in vectors.indices {
        vectors[row].withUnsafeMutableBufferPointer { vector in
          for offset in 0..<chunk.count {
            vector[chunk.lowerBound + offset] = Element(panel[row * Self.width + offset])
          }
        }
      }
    }
  }
}
