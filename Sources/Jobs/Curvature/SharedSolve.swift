import Influence
import Network
import Tensor

extension UpdateSolver {
  /// Solves (H + δI)x = g over every parameter once, for several updates that take entries of the same x.
  /// `pif` takes the entries of its parameters, `if` takes all. Each update chooses its own step of the path,
  /// as if it were alone.
  /// - Parameter choices: the choice for each update; those of `if` have all of θ.
  /// - Returns: a solution for each update over its parameters. The products are those of the shared solve.
  func solveTogether<Element: Scalar, Goal: UpdateGoal>(
    _ curvature: SampledCurvature<Element>, _ gradient: [Element], _ choices: [UpdateChoice<Element, Goal>]
  ) throws -> [Solution<Element>] {
    let followsPath = followsPath(hasScore: choices.allSatisfy(\.goal.hasScore))
    let searches = choices.map { PathSearch($0) }
    var monitor = monitor(Element.self) {
      followsPath ? searches.map(\.expectedEnd).max() ?? .max : .max
    }
    /// The step at which each search ended.
    var ends = [Int?](repeating: nil, count: choices.count)
    if followsPath {
      monitor.observe = { iteration, x in
        for (place, search) in searches.enumerated() where ends[place] == nil {
          let isEnough = try search.look(iteration) { choices[place].indices.map { x[$0] } }
          if isEnough { ends[place] = iteration }
        }
        return ends.allSatisfy { $0 != nil } ? .stop : .proceed
      }
    }
    let whole = try Estimator.if.solve(
      curvature, indices: [], gradient: gradient, solver: solver(followsPath: followsPath),
      batches: request.curvature.batches(of: curvature, seed: request.drawSeed), monitor: monitor)
    return try choices.indices.map { place in
      let indices = choices[place].indices
      var own = Solution(x: indices.map { whole.x[$0] }, report: whole.report)
      guard followsPath else { return own }
      if let end = ends[place] {
        own.report.iterations = end
        own.report.residualHistory = Array(own.report.residualHistory.prefix(end))
        own.report.reason = .observer
        own.report.converged = false
      }
      return try searches[place].best(own) { x in
        guard indices.count == curvature.dimension else { return nil }
        return try Estimator.if.relativeResidual(
          of: x, curvature, indices: indices, gradient: gradient, damping: request.curvature.damping)
      }
    }
  }
}
