import Tensor

/// The ends of a spectrum, estimated by a few Lanczos steps.
public struct ExtremeEigenvalues: Sendable, Equatable {
  /// The largest and smallest Ritz value: inside the spectrum.
  public var largest: Double
  public var smallest: Double
  /// How far the largest eigenvalue may lie above the largest Ritz value: the norm of its residual (Zhou and
  /// Li 2011, "Bounding the spectrum of large Hermitian matrices").
  public var uncertainty: Double
  public var smallestUncertainty: Double
  /// Curvature products used.
  public var products: Int

  /// `largest` + `uncertainty`.
  public var upperBound: Double { largest + uncertainty }

  /// - Parameters:
  ///   - start: mixed in equal parts with random numbers. The right-hand side is a good choice, because
  ///     strong directions have a large part in it.
  ///   - accuracy: the steps end when the uncertainty is below this share of the largest magnitude.
  ///   - both: whether the smallest eigenvalue must be as certain as the largest.
  public init<H: SymmetricOperator>(
    of h: H, start: [H.Element]? = nil, steps: Int = 40, accuracy: Double = 0.02, both: Bool = false,
    seed: UInt64 = 0
  ) throws {
    guard h.dimension > 0 else {
      throw SolveError.option(name: "operator", value: "empty", expected: "of at least one dimension")
    }
    var stream = RandomStream(seed: seed, purpose: "largest eigenvalue")
    var first = [H.Element].randomNormal(h.dimension, &stream)
    if let start, start.norm > 0 {
      first.add(H.Element(first.norm / start.norm), times: start)
    }
    if first.norm == 0 { first[0] = 1 }
    var basis = KrylovBasis(start: first)
    self.init(largest: 0, smallest: 0, uncertainty: 0, smallestUncertainty: 0, products: 0)
    while basis.count < min(steps, h.dimension) {
      try basis.extend(h)
      if basis.count < 4 && !basis.isInvariant && basis.count < h.dimension { continue }
      let (values, coefficients) = try basis.ritz()
      let last = basis.count - 1
      largest = values[last]
      smallest = values[0]
      uncertainty = basis.coupling * abs(coefficients[last][last])
      smallestUncertainty = basis.coupling * abs(coefficients[0][last])
      let allowed = accuracy * max(abs(largest), abs(smallest))
      if basis.isInvariant || (uncertainty <= allowed && (!both || smallestUncertainty <= allowed)) { break }
    }
    products = basis.count * h.productsPerApplication
  }

  private init(
    largest: Double, smallest: Double, uncertainty: Double, smallestUncertainty: Double, products: Int
  ) {
    self.largest = largest
    self.smallest = smallest
    self.uncertainty = uncertainty
    self.smallestUncertainty = smallestUncertainty
    self.products = products
  }
}
