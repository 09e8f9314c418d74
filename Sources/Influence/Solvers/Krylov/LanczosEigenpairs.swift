import Tensor

/// Eigenpairs of a symmetric operator.
public struct Eigenpairs<Element: Scalar>: Sendable {
  /// In the requested order: falling magnitude, falling, or rising.
  public var values: [Double]
  /// Unit vectors, one for each value.
  public var vectors: [[Element]]
  /// ‖Hv − λv‖ for each pair, by the recurrence.
  public var residuals: [Double]
  /// Whether every residual meets the tolerance.
  public var converged: Bool
  /// Curvature products used.
  public var products: Int

  /// ‖Hv − λv‖ for each pair, recomputed; one product a pair, all in one block.
  public func trueResiduals<H: SymmetricOperator>(_ h: H) throws -> [Double] where H.Element == Element {
    try zip(h.apply(block: vectors), zip(vectors, values)).map { product, pair in
      var rest = product
      rest.add(Element(-pair.1), times: pair.0)
      return rest.norm
    }
  }
}

/// Some eigenpairs at an end of the spectrum, by Lanczos with full reorthogonalisation and thick restarts (Wu
/// and Simon 2000), so that memory stays at `basisLimit` vectors. A run may find a repeated eigenvalue only
/// once. With `findsMultiples` more runs search orthogonally to the pairs found, until a run finds nothing.
public struct LanczosEigensolver: Sendable, Equatable {
  /// The end of the spectrum.
  public enum Order: String, Sendable, CaseIterable {
    case largestMagnitude = "largest_magnitude"
    case largest
    case smallest
  }

  public var count: Int
  public var order: Order
  /// The most for ‖Hv − λv‖, relative to the largest magnitude. nil is 10⁻⁵ in `Float`, 10⁻¹⁰ in `Double`.
  public var tolerance: Double?
  /// The most vectors of the basis of one run. nil is 2·count + 20.
  public var basisLimit: Int?
  /// The most products.
  public var productLimit: Int
  public var seed: UInt64
  /// Whether a repeated eigenvalue is found each time. Otherwise it may be found less often.
  public var findsMultiples: Bool
  /// For `largestMagnitude`: the pairs that are among the first `count` of H + sI for any of these s.
  public var shifts: [Double]

  public init(
    count: Int, order: Order = .largestMagnitude, tolerance: Double? = nil, basisLimit: Int? = nil,
    productLimit: Int = 2000, seed: UInt64 = 0, findsMultiples: Bool = false, shifts: [Double] = [0]
  ) {
    self.count = count
    self.order = order
    self.tolerance = tolerance
    self.basisLimit = basisLimit
    self.productLimit = productLimit
    self.seed = seed
    self.findsMultiples = findsMultiples
    self.shifts = shifts
  }

  /// - Returns: `count` pairs (or as many as the shifts need), or all if the dimension is smaller. Pairs that
  ///   did not converge are returned too, with their residuals.
  @specialized(where H == SampledCurvature<Float>)
  @specialized(where H == SampledCurvature<Double>)
  public func solve<H: SymmetricOperator>(
    _ h: H, progress: ((SolveProgress) throws -> Void)? = nil
  ) throws -> Eigenpairs<H.Element> {
    if count < 1 { throw SolveError.option(name: "count", value: "\(count)", expected: "at least 1") }
    var found = Eigenpairs<H.Element>(values: [], vectors: [], residuals: [], converged: true, products: 0)
    var steps = 0
    while found.values.count < h.dimension {
      let more = try run(h, beside: found, &steps, progress)
      found.values += more.values
      found.vectors += more.vectors
      found.residuals += more.residuals
      found.converged = more.converged
      if !findsMultiples || more.values.isEmpty || !more.converged { break }
      if steps >= productLimit {
        // It is not known whether an eigenvalue has more directions.
        found.converged = found.values.count == h.dimension
        break
      }
    }
    let chosen = wanted(found.values)
    return Eigenpairs(
      values: chosen.map { found.values[$0] }, vectors: chosen.map { found.vectors[$0] },
      residuals: chosen.map { found.residuals[$0] }, converged: found.converged,
      products: steps * h.productsPerApplication)
  }

  /// Wanted pairs that are orthogonal to those found.
  private func run<H: SymmetricOperator>(
    _ h: H, beside found: Eigenpairs<H.Element>, _ steps: inout Int,
    _ progress: ((SolveProgress) throws -> Void)?
  ) throws -> Eigenpairs<H.Element> {
    typealias Element = H.Element
    let isFirst = found.values.isEmpty
    let n = h.dimension - found.values.count
    let most = min(shifts.count > 1 ? 2 * count : count, n)
    let capacity = min(n, max(basisLimit ?? 2 * most + 20, most + 2))
    let tolerance = self.tolerance ?? (Element.precision == .float32 ? 1e-5 : 1e-10)
    var stream = RandomStream(
      seed: seed, purpose: isFirst ? "lanczos start" : "lanczos start beside \(found.values.count)")
    var basis = KrylovBasis(start: [Element].randomNormal(h.dimension, &stream), locked: found.vectors)
    while true {
      // Later runs only make sure that nothing is left, so they check every few steps whether they can end.
      let stop = isFirst ? capacity : min(capacity, basis.count + 8)
      while basis.count < stop && steps < productLimit && !basis.isInvariant {
        try basis.extend(h) { [Element].randomNormal(h.dimension, &stream) }
        steps += 1
        try progress?(SolveProgress(iteration: steps, limit: productLimit, relativeResidual: .nan))
      }
      let (values, coefficients) = try basis.ritz()
      let allowed =
        tolerance * max((values + found.values).map(\.magnitude).max() ?? 0, .leastNormalMagnitude)
      let residuals = values.indices.map { basis.coupling * abs(coefficients[$0][basis.count - 1]) }
      let isAtEnd = steps >= productLimit || basis.isInvariant
      func pairs(_ chosen: [Int], converged: Bool) -> Eigenpairs<Element> {
        Eigenpairs(
          values: chosen.map { values[$0] }, vectors: basis.vectors(chosen.map { coefficients[$0] }),
          residuals: chosen.map { residuals[$0] }, converged: converged, products: 0)
      }
      let chosen = wanted(values, beside: found.values, margin: allowed)
      let meetsTolerance = chosen.allSatisfy { residuals[$0] <= allowed }
      if isFirst {
        let isWhole = values.count >= most
        if (meetsTolerance && isWhole && basis.count == capacity) || isAtEnd {
          return pairs(chosen, converged: meetsTolerance && isWhole)
        }
      } else {
        // The ends of the remaining spectrum are as far out as their residuals allow. If they are not wanted,
        // nothing that remains is.
        let last = values.count - 1
        let outer = [values[0] - residuals[0], values[last] + residuals[last]]
        if wanted(values + outer, beside: found.values, margin: allowed).isEmpty {
          return pairs([], converged: true)
        }
        if (meetsTolerance && !chosen.isEmpty) || isAtEnd {
          return pairs(chosen, converged: meetsTolerance && (!chosen.isEmpty || basis.isInvariant))
        }
      }
      if basis.count < capacity { continue }
      // Some pairs beyond the wanted ones are kept: they speed up the rest.
      let isChosen = Set(chosen)
      let sorted = chosen + ranked(values).filter { !isChosen.contains($0) }
      let kept = Array(
        sorted.prefix(max(1, min(basis.count - 1, chosen.count + (basis.count - chosen.count) / 3))))
      basis.restart(values: kept.map { values[$0] }, coefficients: kept.map { coefficients[$0] })
    }
  }

  /// The places of the values that are among the first `count` of all for some shift, in the order of the
  /// values.
  /// - Parameters:
  ///   - found: further values, whose places are not returned.
  ///   - margin: how far a value must exceed the found ones. Otherwise equal values replace each other for
  ///     ever.
  private func wanted(_ values: [Double], beside found: [Double] = [], margin: Double = 0) -> [Int] {
    let all = found + values
    var isWanted = [Bool](repeating: false, count: all.count)
    for shift in order == .largestMagnitude ? shifts : [0] {
      let merits = all.indices.map { index in
        merit(all[index], shift) - (index >= found.count && !found.isEmpty ? margin : 0)
      }
      let places = all.indices.sorted { (-merits[$0], -all[$0], $0) < (-merits[$1], -all[$1], $1) }
      for place in places.prefix(count) { isWanted[place] = true }
    }
    return ranked(values).filter { isWanted[found.count + $0] }
  }

  /// The measure of the order: values with a larger one come first.
  private func merit(_ value: Double, _ shift: Double) -> Double {
    switch order {
    case .largestMagnitude: (value + shift).magnitude
    case .largest: value
    case .smallest: -value
    }
  }

  /// Places of the values in the requested order. Of equal values the first place comes first.
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
