import Influence
import Network
import Tensor

/// Solves for an update, stopping along the solver's path where validation says so.
struct UpdateSolver {
  let request: RemoveRequest
  let phases: RemovalProgress

  /// The longest path that `auto` follows.
  static let pathLimit = 60
  /// Looks without a better score after which it stops.
  static let patience = 3

  func solve<Element: Scalar>(
    _ curvature: RiskCurvature<Element>, _ gradient: [Element], _ indices: [Int],
    _ choice: UpdateChoice<Element>
  ) throws -> Solution<Element> {
    let followsPath = request.solver.iterations == .auto && choice.hasScore
    let solver = request.solver.choice(
      damping: request.damping, pathLimit: followsPath ? Self.pathLimit : nil, seed: UInt64(request.seed))
    var monitor = SolveMonitor<Element>(progress: { progress in
      try phases.context.throwIfInterrupted()
      phases.advance(
        Double(progress.iteration) / Double(progress.limit),
        "iteration \(progress.iteration) of at most \(progress.limit), relative residual "
          + progress.relativeResidual.shortText)
    })
    guard followsPath else {
      return try request.estimator.solve(
        curvature, indices: indices, gradient: gradient, solver: solver,
        batches: request.solver.name == .lissa ? batches(of: curvature) : nil, monitor: monitor)
    }
    let search = PathSearch(choice)
    monitor.observe = { iteration, x in try search.look(iteration, x) ? .stop : .proceed }
    let last = try request.estimator.solve(
      curvature, indices: indices, gradient: gradient, solver: solver, monitor: monitor)
    return try search.best(last) { x in
      try request.estimator.relativeResidual(
        of: x, curvature, indices: indices, gradient: gradient, damping: request.damping)
    }
  }
}

extension UpdateSolver {
  /// The curvature of batches of the same samples, each made when it is drawn.
  private func batches<Element: Scalar>(
    of curvature: RiskCurvature<Element>
  ) -> BatchFamily<RiskCurvature<Element>> {
    let whole = curvature.linearization
    let size = min(request.solver.batchSize, whole.count)
    var stream = RandomStream(seed: UInt64(request.seed), purpose: "lissa batches")
    let order = stream.permutation(whole.count)
    // Batches of one size, so that each is as good a piece as another.
    return BatchFamily(count: whole.count / size) { batch in
      RiskCurvature(
        try whole.restricted(to: Array(order[batch * size..<(batch + 1) * size])), kind: curvature.kind,
        weightDecay: curvature.weightDecay)
    }
  }
}

/// Looks at some steps of a path, each at the best scale near that of the look before, and keeps the best.
final class PathSearch<Element: Scalar> {
  private let choice: UpdateChoice<Element>
  private var next = 1
  private var scale = 1.0
  private var looksWithoutGain = 0
  private var bestScore = -Double.infinity
  private var bestIteration = 0
  private var bestStep: [Element]?

  init(_ choice: UpdateChoice<Element>) { self.choice = choice }

  /// Whether the path has been followed far enough.
  func look(_ iteration: Int, _ x: [Element]) throws -> Bool {
    guard iteration >= next else { return false }
    // Steps 1, 2, 3, 4, 6, 8, 11, 15, 20, 26, …
    next = max(iteration + 1, Int((Double(iteration) * 1.3).rounded()))
    let score = try climb(x)
    // A later step must be better, not equal: fewer steps are the safer update.
    if score > bestScore + 1e-6 {
      bestScore = score
      bestIteration = iteration
      bestStep = x
      looksWithoutGain = 0
    } else {
      looksWithoutGain += 1
    }
    return looksWithoutGain >= UpdateSolver.patience
  }

  /// Climbs in factors of 2 from the present scale.
  private func climb(_ x: [Element]) throws -> Double {
    func score(_ scale: Double) throws -> Double {
      try choice.metrics(x, scale: scale, on: choice.pathSamples).score ?? -.infinity
    }
    var best = try score(scale)
    for factor in [2.0, 0.5] {
      var moved = false
      while (0.05...2000).contains(scale * factor) {
        let there = try score(scale * factor)
        guard there > best else { break }
        best = there
        scale *= factor
        moved = true
      }
      if moved { break }
    }
    return best
  }

  /// The best step as a solution, with its true residual; the last one where no look was better.
  func best(_ last: Solution<Element>, residual: ([Element]) throws -> (value: Double, products: Int)) throws
    -> Solution<Element>
  {
    guard let bestStep, bestIteration < last.report.iterations || last.report.reason == .observer else {
      return last
    }
    var report = last.report
    let measured = try residual(bestStep)
    report.curvatureProducts += measured.products
    report.relativeResidual = measured.value
    report.chosenIteration = bestIteration
    report.converged = measured.value <= report.tolerance
    // The path was left on purpose: as far as the tolerance goes, its iterations were limited.
    report.reason = report.converged ? nil : .iterationLimit
    return Solution(x: bestStep, report: report)
  }
}

extension SolverRequest {
  /// - Parameter pathLimit: the most steps where the path is watched; nil leaves the request's own.
  func choice(damping: Double, pathLimit: Int?, seed: UInt64) -> SolverChoice {
    var options = SolveOptions(tolerance: tolerance, damping: damping)
    switch iterations {
    case .count(let count): options.iterationLimit = count
    case .auto: options.iterationLimit = pathLimit
    case .standard: break
    }
    switch name {
    case .lsmr: return .lsmr(options)
    case .cg: return .conjugateGradient(options)
    case .minres: return .minres(options)
    case .neumann: return .neumann(options, scale: scale)
    case .direct: return .direct(damping: damping)
    case .lissa:
      return .lissa(LiSSA(options, repeats: repeats, corrections: corrections, scale: scale, seed: seed))
    case .arnoldi:
      let complement: ArnoldiSolver.Complement =
        switch self.complement {
        case .dropped: .dropped
        case .constant: .constant
        case .solved: .solved
        }
      return .arnoldi(ArnoldiSolver(options, rank: rank, complement: complement, seed: seed))
    }
  }
}

extension SolveReport {
  /// The `solver` member of a result.
  var json: JSONValue {
    var object: JSONObject = [
      "name": .string(solver), "iterations": JSONValue(chosenIteration ?? iterations),
      "path_iterations": JSONValue(iterations), "converged": .bool(converged),
      "reason": JSONValue(reason?.rawValue), "relative_residual": .number(relativeResidual),
      "tolerance": .number(tolerance), "residual_history": JSONValue(residualHistory),
      "curvature_products": JSONValue(curvatureProducts), "damping": .number(damping),
      "c": JSONValue(scale),
    ]
    if let rank { object["rank"] = JSONValue(rank) }
    if let negativeEigenvalues { object["negative_eigenvalues"] = JSONValue(negativeEigenvalues) }
    return .object(object)
  }
}
