import Tensor

#if canImport(Glibc)
  import Glibc
#endif

/// The randomised Nyström preconditioner of H + δI (Frangella, Tropp and Udell 2023, Algorithms 2.1 and §5).
///
/// From `rank` products it takes an approximation U Λ Uᵀ of a positive semidefinite H; then
/// P⁻¹ = (λ + δ) U (Λ + δI)⁻¹ Uᵀ + (I − U Uᵀ) with λ the smallest eigenvalue kept. Where H has negative
/// eigenvalues only its positive part is approximated.
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
    var test = (0..<count).map { _ in [Element].randomNormal(n, &stream) }
    test = orthonormalized(test)
    var sketch = try h.apply(block: test)
    products = count * h.productsPerApplication

    // A small shift keeps the core positive definite under rounding; it is taken off again below.
    let size = sketch.reduce(0) { $0 + $1.dot($1) }.squareRoot()
    let shift = size * Double(n).squareRoot() * unitRoundoff(Element.self)
    for index in 0..<count { sketch[index].add(Element(shift), times: test[index]) }

    // B = Y C^(−1/2) with C = Ωᵀ Y. Its squared singular values are the eigenvalues, its left vectors U.
    let core = symmetricPart(crossProducts(test, sketch), order: count)
    let (values, rows) = try DenseAlgebra.eigen(core, order: count)
    let cutoff = shift * 0.1
    let kept = (0..<count).filter { values[$0] > cutoff }
    let b = combinations(
      of: sketch,
      kept.map { index in (0..<count).map { rows[index * count + $0] / values[index].squareRoot() } })
    let gram = crossProducts(b, b)
    let (squares, mixing) = try DenseAlgebra.eigen(gram, order: kept.count)
    let order = (0..<kept.count).reversed().filter { squares[$0] > shift }
    vectors = combinations(
      of: b,
      order.map { index in
        (0..<kept.count).map { mixing[index * kept.count + $0] / squares[index].squareRoot() }
      })
    eigenvalues = order.map { max(0, squares[$0] - shift) }
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
