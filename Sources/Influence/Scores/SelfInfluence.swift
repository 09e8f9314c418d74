import Network
import Tensor

/// The self-influence gᵢᵀ(H + δI)⁻¹gᵢ of every sample, gᵢ = ∇ℓ(zᵢ): how strongly a sample changes its own
/// loss (Koh and Liang 2017, §5.4). Gradients are made a block at a time, so memory does not grow with the
/// samples.
///
/// - `direct`: one Cholesky factor H + δI = UᵀU, and ‖U⁻ᵀgᵢ‖² for each block: exact.
/// - `arnoldi` with the complement dropped or constant: Σ (vₖᵀgᵢ)²/(λₖ + δ) over the strongest eigenpairs,
///   by tangent passes along the vₖ. `constant` adds ‖gᵢ‖² − Σ (vₖᵀgᵢ)² divided by one level, which follows
///   from samples that are solved exactly. Other samples are solved exactly to measure the error.
/// - Every other solver solves for sᵢ, block by block, and takes gᵢᵀsᵢ: exact to the tolerance, and costly
///   for many samples.
public struct SelfInfluence: Sendable {
  /// How good the values are.
  public struct Status: Sendable, Equatable {
    public var solver: String
    public var damping = 0.0
    /// Samples whose solve met its tolerance. For `direct` and low rank only some samples are checked.
    public var converged = 0
    /// Solves that were made or checked.
    public var solves = 0
    /// Why other solves did not meet it, with the number for each reason.
    public var reasons: [StopReason: Int] = [:]
    /// The largest true relative residual among the solves.
    public var relativeResidual = 0.0
    public var curvatureProducts = 0
    /// How many eigenvalues (`direct`) or eigenpairs (`arnoldi`) the values are made of.
    public var rank: Int?
    public var negativeEigenvalues: Int?
    /// Low rank: the median and the largest relative error of the checked samples. nil if no exact value is
    /// known.
    public var medianError: Double?
    public var largestError: Double?
    /// Low rank: Spearman's coefficient between the values of the checked samples and the exact ones; nil for
    /// fewer than three.
    public var rankCorrelation: Double?

    public init(solver: String) { self.solver = solver }

    /// Whether every value is exact to the tolerance of its solve.
    public var isExact: Bool { reasons[.lowRank] == nil && converged == solves }
  }

  /// In the order of the samples.
  public let values: [Double]
  public let status: Status

  public init(values: [Double], status: Status) {
    self.values = values
    self.status = status
  }

  /// The most parameters for which the dense factor is made.
  public static let directLimit = 10_000
  /// How many samples a factor or a low rank is checked on.
  public static let checkedSamples = 16

  /// Called with the share that is done and the present work, from any thread.
  public typealias Report = @Sendable (_ share: Double, _ detail: String) -> Void

  /// - Parameters:
  ///   - curvature: H with the weight decay in it, without δ.
  ///   - batches: pieces of the curvature, for a solver that draws batches.
  /// - Throws: `SolveError`, `DenseAlgebraError`, `Cancelled`.
  @specialized(where H == SampledCurvature<Float>)
  @specialized(where H == SampledCurvature<Double>)
  public init<H: SymmetricOperator>(
    of samples: Samples, at state: NetworkState<H.Element>, network: Network<H.Element>, loss: Loss,
    curvature: H, solver: any Solver, batches: BatchFamily<H>? = nil, compute: Compute,
    report: @escaping Report = { _, _ in }
  ) throws {
    let course = SelfInfluenceCourse(
      gradients: SampleGradientBlocks(
        samples: samples, state: state, network: network, loss: loss, compute: compute),
      curvature: curvature, report: report)
    if let direct = solver as? DirectSolver {
      self = try course.direct(damping: direct.damping)
    } else if let arnoldi = solver as? ArnoldiSolver, arnoldi.complement != .solved {
      self = try course.lowRank(arnoldi)
    } else {
      self = try course.solved(solver, batches)
    }
  }
}

/// One method for each kind of solver.
private struct SelfInfluenceCourse<H: SymmetricOperator> {
  typealias Element = H.Element
  let gradients: SampleGradientBlocks<Element>
  let curvature: H
  let report: SelfInfluence.Report

  private var count: Int { gradients.samples.count }
  private var cancellation: Cancellation? { gradients.compute.cancellation }

  // MARK: Dense

  func direct(damping: Double) throws -> SelfInfluence {
    // Rounding in the products changes eigenvalues by a few ulps of the norm of the matrix. √n is a margin.
    let solver = DirectSolver(
      damping: damping, dimensionLimit: SelfInfluence.directLimit,
      rankTolerance: Double(max(1, curvature.dimension)).squareRoot() * 2 * unitRoundoff(Element.self))
    let inverse = try solver.inverse(of: curvature) { step in
      try cancellation?.check()
      report(
        0.6 * Double(step.iteration) / Double(max(1, step.limit)), "the matrix, column \(step.iteration)")
    }
    try cancellation?.check()
    let n = curvature.dimension
    let values = try gradients.quadraticForms(inverse) { [report] in report(0.7 + 0.3 * $0, "self-influence")
    }
    var status = SelfInfluence.Status(solver: DirectSolver.name)
    status.damping = damping
    status.rank = inverse.rank
    status.negativeEigenvalues = inverse.negativeEigenvalues
    status.curvatureProducts = n * curvature.productsPerApplication
    try checkFactor(inverse, damping, &status)
    return SelfInfluence(values: values, status: status)
  }

  /// Measures residuals of the factor's own answers with products of the curvature.
  private func checkFactor(
    _ inverse: DenseSymmetricInverse, _ damping: Double, _ status: inout SelfInfluence.Status
  ) throws {
    let operation = DampedOperator(curvature, damping: damping)
    let floor = DefaultTolerance.symmetric(Element.self)
    for g in try checkedGradients().vectors where g.norm > 0 {
      let x = try inverse.apply([g.map(Double.init)])[0]
      var rest = try operation.apply(x.map { Element($0) })
      rest.scale(-1, adding: g)
      let residual = rest.norm / g.norm
      status.solves += 1
      status.curvatureProducts += curvature.productsPerApplication
      status.relativeResidual = max(status.relativeResidual, residual)
      // If ‖H‖ is about 1, rounding x to the precision of the elements leaves about this residual.
      let rounding = 4 * unitRoundoff(Element.self) * x.norm / g.norm
      if residual <= max(1000 * floor, rounding) {
        status.converged += 1
      } else {
        status.reasons[.stagnation, default: 0] += 1
      }
    }
  }

  private var checkedPlaces: [Int] {
    let checked = min(count, SelfInfluence.checkedSamples)
    return (0..<checked).map { $0 * count / checked }
  }

  private func checkedGradients() throws(Cancelled) -> VectorBlock<Element> {
    try gradients.at(checkedPlaces)
  }

  // MARK: Low rank

  /// - Parameter share: the share of the whole work that the first basis takes.
  private func eigenpairs(_ solver: ArnoldiSolver, share: Double) throws -> Eigenpairs<Element> {
    let basis = Double(2 * solver.rank + 20)
    return try solver.eigenpairs(of: curvature) { [report, cancellation] step in
      try cancellation?.check()
      report(share * min(1, Double(step.iteration) / basis), "eigenpairs, product \(step.iteration)")
    }
  }

  func lowRank(_ solver: ArnoldiSolver) throws -> SelfInfluence {
    let pairs = try eigenpairs(solver, share: 0.4)
    try cancellation?.check()
    let inverse = LowRankInverse(pairs, damping: solver.options.damping)
    var (values, squares) = try gradients.squares(along: inverse) { [report] in
      report(0.4 + 0.3 * $0, "tangent passes")
    }
    var status = SelfInfluence.Status(solver: ArnoldiSolver.name)
    status.damping = solver.options.damping
    status.rank = inverse.values.count
    status.negativeEigenvalues = pairs.values.filter { $0 < 0 }.count
    status.curvatureProducts = pairs.products
    let isFlat = solver.complement == .constant
    let exact = try exactForms(
      at: checkedPlaces + (isFlat ? levelPlaces : []), solver.options.damping, &status)
    if isFlat {
      let norms = try gradients.norms { [report] in report(0.7 + 0.25 * $0, "gradient norms") }
      let outside = values.indices.map { max(0, norms[$0] * norms[$0] - squares[$0]) }
      let shares = levelPlaces.compactMap { place in
        exact[place].flatMap { outside[place] > 0 ? max(0, $0 - values[place]) / outside[place] : nil }
      }
      // The rest of the spectrum counts as flat. Its level is the average over these samples.
      let standard = inverse.smallest + solver.options.damping
      let share = shares.isEmpty ? (standard > 0 ? 1 / standard : 0) : shares.sorted()[shares.count / 2]
      for place in values.indices { values[place] += share * outside[place] }
    }
    check(values, exact, &status)
    return SelfInfluence(values: values, status: status)
  }

  /// Samples that give the level of a flat complement. If there are enough, they are not the checked ones.
  private var levelPlaces: [Int] {
    let checked = min(count, SelfInfluence.checkedSamples)
    return (0..<checked).map { min(count - 1, ($0 * count + count / 2) / checked) }
  }

  /// gᵀ(H + δI)⁻¹g of some samples, each solved; without those whose solve did not converge.
  private func exactForms(
    at places: [Int], _ damping: Double, _ status: inout SelfInfluence.Status
  ) throws -> [Int: Double] {
    let places = Set(places).sorted()
    let gradients = try gradients.at(places)
    let checked = Set(checkedPlaces)
    let exact = BlockConjugateGradient(SolveOptions(tolerance: 1e-4, damping: damping))
    var forms: [Int: Double] = [:]
    for (position, solution) in try exact.solve(curvature, block: gradients.vectors).enumerated() {
      status.curvatureProducts += solution.report.curvatureProducts
      let place = places[position]
      if solution.report.converged { forms[place] = gradients[position].dot(solution.x) }
      guard checked.contains(place) else { continue }
      status.solves += 1
      status.relativeResidual = max(status.relativeResidual, solution.report.relativeResidual)
      if solution.report.converged {
        status.converged += 1
      } else {
        status.reasons[solution.report.reason ?? .stagnation, default: 0] += 1
      }
    }
    return forms
  }

  /// Compares values with exact ones.
  private func check(_ values: [Double], _ exact: [Int: Double], _ status: inout SelfInfluence.Status) {
    let known = checkedPlaces.filter { exact[$0] ?? 0 > 0 }
    let forms = known.map { exact[$0] ?? 0 }
    let errors = zip(known, forms).map { abs(values[$0] - $1) / $1 }.sorted()
    status.medianError = errors.isEmpty ? nil : errors[errors.count / 2]
    status.largestError = errors.last
    status.rankCorrelation = known.count < 3 ? nil : Correlation.spearman(known.map { values[$0] }, forms)
    status.reasons[.lowRank] = count - errors.count
  }

  // MARK: One solve a sample

  func solved(_ solver: any Solver, _ batches: BatchFamily<H>?) throws -> SelfInfluence {
    var values: [Double] = []
    values.reserveCapacity(count)
    var status = SelfInfluence.Status(solver: "")
    // Eigenpairs are found once for all blocks.
    var pairs: (solver: ArnoldiSolver, pairs: Eigenpairs<Element>)?
    if let arnoldi = solver as? ArnoldiSolver {
      let found = try eigenpairs(arnoldi, share: 0)
      status.curvatureProducts += found.products
      pairs = (arnoldi, found)
    }
    for places in gradients.blocks {
      let gradients = try gradients.at(Array(places))
      let progress: (SolveProgress) throws -> Void = { step in
        let share = min(1, Double(step.iteration) / Double(max(1, step.limit)))
        report(
          (Double(places.lowerBound) + share * Double(places.count)) / Double(count),
          "samples \(places.lowerBound) to \(places.upperBound - 1), iteration \(step.iteration)")
      }
      let solutions: [Solution<Element>]
      if let (arnoldi, pairs) = pairs {
        solutions = try gradients.vectors.map {
          try arnoldi.solve(curvature, $0, pairs: pairs, monitor: SolveMonitor(progress: progress))
        }
      } else {
        solutions = try solver.solve(
          curvature, block: gradients.vectors, batches: batches, progress: progress)
      }
      for (row, solution) in solutions.enumerated() {
        values.append(gradients[row].dot(solution.x))
        status.add(solution.report)
      }
      report(
        Double(places.upperBound) / Double(count), "samples \(places.lowerBound) to \(places.upperBound - 1)")
    }
    return SelfInfluence(values: values, status: status)
  }
}

extension SelfInfluence.Status {
  fileprivate mutating func add(_ report: SolveReport) {
    solver = report.solver
    damping = report.damping
    rank = report.rank
    negativeEigenvalues = report.negativeEigenvalues
    solves += 1
    converged += report.converged ? 1 : 0
    if let reason = report.reason { reasons[reason, default: 0] += 1 }
    relativeResidual = max(relativeResidual, report.relativeResidual)
    curvatureProducts += report.curvatureProducts
  }
}
