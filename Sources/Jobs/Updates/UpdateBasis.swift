import Influence
import Network
import Tensor

/// The quantities that all updates for one change of the training data share: the neurons' means, the
/// gradient and the curvature. Each is computed once, on first use.
final class UpdateBasis<Element: Scalar> {
  let model: LoadedModel<Element>
  let state: NetworkState<Element>
  let environment: JobEnvironment
  let compute: Compute
  /// The samples whose activations choose the neurons.
  let members: Samples
  /// The samples that the curvature is taken from.
  let curvatureSamples: Samples
  private let sight: SampleSight
  private let makeChange: (_ gradient: (Samples) throws -> [Element]) throws -> GroupChange<Element>
  private var meanOutputs: NeuronMeans?
  private var meanGradients: NeuronMeans?
  /// J, if it is already chosen.
  private let kept: ParameterSelection?
  private var knownChange: GroupChange<Element>?
  private var knownCurvature: (matrix: CurvatureKind, operator: SampledCurvature<Element>)?

  /// - Parameters:
  ///   - sight: how the samples of gradient and curvature are seen.
  ///   - change: gives the changed data from the mean gradient over some samples.
  init(
    model: LoadedModel<Element>, state: NetworkState<Element>, members: Samples, curvatureSamples: Samples,
    seenBy sight: SampleSight, environment: JobEnvironment, compute: Compute,
    keeping kept: ParameterSelection? = nil,
    change: @escaping (_ gradient: (Samples) throws -> [Element]) throws -> GroupChange<Element>
  ) {
    self.model = model
    self.state = state
    self.members = members
    self.curvatureSamples = sight.see(curvatureSamples)
    self.sight = sight
    self.kept = kept
    self.environment = environment
    self.compute = compute
    makeChange = change
  }

  /// J. An `if` changes every parameter.
  func selection(_ request: UpdateRequest) throws -> ParameterSelection {
    if let kept { return kept }
    if request.estimator == .if { return ParameterSelection(everyParameterOf: model.layout) }
    let selection = ParameterSelection(
      request.selection, ratio: request.modificationRatio, layout: model.layout,
      means: try means(request.selection.basis), parameters: state.parameters, seed: UInt64(request.seed))
    if selection.indices.isEmpty, request.modificationRatio == UpdateRequest.standardRatio {
      // In such a small network the default ratio is less than one parameter.
      return ParameterSelection(everyParameterOf: model.layout)
    }
    guard !selection.indices.isEmpty else {
      throw JobFailure(
        .unacceptable,
        "The modification ratio \(request.modificationRatio) of the largest layer is less than one parameter.",
        advice: "Raise the modification ratio.")
    }
    return selection
  }

  private func means(_ basis: SelectionCriterion.Basis) throws -> NeuronMeans? {
    switch basis {
    case .nothing: return nil
    case .outputs:
      let means =
        try meanOutputs ?? model.network.meanOutputs(state, on: members, compute: compute)
      meanOutputs = means
      return means
    case .gradients:
      let means =
        try meanGradients
        ?? model.network.meanOutputGradients(state, on: members, loss: model.loss, compute: compute)
      meanGradients = means
      return means
    }
  }

  func change() throws -> GroupChange<Element> {
    if let knownChange { return knownChange }
    let change = try makeChange { samples in
      try self.model.network.gradient(
        self.state, on: self.sight.see(samples), loss: self.model.loss, compute: self.compute
      ).gradient
    }
    knownChange = change
    return change
  }

  func curvature(_ request: CurvatureRequest) throws -> SampledCurvature<Element> {
    if let knownCurvature, knownCurvature.matrix == request.matrix { return knownCurvature.operator }
    // One at a time: each may fill the memory.
    knownCurvature = nil
    let curvature = try request.curvature(
      of: model, at: state, over: curvatureSamples, environment, compute)
    knownCurvature = (request.matrix, curvature)
    return curvature
  }

  /// Frees the curvature, the largest of the kept quantities. A later use computes it again.
  func releaseCurvature() { knownCurvature = nil }

  /// One update, from the choice of J to the best scale.
  /// - Throws: also `JobFailure.notConverged` if the request insists on convergence.
  func update<Goal: UpdateGoal>(
    _ request: UpdateRequest, choosingBy goal: Goal, _ phases: UpdateProgress
  ) throws -> ModelUpdate<Element> {
    let system = try system([request], choosingBy: goal, phases)
    let (selection, choice) = (system.selections[0], system.choices[0])
    let solution = try UpdateSolver(request: request, phases: phases).solve(
      system.curvature, system.gradient, selection.indices, choice)
    return try update(
      Solved(selection: selection, choice: choice, solution: solution, warnings: system.warnings), request,
      phases)
  }

  /// A solution for some parameters, before its scale is chosen.
  struct Solved<Goal: UpdateGoal> {
    let selection: ParameterSelection
    let choice: UpdateChoice<Element, Goal>
    let solution: Solution<Element>
    let warnings: [String]
  }

  /// The solutions of several `pif` or `if` updates with one solver, damping and seed. Each solution is a
  /// part of one solution over every parameter.
  func solveTogether<Goal: UpdateGoal>(
    _ requests: [UpdateRequest], choosingBy goal: Goal, _ phases: UpdateProgress
  ) throws -> [Solved<Goal>] {
    let system = try system(requests, choosingBy: goal, phases)
    let solutions = try UpdateSolver(request: requests[0], phases: phases).solveTogether(
      system.curvature, system.gradient, system.choices)
    return solutions.indices.map {
      Solved(
        selection: system.selections[$0], choice: system.choices[$0], solution: solutions[$0],
        warnings: system.warnings)
    }
  }

  /// The update at the best scale of a solution.
  /// - Throws: also `JobFailure.notConverged` if the request insists on convergence.
  func update<Goal: UpdateGoal>(
    _ solved: Solved<Goal>, _ request: UpdateRequest, _ phases: UpdateProgress
  ) throws -> ModelUpdate<Element> {
    try solved.choice.update(solved.solution, solved.selection, request, warnings: solved.warnings, phases)
  }

  /// The linear system for several updates that differ in their parameters alone.
  private struct System<Goal: UpdateGoal> {
    let selections: [ParameterSelection]
    let choices: [UpdateChoice<Element, Goal>]
    let curvature: SampledCurvature<Element>
    let gradient: [Element]
    let warnings: [String]
  }

  /// Enters the phase of solving.
  private func system<Goal: UpdateGoal>(
    _ requests: [UpdateRequest], choosingBy goal: Goal, _ phases: UpdateProgress
  ) throws -> System<Goal> {
    let request = requests[0]
    try phases.enter(.select, "\(members.count) samples of the group")
    let selections = try requests.map { try selection($0) }
    try phases.enter(.linearize, "\(curvatureSamples.count) samples")
    let change = try change()
    let curvature = try curvature(request.curvature)
    let (total, chosen) = (model.layout.parameterCount, selections[0].indices.count)
    try request.curvature.requireMemoryForDirect(
      rows: request.estimator == .fif ? chosen : total,
      columns: request.estimator == .pif ? total : chosen, environment)
    try phases.enter(.solve, "")
    return System(
      selections: selections,
      choices: selections.map {
        UpdateChoice(
          model: model, state: state, indices: $0.indices, factor: change.factor, goal: goal,
          yardstick: request.yardstick, seed: UInt64(request.seed), compute: compute)
      }, curvature: curvature, gradient: change.gradient, warnings: curvature.memoryWarnings(environment))
  }
}
