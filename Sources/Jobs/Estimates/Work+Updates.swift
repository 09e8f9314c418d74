import Influence

extension Work {
  /// Samples of a group, at most.
  func count(of group: GroupChoice?) -> Double {
    switch group {
    case .label(let label)?:
      set.trainClassCounts.indices.contains(label) ? Double(set.trainClassCounts[label]) : trainCount
    case .indices(let indices)?: Double(indices.count)
    case .known(let group)?: Double(set.groupCounts[group] ?? 0)
    case nil: Double(max(set.poisonedCount, set.relabelledCount))
    }
  }

  /// The work before a solve: the neurons' means, the gradient, the linearizations.
  mutating func prepare(_ update: UpdateRequest, _ group: GroupChoice?) -> CurvatureCost {
    let members = count(of: group)
    pass(members, times: 2)
    switch update.gradient {
    case .newton: passForNewton(update)
    case .influence: pass(2 * min(drawn(update.gradientSamples), members), times: 3)
    }
    return linearize(drawn(update.curvature.samples), matrix: update.curvature.matrix)
  }

  /// The gradient of the changed risk.
  private mutating func passForNewton(_ update: UpdateRequest) {
    pass(drawn(update.gradientSamples), times: 3)
  }

  /// The solve and the search for the best step and scale.
  mutating func update(_ update: UpdateRequest, _ curvature: CurvatureCost) {
    let share = update.estimator == .if ? 1 : update.modificationRatio
    var solver = update.curvature.solver
    if solver.iterations == .auto, !update.mayFollowPath { solver.iterations = .standard }
    // In few parameters a direction needs the tangents and gradients of few neurons only.
    let isNarrow = share < 1 && update.estimator == .gif
    let product = CurvatureCost(
      samples: curvature.samples, forwards: curvature.forwards * (isNarrow ? 0.4 + 0.6 * share : 1))
    solve(
      solver, product, productsAStep: update.estimator == .gif ? 2 : 1,
      columns: max(1, share * network.parameters))
    let judged = heldCount > 0 ? heldCount : min(trainedCount, 10_000)
    // Each step measured tries three or four scales; the first one sweeps all.
    let looks = update.mayFollowPath ? Double(UpdateSolver.pathLimit) : 0
    let trials: Double = if case .list(let scales) = update.scales { Double(scales.count) } else { 15 }
    evaluate(looks * JudgedSamples.path.count(of: judged) + trials * JudgedSamples.scales.count(of: judged))
    hold(vectors: 10)
  }

  /// Every round of an update. Each has its own gradient and linearization, which are freed before the next
  /// round.
  mutating func makeRounds(_ update: UpdateRequest, _ group: GroupChoice?) {
    apart(times: 1) { work in
      let curvature = work.prepare(update, group)
      work.update(update, curvature)
    }
    guard update.rounds > 1 else { return }
    apart(times: Double(update.rounds - 1)) { work in
      work.passForNewton(update)
      let curvature = work.linearize(
        work.drawn(update.curvature.samples), matrix: update.curvature.matrix)
      work.update(update, curvature)
    }
  }
}
