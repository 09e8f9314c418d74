import Influence
import Network
import Tensor

/// Compares estimated changes of test losses by removals with the changes by real trainings. This is all of
/// `validate` but the request, so other jobs can validate a model that they trained.
///
/// - Risk without m of n samples: the mean over the others, with the same λ.
/// - Move of its minimum, to first order: q·H⁻¹(∇ℓ_U + λθ̂), q = m/(n − m). A test loss changes by its
///   gradient times the move.
/// - Change for one sample: (score + λ·sᵀθ̂)/(n − 1) with the score sᵀ∇ℓ(z) and s = H⁻¹∇ℓ_test.
///
/// Koh and Liang have score/n. The two differ by a factor near 1 and a shift common to all samples, so the
/// correlations are the same.
struct Validation<Element: Scalar> {
  let model: LoadedModel<Element>
  let state: NetworkState<Element>
  /// Resolved.
  let plan: ValidationPlan
  let seed: Int
  /// Checked for the test points before any training starts.
  let demand: ConvergenceDemand
  let environment: JobEnvironment
  let context: any JobContext
  let compute: Compute
  /// The part of the job's progress that this validation fills.
  var share = 0.0...1.0

  /// Usual shares of the work.
  private enum Phase: Double {
    case influence = 0
    case norms = 0.04
    case groups = 0.08
    case retrain = 0.15
    case end = 1

    var name: String {
      switch self {
      case .influence: "influence"
      case .norms: "estimate"
      case .groups: "groups"
      case .retrain, .end: "retrain"
      }
    }
  }

  private func report(_ phase: Phase, until end: Phase, _ part: Double, _ detail: String) throws {
    try context.throwIfInterrupted()
    tell(phase, until: end, part, detail)
  }

  private func tell(_ phase: Phase, until end: Phase, _ part: Double, _ detail: String) {
    let within = phase.rawValue + (end.rawValue - phase.rawValue) * min(1, max(0, part))
    context.progress(
      share.lowerBound + (share.upperBound - share.lowerBound) * within, phase: phase.name,
      detail: detail)
  }

  /// Curvature, solver and samples that all estimates share.
  private struct Setting {
    let samples: Samples
    /// Indices in the training split.
    let indices: [Int]
    let ranking: RankingCurvature<Element>
    let retrainer: Retrainer<Element>

    var curvature: SampledCurvature<Element> { ranking.matrix }
    var batches: BatchFamily<SampledCurvature<Element>>? { ranking.batches }
    var solver: any Solver { ranking.solver }
  }

  func run() throws -> ValidationOutcome {
    guard let recipe = plan.training, let length = plan.length else {
      throw JobFailure(
        .unacceptable, "The model \(model.record.name) has no recipe.", advice: "Give one as training.")
    }
    let indices = model.partition(recipe: model.record.training ?? recipe).training
    let setting = try setting(indices, recipe, length)
    try report(.influence, until: .norms, 0, "test points")
    let points = try model.testPoints(plan.test, state, compute)
    let gradients = try points.gradients(model, state, compute)
    // Each group has a solve of its own, so for groups alone the test points need none.
    let factors = plan.candidates == nil ? nil : try self.factors(setting, gradients)
    let scores = try factors.map {
      try model.network.directionalDerivatives(
        state, on: setting.samples, along: $0.vectors, loss: model.loss, compute: compute)
    }

    let candidates = try scores.map { try self.candidates(setting, $0) } ?? points.targets.map { _ in [] }
    let singles = Array(Set(candidates.flatMap { $0 })).sorted()
    let singleChanges = try singleChanges(singles, setting)
    let members = try groupMembers(setting)
    let groups = try groupEstimates(members, setting, gradients)

    let retrainings = try Retrainings(
      retrainer: setting.retrainer, points: points, environment: environment, context: context,
      compute: compute,
      stage: "retrainings",
      progress: { tell(.retrain, until: .end, $0, $1) }
    ).run(singles.map { [$0] } + members)

    let removals = points.targets.indices.map { test in
      factors.map {
        FirstOrderRemoval(
          samples: setting.samples.count, factor: $0.vectors[test], parameters: state.parameters,
          weightDecay: model.weightDecay)
      }
    }
    let place = Dictionary(uniqueKeysWithValues: singles.enumerated().map { ($1, $0) })
    let tests = points.targets.indices.map { test in
      ValidationOutcome.Test(
        members: points.json(points.targets[test]), report: factors?.reports[test],
        pairs: candidates[test].compactMap { sample in
          guard let row = place[sample], let score = scores?[test][sample],
            let estimated = removals[test]?.change(removing: 1, scores: score)
          else { return nil }
          let retrained = retrainings.others[row]
          return ValidationOutcome.Pair(
            train: indices[sample], score: score,
            estimated: estimated,
            retrained: retrained.losses[test] - retrainings.control.losses[test],
            estimatedNorm: plan.norms == false ? nil : singleChanges.norms[row],
            retrainedNorm: retrained.change)
        })
    }
    let others = retrainings.others.dropFirst(singles.count)
    let groupRows = zip(members.indices, others).map { index, retrained in
      ValidationOutcome.Group(
        indices: members[index].map { indices[$0] }, changes: groups.changes[index],
        norms: groups.norms[index], retrainedNorm: retrained.change,
        retrained: points.targets.indices.map { retrained.losses[$0] - retrainings.control.losses[$0] },
        relativeResidual: groups.residuals[index])
    }
    return ValidationOutcome(
      plan: plan, samples: setting.samples.count, tests: tests, groups: groupRows,
      control: retrainings.control, retrained: retrainings.others, steps: setting.retrainer.steps,
      curvature: setting.ranking.json,
      solves: (factors?.reports ?? []) + singleChanges.reports + groups.reports,
      warnings: setting.curvature.memoryWarnings(environment))
  }

  /// Of the test points.
  private func factors(
    _ setting: Setting, _ gradients: VectorBlock<Element>
  ) throws -> InfluenceFactors<Element> {
    let factors = try InfluenceFactors(
      setting.curvature, gradients: gradients, solver: setting.solver, batches: setting.batches
    ) {
      try report(
        .influence, until: .norms, 0.8 * $0.share, "test point \($0.solved + 1) of \($0.count)")
    }
    try demand.check(factors.reports, "test point")
    return factors
  }

  private var start: NetworkState<Element> {
    switch plan.start {
    case .checkpoint: state
    case .scratch: NetworkState(initial: model.layout, seed: UInt64(model.record.seed))
    }
  }

  private func setting(
    _ indices: [Int], _ recipe: TrainingRecipe, _ length: ValidationPlan.Length
  ) throws -> Setting {
    guard indices.count >= 2 else {
      throw JobFailure(
        .unacceptable, "The model was trained on \(indices.count) samples: none can be left out.",
        advice: "Validate a model that was trained on more.")
    }
    let drawn = plan.curvature.samples.draw(of: indices, "hessian samples", seed: seed)
    let curvature = try plan.curvature.curvature(
      of: model, at: state, over: drawn, environment, compute)
    let parameters = model.layout.parameterCount
    // Gradients of the test points, their factors and the extra vectors of a block method.
    let vectors =
      (plan.candidates == nil ? 2 : 6) * plan.test.count + 6 * (plan.groups == nil ? 0 : chunk)
    let bytes = vectors * parameters * MemoryLayout<Element>.size
    guard bytes <= environment.memoryLimit else {
      throw JobFailure(
        .outOfResources,
        "\(plan.test.count) test points of a network with \(parameters) parameters need \(bytes >> 20) MiB, and a job may "
          + "have \(environment.memoryLimit >> 20) MiB.",
        advice: "Ask for fewer test points, or raise memory_limit.")
    }
    try plan.curvature.requireMemoryForDirect(rows: parameters, columns: parameters, environment)
    let samples = model.dataset.train.samples(indices)
    let retrainer = try Retrainer(
      model: model, samples: samples, recipe: recipe, start: start, length: length, rate: plan.rate ?? 1,
      memoryLimit: environment.memoryLimit / (2 * compute.pool.threads), compute: compute)
    // The estimates stand for the trainings that they are compared with.
    let ranking = try RankingCurvature(
      plan.curvature, curvature, of: model, time: retrainer.time, seed: seed, compute)
    return Setting(samples: samples, indices: indices, ranking: ranking, retrainer: retrainer)
  }

  // MARK: The samples left out

  /// For every test point the places of its candidates.
  private func candidates(_ setting: Setting, _ scores: [[Double]]) throws -> [[Int]] {
    let count = setting.samples.count
    /// Sorts by falling absolute score. Of equal scores the lower place comes first.
    func order(_ scores: [Double]) -> [Int] {
      scores.indices.sorted { (-abs(scores[$0]), $0) < (-abs(scores[$1]), $1) }
    }
    switch plan.candidates {
    case .top(let wanted): return scores.map { Array(order($0).prefix(wanted)) }
    case .percentile(let wanted):
      let wanted = min(wanted, count)
      return scores.map { scores in
        let order = order(scores)
        return (0..<wanted).map { order[wanted == 1 ? 0 : $0 * (count - 1) / (wanted - 1)] }
      }
    case .random(let wanted):
      var stream = RandomStream(seed: UInt64(seed), purpose: "candidates")
      let drawn = stream.sample(min(wanted, count), of: count)
      return scores.map { _ in drawn }
    case .indices(let indices):
      let places = try places(of: indices, setting)
      return scores.map { _ in places }
    case nil: return scores.map { _ in [] }
    }
  }

  private func places(of indices: [Int], _ setting: Setting) throws -> [Int] {
    let places = Dictionary(uniqueKeysWithValues: setting.indices.enumerated().map { ($1, $0) })
    return try indices.map { index in
      guard let place = places[index] else {
        throw JobFailure(
          .unacceptable, "The training sample \(index) is not one that the model was trained on.",
          advice: "Name samples that its recipe does not hold out or exclude.")
      }
      return place
    }
  }

  /// The places of every group's samples, ascending.
  private func groupMembers(_ setting: Setting) throws -> [[Int]] {
    func draw(_ size: Int, _ count: Int) -> [[Int]] {
      (0..<count).map { group in
        var stream = RandomStream(seed: UInt64(seed), purpose: "group \(group)")
        return stream.sample(size, of: setting.samples.count)
      }
    }
    let available = setting.samples.count
    switch plan.groups {
    case .share(let share, let count):
      return draw(min(available - 1, max(1, Int((share * Double(available)).rounded()))), count)
    case .size(let size, let count): return draw(min(size, available - 1), count)
    case .lists(let lists):
      return try lists.map { list in
        guard list.count < available else {
          throw JobFailure(
            .unacceptable, "A group is everything that the model was trained on.",
            advice: "Leave some samples.")
        }
        return try places(of: list, setting)
      }
    case nil: return []
    }
  }

  // MARK: Estimates

  /// Right-hand sides solved together: enough for blocks, few enough for memory. The number depends on the
  /// network alone.
  private var chunk: Int {
    max(1, min(64, (1 << 28) / max(1, model.layout.parameterCount * MemoryLayout<Element>.size)))
  }

  /// ‖Δ‖ of every sample alone, Δ = (H + δI)⁻¹(∇ℓ + λθ̂)/(n − 1).
  private func singleChanges(
    _ places: [Int], _ setting: Setting
  ) throws -> (norms: [Double], reports: [SolveReport]) {
    var norms: [Double] = []
    var reports: [SolveReport] = []
    if plan.norms == false { return ([], []) }
    for first in stride(from: 0, to: places.count, by: chunk) {
      let part = Array(places[first..<min(first + chunk, places.count)])
      var gradients = try model.network.sampleGradients(
        state, on: setting.samples.selecting(part), loss: model.loss, compute: compute)
      for row in part.indices { gradients.set(row, to: withDecay(gradients[row])) }
      let factors = try InfluenceFactors(
        setting.curvature, gradients: gradients, solver: setting.solver, batches: setting.batches
      ) {
        try report(
          .norms, until: .groups, (Double(first) + Double(part.count) * $0.share) / Double(places.count),
          "training samples \(first + 1)–\(first + part.count) of \(places.count)")
      }
      norms += part.indices.map { factors.vectors.norm($0) / Double(setting.samples.count - 1) }
      reports += factors.reports
    }
    return (norms, reports)
  }

  private func withDecay(_ gradient: [Element]) -> [Element] {
    guard model.weightDecay != 0 else { return gradient }
    var sum = gradient
    sum.add(Element(model.weightDecay), times: state.parameters)
    return sum
  }

  private struct GroupEstimates {
    /// The change of every test point's loss, for every group.
    var changes: [ValidationOutcome.Orders<[Double]>] = []
    /// ‖Δ‖.
    var norms: [ValidationOutcome.Orders<Double>] = []
    /// The largest true relative residual of a group's solves.
    var residuals: [Double] = []
    var reports: [SolveReport] = []
  }

  private func groupEstimates(
    _ members: [[Int]], _ setting: Setting, _ gradients: VectorBlock<Element>
  ) throws -> GroupEstimates {
    var estimates = GroupEstimates()
    let tests = gradients.vectors
    let count = setting.samples.count
    for first in stride(from: 0, to: members.count, by: chunk) {
      let part = Array(members[first..<min(first + chunk, members.count)])
      func tell(_ share: Double) throws {
        try report(
          .groups, until: .retrain, (Double(first) + Double(part.count) * share) / Double(members.count),
          "groups \(first + 1)–\(first + part.count) of \(members.count)")
      }
      let groups = try part.map { members in
        let own = setting.samples.selecting(members)
        return GroupInfluence<Element>.Group(
          size: members.count, of: count,
          gradient: withDecay(
            try model.network.gradient(state, on: own, loss: model.loss, compute: compute).gradient),
          // The risk of the group has the same δ as the risk of all samples.
          product: { try DampedOperator(curvature(own), damping: setting.ranking.damping.value).apply($0) })
      }
      let influence = try GroupInfluence(
        setting.curvature, groups: groups, solver: setting.solver, batches: setting.batches
      ) { try tell($0 * (plan.newton ? 0.3 : 1)) }
      try demand.check(influence.firstReports, "group")
      estimates.reports += influence.firstReports + influence.secondReports
      for (place, group) in groups.enumerated() {
        let known = estimates.reports.count
        let newton =
          plan.newton ? try newtonChange(part[place], group, setting, &estimates.reports) : nil
        try tell(0.3 + 0.7 * Double(place + 1) / Double(groups.count))
        let orders = ValidationOutcome.Orders(
          first: influence.first[place], second: influence.second[place], newton: newton)
        estimates.changes.append(orders.map { change in tests.map { $0.dot(change) } })
        estimates.norms.append(orders.map(\.norm))
        let own =
          [influence.firstReports[place], influence.secondReports[place]] + estimates.reports[known...]
        estimates.residuals.append(own.map(\.relativeResidual).max() ?? 0)
      }
    }
    return estimates
  }

  /// The curvature of the risk over some samples, of the kind that the plan names.
  private func curvature(_ samples: Samples) throws -> SampledCurvature<Element> {
    try SampledCurvature(
      network: model.network, state: state, samples: samples, loss: model.loss,
      kind: plan.curvature.matrix, weightDecay: model.weightDecay,
      memoryLimit: environment.memoryLimit, compute: compute)
  }

  /// q·(H_remaining + δI)⁻¹g.
  private func newtonChange(
    _ members: [Int], _ group: GroupInfluence<Element>.Group, _ setting: Setting,
    _ reports: inout [SolveReport]
  ) throws -> [Element] {
    let isMember = Set(members.map { setting.indices[$0] })
    let remaining = setting.curvature.samples.indices.indices.filter {
      !isMember.contains(setting.curvature.samples.indices[$0])
    }
    guard !remaining.isEmpty else {
      throw JobFailure(
        .unacceptable, "A group holds every sample of the Hessian.",
        advice: "Raise hessian_samples, or make the groups smaller.")
    }
    let curvature = try setting.curvature.restricted(to: remaining)
    let factors = try InfluenceFactors(
      curvature, gradients: VectorBlock([group.gradient]), solver: setting.solver,
      batches: setting.ranking.request.batches(of: curvature, seed: seed)
    ) { _ in try context.throwIfInterrupted() }
    reports += factors.reports
    var change = factors.vectors[0]
    change.scale(Element(group.weight))
    return change
  }
}
