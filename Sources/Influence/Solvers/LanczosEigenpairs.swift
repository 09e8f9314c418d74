import Tensor

/// Eigenpairs of a symmetric operator.
public struct Eigenpairs<Element: Scalar>: Sendable {
  /// In the order asked for: falling magnitude, falling, or rising.
  public var values: [Double]
  /// Unit vectors, one for each value.
  public var vectors: [[Element]]
  /// ‖Hv − λv‖ for each pair, as the recurrence has it.
  public var residuals: [Double]
  /// Whether every residual meets the tolerance.
  public var converged: Bool
  /// Curvature products used.
  public var products: Int
}

/// Some eigenpairs at an end of the spectrum, by Lanczos with full reorthogonalisation and thick restarts
/// (Wu and Simon 2000), so that memory stays at `basisLimit` vectors.
///
/// One starting vector sees a multiple eigenvalue once until rounding or a restart shows its other
/// directions; counts of exactly equal eigenvalues are therefore a lower bound.
public struct LanczosEigensolver: Sendable, Equatable {
  /// Which end.
  public enum Order: String, Sendable, CaseIterable {
    case largestMagnitude = "largest_magnitude"
    case largest
    case smallest
  }

  public var count: Int
  public var order: Order
  /// On ‖Hv − λv‖ relative to the largest magnitude; nil: 10⁻⁵ in `Float`, 10⁻¹⁰ in `Double`.
  public var tolerance: Double?
  /// The most vectors of the basis; nil: 2·count + 20.
  public var basisLimit: Int?
  /// The most products.
  public var productLimit: Int
  public var seed: UInt64

  public init(
    count: Int, order: Order = .largestMagnitude, tolerance: Double? = nil, basisLimit: Int? = nil,
    productLimit: Int = 2000, seed: UInt64 = 0
  ) {
    self.count = count
    self.order = order
    self.tolerance = tolerance
    self.basisLimit = basisLimit
    self.productLimit = productLimit
    self.seed = seed
  }

  /// - Returns: `count` pairs, or all where the dimension is smaller. Pairs that did not converge are
  ///   returned too, with their residuals.
  public func solve<H: SymmetricOperator>(
    _ h: H, progress: ((SolveProgress) throws -> Void)? = nil
  ) throws -> Eigenpairs<H.Element> {
    typealias Element = H.Element
    if count < 1 { throw SolveError.option(name: "count", value: "\(count)", expected: "at least 1") }
    let n = h.dimension
    let wanted = min(count, n)
    if wanted == 0 {
      return Eigenpairs(values: [], vectors: [], residuals: [], converged: true, products: 0)
    }
    let capacity = min(n, max(basisLimit ?? 2 * wanted + 20, wanted + 2))
    let tolerance = self.tolerance ?? (Element.precision == .float32 ? 1e-5 : 1e-10)
    var stream = RandomStream(seed: seed, purpose: "lanczos start")
    var basis = KrylovBasis(start: [Element].randomNormal(n, &stream))
    var steps = 0
    while true {
      while basis.count < capacity && steps < productLimit && !basis.isInvariant {
        try basis.extend(h) { [Element].randomNormal(n, &stream) }
        steps += 1
        try progress?(SolveProgress(iteration: steps, limit: productLimit, relativeResidual: .nan))
      }
      let (values, coefficients) = try basis.ritz()
      let scale = values.map(\.magnitude).max() ?? 0
      let sorted = ranked(values)
      let residuals = sorted.map { basis.coupling * abs(coefficients[$0][basis.count - 1]) }
      let found = min(wanted, values.count)
      let converged = residuals.prefix(found).allSatisfy {
        $0 <= tolerance * max(scale, .leastNormalMagnitude)
      }
      // Some pairs beyond the wanted ones are kept: they speed up the rest.
      if (converged && found == wanted) || steps >= productLimit || basis.isInvariant {
        let chosen = Array(sorted.prefix(found))
        return Eigenpairs(
          values: chosen.map { values[$0] }, vectors: basis.vectors(chosen.map { coefficients[$0] }),
          residuals: Array(residuals.prefix(found)), converged: converged && found == wanted,
          products: steps * h.productsPerApplication)
      }
      let kept = Array(sorted.prefix(min(basis.count - 1, wanted + (basis.count - wanted) / 3)))
      basis.restart(values: kept.map { values[$0] }, coefficients: kept.map { coefficients[$0] })
    }
  }

  /// Indices of the values in the order asked for; ties by index.
  private func ranked(_ values: [Double]) -> [Int] {
    values.indices.sorted { a, b in
      switch order {
      case .largestMagnitude:
        return (-values[a].magnitude, -values[a], a) < (-values[b].magnitude, -values[b], b)
      case .largest: return (-values[a], a) < (-values[b], b)
      case .smallest: return (values[a], a) < (values[b], b)
      }
    }
  }
}
