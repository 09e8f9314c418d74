import Tensor

/// The Gram matrix of a block of vectors, s×s row-major, accumulated in `Double`.
func gramMatrix<Element: Scalar>(_ block: [[Element]]) -> [Double] {
  let s = block.count
  var gram = [Double](repeating: 0, count: s * s)
  for i in 0..<s {
    for j in 0...i {
      let value = block[i].dot(block[j])
      gram[i * s + j] = value
      gram[j * s + i] = value
    }
  }
  return gram
}

/// The matrix of ⟨aᵢ, bⱼ⟩, row-major, accumulated in `Double`.
func crossProducts<Element: Scalar>(_ a: [[Element]], _ b: [[Element]]) -> [Double] {
  a.flatMap { left in b.map { left.dot($0) } }
}

/// Σⱼ cᵢⱼ vⱼ for every row cᵢ.
func combinations<Element: Scalar>(of vectors: [[Element]], _ coefficients: [[Double]]) -> [[Element]] {
  coefficients.map { row in
    var sum = [Element].zeros(vectors.first?.count ?? 0)
    for (coefficient, vector) in zip(row, vectors) where coefficient != 0 {
      sum.add(Element(coefficient), times: vector)
    }
    return sum
  }
}

/// An orthonormal basis of the span of a block, by modified Gram–Schmidt with a second pass; a vector of which
/// less than `dropping` of its length is new is left out.
func orthonormalized<Element: Scalar>(
  _ block: [[Element]], dropping: Double
) -> (vectors: [[Element]], kept: [Int]) {
  var basis: [[Element]] = []
  var kept: [Int] = []
  for (index, vector) in block.enumerated() {
    let size = vector.norm
    if !(size > 0) { continue }
    var rest = vector
    rest.scale(Element(1 / size))
    for _ in 0..<2 {
      for direction in basis { rest.add(Element(-rest.dot(direction)), times: direction) }
    }
    let left = rest.norm
    if left <= dropping || left == 0 { continue }
    rest.scale(Element(1 / left))
    basis.append(rest)
    kept.append(index)
  }
  return (basis, kept)
}
