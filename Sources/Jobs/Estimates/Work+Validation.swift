import Tensor

extension Work {
  /// The work of a validation by a plan.
  mutating func validate(_ plan: ValidationPlan) {
    let tests = Double(plan.test.count)
    let curvature: CurvatureCost
    if plan.candidates == nil {
      // Groups have a solve each. Test points need only their gradients.
      evaluate(testCount)
      pass(tests, times: 3)
      hold(vectors: 2 * tests)
      curvature = linearize(drawn(plan.curvature.samples), matrix: plan.curvature.matrix)
    } else {
      curvature = factors(tests, plan.curvature)
      score(tests, on: trainedCount)
    }
    let singles: Double =
      switch plan.candidates {
      case .top(let count), .percentile(let count): min(Double(count) * tests, trainedCount)
      case .random(let count): Double(count)
      case .indices(let indices): Double(indices.count)
      case nil: 0
      }
    let groups: Double =
      switch plan.groups {
      case .share(_, let count), .size(_, let count): Double(count)
      case .lists(let lists): Double(lists.count)
      case nil: 0
      }
    // Short trainings have a large damping, and then a solve takes few steps.
    let isShort = plan.curvature.dampingChoice == .automatic && plan.rate ?? 1 < 1
    if plan.norms == true {
      solve(
        plan.curvature.solver, curvature, count: singles,
        usual: isShort ? 10 : rankingSteps(plan.curvature.solver))
    }
    // The Newton estimate has its own curvature, that of the remaining samples.
    if groups > 0, plan.newton { _ = linearize(drawn(plan.curvature.samples), matrix: plan.curvature.matrix) }
    if groups > 0 {
      solve(
        plan.curvature.solver, curvature, count: groups * (plan.newton ? 2 : 1),
        usual: rankingSteps(plan.curvature.solver))
    }
    retrain(plan, times: singles + groups + 1)
    hold((singles + groups) * (tests + 4) * 64)
    leave(24 * tests * min(singles, Double(plan.candidates?.count ?? 0)) + 32 * tests * groups)
  }

  private mutating func retrain(_ plan: ValidationPlan, times: Double) {
    guard let recipe = plan.training else { return }
    let batch: Double = if case .count(let size) = recipe.batchSize { Double(size) } else { trainedCount }
    let steps = Double(recipe.epochs) * max(1, trainedCount / max(1, batch))
    let share: Double =
      switch plan.length {
      case .steps(let count): Double(count) / max(1, steps)
      case .fraction(let fraction): fraction
      case nil: 1
      }
    let samples = trainedCount
    apart(times: times) { work in
      if recipe.optimizer.name.minimizes {
        // The start is near the minimum already.
        work.pass(30 * samples, times: 6)
      } else {
        work.train(recipe, share: share, samples: samples, measured: false)
      }
      work.evaluate(Double(plan.test.count))
    }
    hold(vectors: 20 * Double(machine.threads))
    let (limit, each) = (Double(machine.memoryLimit), 2 * network.kept * element * Double(machine.threads))
    hold(batch: min(batch, trainedCount)) { min(limit, $0 * each) }
  }
}
