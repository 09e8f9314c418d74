import Tensor

#if canImport(Glibc)
  import Glibc
#endif

/// The randomised Nyström preconditioner of H + δI (Frangella, Tropp and Udell 2023, Algorithms 2.1 and §5).
///
/// From `rank` products it takes an approximation U Λ Uᵀ of a positive semidefinite H. Then P⁻¹ = (λ + δ) U
/// (Λ + δI)⁻¹ Uᵀ + (I − U Uᵀ), λ the smallest eigenvalue kept. If H has negative eigenvalues, only its
/// positive part is approximated.
public struct NystromPreconditioner<Element: Scalar>: Preconditioner {
  /// Columns of U.
  let vectors: [[Element]]
  /// (λ + δ)/(λᵢ + δ) − 1.
  let weights: [Double]
  /// λᵢ in falling order.
  public let eigenvalues: [Double]
  /// Curvature products that building it took.
  public let products: Int

  public init<H: SymmetricOperator>(
    _ h: H, rank: Int, damping: Double, seed: UInt64
  ) throws where H.Element == Element {
    if rank < 1 {
      throw SolveError.option(name: "rank", value: "\(rank)", expected: "at least 1")
    }
    let n = h.dimension
    let count = min(rank, n)
    var stream = RandomStream(seed: seed, purpose: "nystrom test vectors")
    var test = VectorBlock((0..<count).map { _ in [Element].randomNormal(n, &stream) })
    var sketch = VectorBlock<Element>(count: count, length: n, zeroed: false)
    orthonormalize(&test, &sketch)
    sketch.resize(to: test.count)
    try h.apply(block: test, into: &sketch)
    products = test.count * h.productsPerApplication

    // A small shift keeps the core positive definite in spite of rounding. It is subtracted again below.
    let size = (0..<sketch.count).reduce(0) { $0 + sketch.norm($1) * sketch.norm($1) }.squareRoot()
    let shift = size * Double(n).squareRoot() * unitRoundoff(Element.self)
    sketch.add(Element(shift), times: test)

    // B = Y C^(−1/2) with C = Ωᵀ Y. Its squared singular values are the eigenvalues, its left vectors U.
    let order = test.count
    let core = symmetricPart(test.products(with: sketch), order: order)
    let (values, rows) = try DenseAlgebra.eigen(core, order: order)
    let cutoff = shift * 0.1
    let kept = (0..<order).filter { values[$0] > cutoff }
    let b = sketch.combinations(
      kept.flatMap { row in (0..<order).map { rows[row * order + $0] / values[row].squareRoot() } },
      rows: kept.count)
    let (squares, mixing) = try DenseAlgebra.eigen(b.gramMatrix(), order: kept.count)
    let falling = (0..<kept.count).reversed().filter { squares[$0] > shift }
    vectors =
      b.combinations(
        falling.flatMap { row in
          (0..<kept.count).map { mixing[row * kept.count + $0] / squares[row].squareRoot() }
        }, rows: falling.count
      ).vectors
    eigenvalues = falling.map { max(0, squares[$0] - shift) }
    let smallest = (eigenvalues.last ?? 0) + damping
    weights = eigenvalues.map { smallest > 0 ? smallest / ($0 + damping) - 1 : 0 }
  }

  public func apply(_ r: [Element]) throws -> [Element] {
    var z = r
    for (vector, weight) in zip(vectors, weights) {
      z.add(Element(weight * vector.dot(r)), times: vector)
    }
    return z
  }
}
