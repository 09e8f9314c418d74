import Tensor

/// How the effect of a group on the parameters is estimated.
public enum Estimator: String, Sendable, CaseIterable {
  /// Generalized influence function (Lyu et al. 2023): θ_J moves so that the gradient of all parameters
  /// vanishes in the least-squares sense, x = argmin ‖H[:, J]x − g‖² + δ²‖x‖².
  case gif
  /// Freezing influence function: x = (H[J, J] + δI)⁻¹g_J, the rest of the network frozen.
  case fif
  /// Projected influence function: the entries J of (H + δI)⁻¹g.
  case pif
  /// The influence function (Koh and Liang 2017): (H + δI)⁻¹g over every parameter.
  case `if`
}

extension Estimator {
  /// Solves for x over J. The page of Influence says how the update follows from x.
  /// - Parameters:
  ///   - curvature: H with the weight decay in it, without damping.
  ///   - indices: J, ascending places in θ; all of them for `if`.
  ///   - gradient: g, of θ's length.
  ///   - batches: pieces of the curvature, for a solver that draws batches.
  ///   - monitor: sees iterates over J.
  /// - Returns: x, of J's length.
  public func solve<H: SymmetricOperator>(
    _ curvature: H, indices: [Int], gradient: [H.Element], solver: any Solver,
    batches: BatchFamily<H>? = nil, monitor: SolveMonitor<H.Element> = SolveMonitor()
  ) throws -> Solution<H.Element> {
    switch self {
    case .gif:
      return try solver.solve(
        leastSquares: ColumnRestriction(curvature, indices: indices), gradient, monitor: monitor)
    case .fif:
      return try solver.solve(
        PrincipalRestriction(curvature, indices: indices), indices.map { gradient[$0] },
        batches: batches.map { family in
          BatchFamily(count: family.count) { PrincipalRestriction(try family.batch($0), indices: indices) }
        }, monitor: monitor)
    case .pif:
      var projected = monitor
      projected.observe = monitor.observe.map { observe in
        { iteration, x in try observe(iteration, indices.map { x[$0] }) }
      }
      var solution = try solver.solve(curvature, gradient, batches: batches, monitor: projected)
      solution.x = indices.map { solution.x[$0] }
      return solution
    case .if: return try solver.solve(curvature, gradient, batches: batches, monitor: monitor)
    }
  }

  /// The true relative residual of some x over J: ‖Aᵀ(g − Ax) − δ²x‖/‖Aᵀg‖ for `gif`, ‖g − (H + δI)x‖/‖g‖
  /// over J or all of θ for the others.
  /// - Returns: the residual, and the curvature products that measuring it took. nil for `pif`, whose x is
  ///   only a part of the solution.
  public func relativeResidual<H: SymmetricOperator>(
    of x: [H.Element], _ curvature: H, indices: [Int], gradient: [H.Element], damping: Double
  ) throws -> (value: Double, products: Int)? {
    func residual<M: SymmetricOperator>(_ matrix: M, _ g: [M.Element]) throws -> (
      value: Double, products: Int
    )
    where M.Element == H.Element {
      var remaining = try DampedOperator(matrix, damping: damping).apply(x)
      remaining.scale(-1, adding: g)
      return (remaining.norm / g.norm, matrix.productsPerApplication)
    }
    switch self {
    case .gif:
      let a = ColumnRestriction(curvature, indices: indices)
      var remaining = try a.apply(x)
      remaining.scale(-1, adding: gradient)
      var normal = try a.applyTransposed(remaining)
      normal.add(H.Element(-damping * damping), times: x)
      let size = try a.applyTransposed(gradient).norm
      return (normal.norm / size, 3 * a.productsPerApplication)
    case .fif:
      return try residual(PrincipalRestriction(curvature, indices: indices), indices.map { gradient[$0] })
    case .pif: return nil
    case .if: return try residual(curvature, gradient)
    }
  }
}
