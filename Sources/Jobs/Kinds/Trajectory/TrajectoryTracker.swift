import Influence
import JSON
import Network
import Tensor

/// Makes the steps of all paths of a trajectory.
struct TrajectoryTracker<Element: Scalar> {
  let request: TrajectoryRequest
  let model: LoadedModel<Element>
  /// θ̂.
  let state: NetworkState<Element>
  let free: [NamedParameter]
  let removal: RemovalSequence
  let environment: JobEnvironment
  let compute: Compute

  /// A path: an estimator in a mode, or the constrained optimum.
  enum Path: Equatable {
    case estimate(Estimator, TrajectoryRequest.Mode)
    case optimum
  }

  /// All paths, the optimum last.
  var paths: [Path] {
    request.estimators.flatMap { estimator in request.modes.map { Path.estimate(estimator, $0) } } + [
      .optimum
    ]
  }

  func name(_ path: Path) -> String {
    switch path {
    case .optimum: "optimum"
    case .estimate(let estimator, let mode):
      request.modes.count == 1 ? estimator.rawValue : "\(estimator.rawValue)_\(mode.rawValue)"
    }
  }

  /// J in the engine's order, ascending.
  private var indices: [Int] { free.map(\.engineIndex).sorted() }

  private func risk(_ places: [Int]) -> NetworkRisk {
    NetworkRisk(
      network: model.network, state: state, samples: model.dataset.train.samples(places), loss: model.loss,
      weightDecay: model.weightDecay, memoryLimit: environment.memoryLimit, compute: compute)
  }

  private func gradient(_ places: [Int], at state: NetworkState<Element>) throws -> [Element] {
    try model.network.gradient(
      state, on: model.dataset.train.samples(places), loss: model.loss, compute: compute
    ).gradient
  }

  /// θ̂ with other values of θ_J, given in the order of the request.
  private func state(_ point: [Double]) -> NetworkState<Element> {
    var moved = state
    for (parameter, value) in zip(free, point) { moved.parameters[parameter.engineIndex] = Element(value) }
    return moved
  }

  private func point(_ theta: [Double]) -> [Double] { free.map { theta[$0.engineIndex] } }

  /// Every path begins at θ̂, under the risk of all samples.
  func begin(_ table: inout TrajectoryTable) throws {
    let risk = risk(removal.training)
    for path in paths.indices { try record(state.parameters.map { Double($0) }, risk, path, &table) }
  }

  func step(_ table: inout TrajectoryTable) throws {
    let step = table.steps + 1
    let remaining = removal.remaining(after: step)
    let risk = risk(remaining)
    var shared: (curvature: SampledCurvature<Element>, change: GroupChange<Element>)?
    for (index, path) in paths.enumerated() {
      try compute.cancellation?.check()
      let last = table.points[index][step - 1]
      switch path {
      case .optimum: try minimize(risk, from: last, index, &table)
      case .estimate(let estimator, let mode):
        let isFromStart = mode == .cumulative
        let start = isFromStart ? state : state(last)
        let system: (curvature: SampledCurvature<Element>, change: GroupChange<Element>)
        if isFromStart, let shared {
          system = shared
        } else {
          system = try self.system(step, remaining, start, isFromStart: isFromStart)
        }
        if isFromStart { shared = system }
        let (all, free) = (model.layout.parameterCount, indices.count)
        try request.curvature.requireMemoryForDirect(
          rows: estimator == .fif ? free : all, columns: estimator == .pif ? all : free, environment)
        let solution = try estimator.solve(
          system.curvature, indices: indices, gradient: system.change.gradient,
          solver: request.curvature.solver.choice(
            damping: request.curvature.damping, pathLimit: nil, seed: UInt64(request.seed)))
        var theta = start.parameters
        theta.add(Element(system.change.factor), times: solution.x, at: indices)
        table.solves[index].products += solution.report.curvatureProducts
        table.solves[index].notConverged += solution.report.converged ? 0 : 1
        table.solves[index].worstResidual = max(
          table.solves[index].worstResidual, solution.report.relativeResidual)
        try record(theta.map { Double($0) }, risk, index, &table)
      }
    }
  }

  /// The curvature of the remaining risk at a point, and the change by the removal.
  private func system(
    _ step: Int, _ remaining: [Int], _ start: NetworkState<Element>, isFromStart: Bool
  ) throws -> (curvature: SampledCurvature<Element>, change: GroupChange<Element>) {
    let places = request.curvature.samples.draw(of: remaining, "hessian samples", seed: request.seed)
    let curvature = try request.curvature.curvature(
      of: model, at: start, over: places, environment, compute)
    let change: GroupChange<Element>
    switch request.gradient {
    case .newton:
      change = GroupChange(
        newtonOn: try gradient(remaining, at: start), parameters: start.parameters,
        weightDecay: model.weightDecay)
    case .influence:
      let gone =
        isFromStart
        ? Array(removal.order.prefix(removal.removed(after: step))) : removal.chunk(step)
      change = GroupChange(
        removing: gone.count, of: remaining.count + gone.count, groupGradient: try gradient(gone, at: start),
        parameters: start.parameters, weightDecay: model.weightDecay)
    }
    return (curvature, change)
  }

  private func minimize(
    _ risk: NetworkRisk, from last: [Double], _ index: Int, _ table: inout TrajectoryTable
  ) throws {
    let indices = indices
    let problem = PartialObjective(risk, fixed: state.parameters.map { Double($0) }, indices: indices)
    let start = state(last).parameters.map { Double($0) }
    let minimizer = try Minimizer(
      problem, from: indices.map { start[$0] }, options: MinimizationOptions(.newton, iterationLimit: 100))
    let report = try minimizer.run { _ in try compute.cancellation?.check() }
    table.solves[index].products += report.curvatureProducts
    table.solves[index].notConverged += report.converged ? 0 : 1
    table.solves[index].worstResidual = max(table.solves[index].worstResidual, report.gradientNorm)
    try record(problem.whole(minimizer.theta), risk, index, &table)
  }

  private func record(
    _ theta: [Double], _ risk: NetworkRisk, _ path: Int, _ table: inout TrajectoryTable
  ) throws {
    let value = try risk.evaluate(theta)
    guard value.value.isFinite, theta.isFinite else {
      throw JobFailure(
        .nonFinite, "The path \(name(paths[path])) has a parameter or a risk that is infinite or NaN.",
        advice: "Add damping, or take out fewer samples at a time.")
    }
    table.append(path, point: point(theta), gradientNorm: value.gradient.norm, risk: value.value)
  }
}

// MARK: - The result

extension TrajectoryTracker {
  func result(_ table: TrajectoryTable) -> JSONObject {
    let names = paths.map(name)
    let best = paths.count - 1
    let rows: [JSONValue] = paths.indices.map { path in
      let distances = zip(table.points[path], table.points[best]).map { point, optimum in
        zip(point, optimum).map { $0 - $1 }.norm
      }
      let excess = zip(table.risks[path], table.risks[best]).map { $0 - $1 }
      let solves = table.solves[path]
      var row: JSONObject = ["path": .string(names[path])]
      if case .estimate(let estimator, let mode) = paths[path] {
        row["estimator"] = .string(estimator.rawValue)
        row["mode"] = .string(mode.rawValue)
      }
      return .object(
        row.merging([
          "end": JSONValue(table.points[path].last ?? []),
          "gradient_norm": JSONValue(table.gradientNorms[path].last),
          "risk": JSONValue(table.risks[path].last),
          "mean_gradient_norm": .number(mean(table.gradientNorms[path])),
          "mean_risk_excess": .number(mean(excess)), "mean_distance": .number(mean(distances)),
          "largest_distance": .number(distances.max() ?? 0), "converged": .bool(solves.notConverged == 0),
          "worst_residual": .number(solves.worstResidual), "products": JSONValue(solves.products),
        ]))
    }
    var warnings: [String] = []
    for (path, solves) in table.solves.enumerated() where solves.notConverged > 0 {
      warnings.append(
        "\(solves.notConverged) of \(table.steps) steps of \(names[path]) did not converge; the worst residual is "
          + "\(solves.worstResidual.shortText).")
    }
    return [
      "steps": JSONValue(table.steps), "paths": .array(rows), "curve": .array(curve(table, names)),
      "warnings": JSONValue(warnings),
    ]
  }

  private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(max(1, values.count)) }

  /// The numbers for a plot: a row for each step, a column for each path and quantity.
  private func curve(_ table: TrajectoryTable, _ names: [String]) -> [JSONValue] {
    // The arrays have every step of a long path.
    let stride = max(1, (table.steps + 999) / 1000)
    return Array(Swift.stride(from: 0, through: table.steps, by: stride)).map { step in
      var row: JSONObject = ["removed": JSONValue(removal.removed(after: step))]
      for (path, name) in names.enumerated() {
        var columns: JSONObject = [:]
        for (place, value) in table.points[path][step].prefix(16).enumerated() {
          columns["theta_\(place + 1)"] = .number(value)
        }
        columns["gradient_norm"] = .number(table.gradientNorms[path][step])
        columns["risk"] = .number(table.risks[path][step])
        row[name] = .object(columns)
      }
      return .object(row)
    }
  }
}
