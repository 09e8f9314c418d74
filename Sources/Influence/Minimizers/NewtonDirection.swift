import Tensor

/// −H⁻¹g, or near it: a direction in which the function falls also where H is indefinite.
enum NewtonDirection {
  /// The most parameters for which H is formed.
  static let denseLimit = 256
  /// The most products of one truncated solve.
  static let productLimit = 500

  /// - Parameter forcing: the relative residual that a truncated solve aims at.
  /// - Returns: d, and the products made.
  static func direction<H: SymmetricOperator>(
    _ h: H, gradient: [H.Element], forcing: Double
  ) throws -> (direction: [H.Element], products: Int) {
    h.dimension <= denseLimit
      ? try dense(h, gradient) : try truncated(h, gradient, forcing: forcing)
  }

  /// By Cholesky; where H is not positive definite −|H|⁻¹g from its eigenvalues, those that are rounding left out.
  private static func dense<H: SymmetricOperator>(
    _ h: H, _ gradient: [H.Element]
  ) throws -> (direction: [H.Element], products: Int) {
    let n = h.dimension
    let units = (0..<n).map { column in
      var unit = [H.Element].zeros(n)
      unit[column] = 1
      return unit
    }
    var matrix = [Double](repeating: 0, count: n * n)
    for (column, values) in try h.apply(block: units).enumerated() {
      if !values.isFinite {
        throw SolveError.nonFinite(solver: "newton", iteration: column, quantity: "a column of the Hessian")
      }
      for row in 0..<n {
        matrix[row * n + column] += Double(values[row]) / 2
        matrix[column * n + row] += Double(values[row]) / 2
      }
    }
    let right = gradient.map { -Double($0) }
    if let found = try? DenseAlgebra.solvePositiveDefinite(matrix, order: n, rightHandSides: [right])[0],
      found.isFinite, isTrusted(matrix, found, right)
    {
      return (found.map { H.Element($0) }, n)
    }
    let (values, vectors) = try DenseAlgebra.eigen(matrix, order: n)
    let largest = values.map(\.magnitude).max() ?? 0
    let floor = Double(n) * 2 * unitRoundoff(H.Element.self) * largest
    var direction = [Double].zeros(n)
    for index in 0..<n where values[index].magnitude > floor {
      let vector = Array(vectors[index * n..<(index + 1) * n])
      direction.add(vector.dot(right) / values[index].magnitude, times: vector)
    }
    return (direction.map { H.Element($0) }, n)
  }

  /// Whether an answer leaves a small residual; nearly singular matrices pass Cholesky without one.
  private static func isTrusted(_ matrix: [Double], _ x: [Double], _ right: [Double]) -> Bool {
    let n = x.count
    var square = 0.0
    for row in 0..<n {
      let difference = Array(matrix[row * n..<(row + 1) * n]).dot(x) - right[row]
      square += difference * difference
    }
    return square.squareRoot() <= 1e-6 * right.norm
  }

  /// Conjugate gradients from zero, left at the forcing or before a direction of no positive curvature; where the first
  /// is one, steepest descent.
  private static func truncated<H: SymmetricOperator>(
    _ h: H, _ gradient: [H.Element], forcing: Double
  ) throws -> (direction: [H.Element], products: Int) {
    typealias Element = H.Element
    var x = [Element].zeros(gradient.count)
    var r = gradient
    r.scale(-1)
    var p = r
    var square = r.dot(r)
    let target = forcing * forcing * square
    var product = [Element].zeros(gradient.count)
    var largest = 0.0
    for count in 1...productLimit {
      try h.apply(p, into: &product)
      let curvature = p.dot(product)
      guard curvature.isFinite else {
        throw SolveError.nonFinite(
          solver: "newton", iteration: count, quantity: "the curvature along the search direction")
      }
      let length = p.dot(p)
      largest = max(largest, (product.dot(product) / length).squareRoot())
      if curvature / length <= unitRoundoff(Element.self) * largest { return (count == 1 ? p : x, count) }
      let alpha = square / curvature
      x.add(Element(alpha), times: p)
      r.add(Element(-alpha), times: product)
      let next = r.dot(r)
      if next <= target { return (x, count) }
      p.scale(Element(next / square), adding: r)
      square = next
    }
    return (x, productLimit)
  }
}
