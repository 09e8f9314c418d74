import Tensor

#if canImport(Glibc)
  import Glibc
#endif

/// The distribution of the eigenvalues of a symmetric operator by stochastic Lanczos quadrature (Ubaru, Chen
/// and Saad 2017; for networks Ghorbani, Krishnan and Xiao 2019).
///
/// Each probe, a vector of random signs, gives a Gauss quadrature: the Ritz values as nodes and the squares
/// of the first components of their vectors as weights. The mean over the probes estimates (1/n) Σ f(λᵢ).
public struct SpectralDensity: Sendable, Equatable {
  /// Nodes of all probes, rising.
  public var nodes: [Double]
  /// Their weights; they sum to 1.
  public var weights: [Double]
  /// Curvature products used.
  public var products: Int

  /// - Parameters:
  ///   - probes: random vectors; the error falls as 1/√(probes·dimension).
  ///   - steps: Lanczos steps for each probe.
  @specialized(where H == SampledCurvature<Float>)
  @specialized(where H == SampledCurvature<Double>)
  public init<H: SymmetricOperator>(
    of h: H, probes: Int = 10, steps: Int = 80, seed: UInt64 = 0,
    progress: ((SolveProgress) throws -> Void)? = nil
  ) throws {
    if probes < 1 { throw SolveError.option(name: "probes", value: "\(probes)", expected: "at least 1") }
    if steps < 1 { throw SolveError.option(name: "steps", value: "\(steps)", expected: "at least 1") }
    var pairs: [(node: Double, weight: Double)] = []
    var stream = RandomStream(seed: seed, purpose: "spectral density probes")
    var applications = 0
    let length = min(steps, h.dimension)
    for _ in 0..<probes where h.dimension > 0 {
      var basis = KrylovBasis(start: [H.Element].randomSigns(h.dimension, &stream))
      while basis.count < length && !basis.isInvariant {
        try basis.extend(h)
        applications += 1
        try progress?(
          SolveProgress(iteration: applications, limit: probes * length, relativeResidual: .nan))
      }
      let (values, coefficients) = try basis.ritz()
      for (value, row) in zip(values, coefficients) {
        pairs.append((value, row[0] * row[0] / Double(probes)))
      }
    }
    pairs.sort { ($0.node, $0.weight) < ($1.node, $1.weight) }
    nodes = pairs.map(\.node)
    weights = pairs.map(\.weight)
    products = applications * h.productsPerApplication
  }

  /// The mean of f over the spectrum.
  public func mean(_ f: (Double) -> Double) -> Double {
    zip(nodes, weights).reduce(0) { $0 + f($1.0) * $1.1 }
  }

  /// The density at some points, each node widened to a normal distribution.
  /// - Parameter width: its standard deviation, above 0.
  public func density(at points: [Double], width: Double) -> [Double] {
    let height = 1 / (width * (2 * Double.pi).squareRoot())
    return points.map { point in
      mean { node in
        let distance = (point - node) / width
        return height * exp(-distance * distance / 2)
      }
    }
  }
}
