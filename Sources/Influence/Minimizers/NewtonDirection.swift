import Tensor

/// −H⁻¹g, or an approximation: a direction in which the function falls, even if H is indefinite.
struct NewtonDirection {
  var direction: [Double]
  /// Curvature products made.
  var products = 0
  /// ½gᵀ|H|⁻¹g, the amount that the function is expected to fall by on the way to its minimum; a lower bound
  /// if `isResolved` is false.
  var decrease = 0.0
  /// Whether the solve reached its forcing.
  var isResolved = true
  /// Whether the function bends down along some direction, by more than rounding.
  var bendsDown = false

  /// The most parameters for which H is formed.
  static let denseLimit = 256
  /// The most products of one truncated solve.
  static let productLimit = 500
  /// A negative curvature of more than this share of the largest one is no rounding.
  private static let leastNegative = 1e-4

  /// - Parameters:
  ///   - forcing: the relative residual, in the norm of P⁻¹, that a truncated solve aims at.
  ///   - enough: a truncated solve may end when the decrease is known to be at most this.
  ///   - keepsFlat: whether directions whose curvature is lost in rounding are followed. Their curvature then
  ///     counts as large as rounding. `decrease` has these directions in any case.
  init<Problem: Objective>(
    _ problem: Problem, _ h: Problem.Curvature, gradient: [Double], forcing: Double, enough: Double = 0,
    keepsFlat: Bool
  ) throws {
    self =
      h.dimension <= Self.denseLimit
      ? try Self.dense(h, gradient, problem.preconditionerDiagonal, keepsFlat: keepsFlat)
      : try Self.truncated(problem, h, gradient, forcing: forcing, enough: enough)
  }

  private init(_ direction: [Double]) { self.direction = direction }

  /// By Cholesky, or −|H|⁻¹g from the eigenvalues if H is not positive definite. Rows and columns are first
  /// scaled by the diagonal of P, so that one measure of rounding fits all of them.
  private static func dense<H: SymmetricOperator<Double>>(
    _ h: H, _ gradient: [Double], _ diagonal: [Double]?, keepsFlat: Bool
  ) throws -> NewtonDirection {
    let n = h.dimension
    let scales = diagonal.map { $0.map { 1 / $0.squareRoot() } } ?? [Double](repeating: 1, count: n)
    let units = (0..<n).map { column in
      var unit = [Double].zeros(n)
      unit[column] = scales[column]
      return unit
    }
    var matrix = [Double](repeating: 0, count: n * n)
    for (column, values) in try h.apply(block: units).enumerated() {
      if !values.isFinite {
        throw SolveError.nonFinite(solver: "newton", iteration: column, quantity: "a column of the Hessian")
      }
      for row in 0..<n {
        matrix[row * n + column] += scales[row] * values[row] / 2
        matrix[column * n + row] += scales[row] * values[row] / 2
      }
    }
    let right = (0..<n).map { -scales[$0] * gradient[$0] }
    func answer(_ scaled: [Double]) -> NewtonDirection {
      var answer = NewtonDirection((0..<n).map { scales[$0] * scaled[$0] })
      answer.products = n
      return answer
    }
    if let found = try? DenseAlgebra.solvePositiveDefinite(matrix, order: n, rightHandSides: [right])[0],
      found.isFinite, isTrusted(matrix, found, right)
    {
      var result = answer(found)
      result.decrease = 0.5 * found.dot(right)
      return result
    }
    let (values, vectors) = try DenseAlgebra.eigen(matrix, order: n)
    let largest = values.map(\.magnitude).max() ?? 0
    let floor = Double(n) * 2 * unitRoundoff(Double.self) * largest
    var direction = [Double].zeros(n)
    var decrease = 0.0
    for index in 0..<n {
      let size = max(values[index].magnitude, floor)
      guard size > 0 else { continue }
      let vector = Array(vectors[index * n..<(index + 1) * n])
      let component = vector.dot(right)
      decrease += 0.5 * component * component / size
      if keepsFlat || values[index].magnitude > floor {
        direction.add(component / size, times: vector)
      }
    }
    var result = answer(direction)
    result.decrease = decrease
    result.bendsDown = (values.min() ?? 0) < -leastNegative * largest
    return result
  }

  /// Whether an answer leaves a small residual. For a nearly singular matrix Cholesky may succeed without
  /// one.
  private static func isTrusted(_ matrix: [Double], _ x: [Double], _ right: [Double]) -> Bool {
    let n = x.count
    var square = 0.0
    for row in 0..<n {
      let difference = Array(matrix[row * n..<(row + 1) * n]).dot(x) - right[row]
      square += difference * difference
    }
    return square.squareRoot() <= 1e-6 * right.norm
  }

  /// Preconditioned conjugate gradients from zero. They stop at the forcing, or before a direction without
  /// positive curvature. If the first direction has none, the answer is steepest descent.
  private static func truncated<Problem: Objective>(
    _ problem: Problem, _ h: Problem.Curvature, _ gradient: [Double], forcing: Double, enough: Double
  ) throws -> NewtonDirection {
    var result = NewtonDirection(.zeros(gradient.count))
    let least = problem.leastCurvature
    var r = gradient
    r.scale(-1)
    if least > 0, 0.5 * r.dot(r) / least <= enough {
      result.decrease = 0.5 * r.dot(r) / least
      return result
    }
    var z = problem.preconditioned(r)
    var p = z
    var square = r.dot(z)
    let target = forcing * forcing * square
    var product = [Double].zeros(gradient.count)
    var largest = 0.0
    result.isResolved = false
    for count in 1...productLimit {
      try h.apply(p, into: &product)
      result.products = count
      let curvature = p.dot(product)
      guard curvature.isFinite else {
        throw SolveError.nonFinite(
          solver: "newton", iteration: count, quantity: "the curvature along the search direction")
      }
      let length = p.dot(p)
      largest = max(largest, (product.dot(product) / length).squareRoot())
      if curvature / length <= unitRoundoff(Double.self) * largest {
        result.bendsDown = curvature / length < -leastNegative * largest
        if count == 1 { result.direction = p }
        return result
      }
      let alpha = square / curvature
      result.direction.add(alpha, times: p)
      result.decrease += 0.5 * alpha * square
      r.add(-alpha, times: product)
      z = problem.preconditioned(r)
      let next = r.dot(z)
      let remainder = least > 0 ? 0.5 * r.dot(r) / least : .infinity
      if next <= target || result.decrease + remainder <= enough {
        if remainder.isFinite { result.decrease += min(remainder, result.decrease) }
        result.isResolved = true
        return result
      }
      p.scale(next / square, adding: z)
      square = next
    }
    return result
  }
}
