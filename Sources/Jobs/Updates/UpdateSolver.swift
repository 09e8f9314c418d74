import Influence
import Network
import Tensor

/// Solves for an update, and may stop along the solver's path at the best validation score.
struct UpdateSolver {
  let request: UpdateRequest
  let phases: UpdateProgress

  /// The longest path that `auto` follows.
  static let pathLimit = 60
  /// The search stops after so many steps without a gain.
  static let patience = 5
  /// A smaller rise of the score counts as no gain.
  static let gain = 0.001

  /// - Parameter hasScore: whether there is a score to choose a step of the path by.
  func followsPath(hasScore: Bool) -> Bool { hasScore && request.mayFollowPath }

  func solver(followsPath: Bool) -> any Solver {
    request.curvature.solver.choice(
      damping: request.curvature.damping, pathLimit: followsPath ? Self.pathLimit : nil,
      seed: UInt64(request.drawSeed))
  }

  /// - Parameter expectedEnd: the step at which a path left early will probably end; by default its limit.
  func monitor<Element: Scalar>(
    _: Element.Type = Element.self, expectedEnd: @escaping () -> Int = { .max }
  ) -> SolveMonitor<Element> {
    SolveMonitor(progress: { progress in
      try phases.advance(
        Double(progress.iteration) / Double(min(progress.limit, expectedEnd())),
        "iteration \(progress.iteration) of at most \(progress.limit), relative residual "
          + progress.relativeResidual.shortText)
    })
  }

  func solve<Element: Scalar, Goal: UpdateGoal>(
    _ curvature: SampledCurvature<Element>, _ gradient: [Element], _ indices: [Int],
    _ choice: UpdateChoice<Element, Goal>
  ) throws -> Solution<Element> {
    let followsPath = followsPath(hasScore: choice.goal.hasScore)
    let solver = solver(followsPath: followsPath)
    guard followsPath else {
      return try request.estimator.solve(
        curvature, indices: indices, gradient: gradient, solver: solver,
        batches: request.curvature.batches(of: curvature, seed: request.drawSeed), monitor: monitor())
    }
    let search = PathSearch(choice)
    var monitor = monitor(Element.self) { search.expectedEnd }
    monitor.observe = { iteration, x in try search.look(iteration) { x } ? .stop : .proceed }
    let last = try request.estimator.solve(
      curvature, indices: indices, gradient: gradient, solver: solver, monitor: monitor)
    return try search.best(last) { x in
      try request.estimator.relativeResidual(
        of: x, curvature, indices: indices, gradient: gradient, damping: request.curvature.damping)
    }
  }
}
