import Influence
import JSON
import Network
import Tensor

/// The curvature that a job ranks samples by. The damping and the tolerance of its solves are settled.
struct RankingCurvature<Element: Scalar> {
  /// The request with its damping and the tolerance of its solver settled.
  let request: CurvatureRequest
  /// H with the weight decay in it, without δ.
  let matrix: SampledCurvature<Element>
  let damping: SettledDamping
  let seed: Int

  /// - Parameter time: the length of the training that the scores refer to.
  /// - Throws: `SolveError`, `Cancelled`.
  init(
    _ request: CurvatureRequest, _ matrix: SampledCurvature<Element>, of model: LoadedModel<Element>,
    time: TrainedTime, seed: Int, _ compute: Compute
  ) throws {
    damping = try Self.settle(request.dampingChoice, time, matrix, model, seed, compute)
    var request = request
    request.damping = damping.value
    request.solver = request.solver.forRanking(Element.self)
    self.request = request
    self.matrix = matrix
    self.seed = seed
  }

  /// The solver of factors.
  var solver: any Solver { choice(of: request.solver) }

  /// A solver with this damping.
  func choice(of solver: SolverRequest) -> any Solver {
    solver.forRanking(Element.self).choice(damping: damping.value, pathLimit: nil, seed: UInt64(seed))
  }

  /// Batches of the matrix for a solver that draws them.
  func batches(for solver: SolverRequest) -> BatchFamily<SampledCurvature<Element>>? {
    var request = request
    request.solver = solver
    return request.batches(of: matrix, seed: seed)
  }

  var batches: BatchFamily<SampledCurvature<Element>>? { batches(for: request.solver) }

  /// The `curvature` of a result.
  var json: JSONValue {
    [
      "hessian": .string(request.matrix.rawValue), "samples": JSONValue(matrix.samples.count),
      "damping": damping.json,
    ]
  }

  // MARK: Damping

  private static func settle(
    _ choice: DampingChoice, _ time: TrainedTime, _ matrix: SampledCurvature<Element>,
    _ model: LoadedModel<Element>, _ seed: Int, _ compute: Compute
  ) throws -> SettledDamping {
    if let value = choice.value { return SettledDamping(value: value, rule: .given) }
    switch time {
    case .finite(let time) where time > 0:
      return SettledDamping(value: 1 / time, rule: .trainingTime, time: time)
    case .endless: return try atMinimum(matrix, model, seed, compute)
    case .none where try model.isAtMinimum(matrix.state, compute):
      return try atMinimum(matrix, model, seed, compute)
    default:
      let largest = try largestEigenvalue(matrix, seed, compute)
      return SettledDamping(
        value: SettledDamping.eigenvalueShare * largest, rule: .largestEigenvalue, largestEigenvalue: largest)
    }
  }

  private static func atMinimum(
    _ matrix: SampledCurvature<Element>, _ model: LoadedModel<Element>, _ seed: Int, _ compute: Compute
  ) throws -> SettledDamping {
    guard model.weightDecay == 0 else { return SettledDamping(value: 0, rule: .minimum) }
    let largest = try largestEigenvalue(matrix, seed, compute)
    let share = SettledDamping.minimumShare(Element.self, isLinear: model.isLinear)
    return SettledDamping(value: share * largest, rule: .minimum, largestEigenvalue: largest)
  }

  private static func largestEigenvalue(
    _ matrix: SampledCurvature<Element>, _ seed: Int, _ compute: Compute
  ) throws -> Double {
    try compute.cancellation?.check()
    // A few products are enough: a damping needs only its first digit.
    let ends = try ExtremeEigenvalues(of: matrix, steps: 12, accuracy: 0.05, seed: UInt64(seed))
    return max(ends.largest, 0)
  }
}

extension LoadedModel {
  /// The largest ‖∇R‖ at a minimum, as a share of the mean norm of the gradients of single samples.
  private static var minimumGradient: Double { 1e-3 }

  /// Whether untrained weights minimise a risk with one minimum, such as a regression that another program
  /// fitted. For other networks a small gradient would prove nothing, so no gradient is computed.
  func isAtMinimum(_ state: NetworkState<Element>, _ compute: Compute) throws -> Bool {
    guard isLinear else { return false }
    let samples = dataset.train.samples(partition().training)
    guard samples.count > 0 else { return false }
    let slope = try RiskSlope(of: state, self, on: samples, compute)
    return slope.norm <= Self.minimumGradient * slope.oneSample * Double(samples.count)
  }
}

extension SolverRequest {
  /// The relative residual that rankings aim at by default. In float32 a smaller one changes no list of ten,
  /// and it changes scores far less than a new draw of curvature samples does (scripts/check-defaults.md).
  /// Users choose float64 if digits count.
  static func rankingTolerance<Element: Scalar>(_: Element.Type) -> Double? {
    Element.precision == .float32 ? 1e-2 : nil
  }

  /// The solver with that tolerance.
  func forRanking<Element: Scalar>(_: Element.Type) -> SolverRequest {
    // `direct` has no tolerance, and that of `lissa` is about as large.
    if name == .direct || name == .lissa { return self }
    var solver = self
    solver.tolerance = tolerance ?? Self.rankingTolerance(Element.self)
    return solver
  }
}
