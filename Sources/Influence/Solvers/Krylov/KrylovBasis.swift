import Tensor

/// An orthonormal basis of a Krylov space of a symmetric H, grown one product at a time with full
/// reorthogonalisation (Lanczos 1950; Parlett 1998, §13), and H projected onto it.
struct KrylovBasis<Element: Scalar> {
  /// v₁ … vₘ and the next vector.
  private(set) var vectors: [[Element]]
  /// Vᵀ H V of v₁ … vₘ, m rows.
  private(set) var projection: [[Double]] = []
  /// ‖H vₘ − V Vᵀ H vₘ‖: how far the space is from invariant.
  private(set) var coupling = 0.0
  /// Orthonormal vectors that the space stays orthogonal to.
  private let locked: [[Element]]

  /// m.
  var count: Int { projection.count }
  /// Whether the space is invariant, so that there is no next vector.
  var isInvariant: Bool { vectors.count == projection.count }

  /// - Parameters:
  ///   - start: not zero, and not of the span of the locked vectors; it is normalised.
  ///   - locked: orthonormal vectors; H is then projected onto their orthogonal complement.
  init(start: [Element], locked: [[Element]] = []) {
    self.locked = locked
    var first = start
    for _ in 0..<2 {
      for vector in locked { first.add(Element(-first.dot(vector)), times: vector) }
      first.scale(Element(1 / first.norm))
    }
    vectors = [first]
  }

  /// Makes one more product. If the space is then invariant, `fresh` gives the next vector.
  mutating func extend<H: SymmetricOperator>(
    _ h: H, fresh: (() -> [Element])? = nil
  ) throws where H.Element == Element {
    var w = try h.apply(vectors[count])
    let size = w.norm
    guard size.isFinite else {
      throw SolveError.nonFinite(solver: "lanczos", iteration: count + 1, quantity: "a product")
    }
    let column = orthogonalize(&w)
    for row in projection.indices { projection[row].append(column[row]) }
    projection.append(column)
    coupling = w.norm
    let scale = max(size, projection[0][0].magnitude)
    if coupling > 4 * unitRoundoff(Element.self) * scale * Double(count).squareRoot() {
      w.scale(Element(1 / coupling))
      vectors.append(w)
      return
    }
    coupling = 0
    guard let fresh, count + locked.count < w.count else { return }
    var other = fresh()
    other.scale(Element(1 / other.norm))
    _ = orthogonalize(&other)
    let left = other.norm
    guard left > 1e-3 / Double(w.count).squareRoot() else { return }
    other.scale(Element(1 / left))
    _ = orthogonalize(&other)
    other.scale(Element(1 / other.norm))
    vectors.append(other)
  }

  /// Ritz values in rising order, and the coefficients of their vectors, one row each.
  func ritz() throws -> (values: [Double], coefficients: [[Double]]) {
    let m = count
    let (values, rows) = try DenseAlgebra.eigen(projection.flatMap { $0 }, order: m)
    return (values, (0..<m).map { Array(rows[$0 * m..<($0 + 1) * m]) })
  }

  /// Keeps only some Ritz vectors and the next vector (thick restart, Wu and Simon 2000).
  mutating func restart(values: [Double], coefficients: [[Double]]) {
    let next = isInvariant ? [] : [vectors[count]]
    vectors = self.vectors(coefficients) + next
    projection = values.indices.map { row in
      values.indices.map { row == $0 ? values[row] : 0 }
    }
  }

  /// The Ritz vectors of the given coefficients.
  func vectors(_ coefficients: [[Double]]) -> [[Element]] {
    VectorBlock(Array(vectors[0..<count]))
      .combinations(coefficients.flatMap { $0 }, rows: coefficients.count).vectors
  }

  /// w ← w − V Vᵀ w, twice; the coefficients Vᵀ w.
  private func orthogonalize(_ w: inout [Element]) -> [Double] {
    var column = [Double](repeating: 0, count: vectors.count)
    for _ in 0..<2 {
      for vector in locked { w.add(Element(-w.dot(vector)), times: vector) }
      for (index, vector) in vectors.enumerated() {
        let overlap = w.dot(vector)
        column[index] += overlap
        w.add(Element(-overlap), times: vector)
      }
    }
    return column
  }
}
