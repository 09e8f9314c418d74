import Influence
import JSON
import Network
import Tensor

/// Gives samples their true labels by one influence update. This removes a backdoor, or the harm of wrong
/// labels.
///
/// n stays, so weight decay cancels: Δ_J = r·(AᵀA)⁻¹Aᵀ(ḡ_bad − ḡ_true), with A from the set after the
/// exchange.
struct RecoverRun: PreciseRun {
  let request: RecoverRequest
  let environment: JobEnvironment

  var target: ModelReference { request.target }

  func run<Element: Scalar>(
    _ model: LoadedModel<Element>, _ context: any JobContext, _ compute: Compute
  ) throws -> JSONValue {
    guard let checkpoint = request.target.checkpoint, let choice = request.group else {
      throw JobFailure(.missing, "The model \(model.record.name) has no checkpoint, or no group to recover.")
    }
    let state = try model.state(checkpoint, environment.catalog)
    func group(_ update: UpdateRequest) throws -> ExchangedGroup {
      try ExchangedGroup(choice, update, model)
    }
    let members = try group(request.update)
    let basis = members.basis(model, state, environment, compute)
    let phases = UpdateProgress(context)
    let rounds = UpdateRounds(
      request: request.update, basis: basis,
      goal: model.recoveryChoice(members.edit, members.partition, seed: request.update.seed),
      group: group)
    let update = try rounds.follow(phases) {
      try basis.update(request.update, choosingBy: rounds.goal, $0)
    }
    var result = try update.finish(
      on: model.recoveryReport(members.edit, members: members.members), basis, parent: checkpoint,
      standingFor: model.after(members.edit.by(context)), curve: request.update.curve, phases)
    result["samples"] = members.json
    try CheckpointCaution(
      checkpoint, state, model, training: members.partition.training, environment.catalog, compute
    ).add(to: &result)
    return .object(result)
  }
}

/// The samples of an exchange: the group that gets its true labels, and the samples drawn for gradient and
/// curvature.
struct ExchangedGroup: UpdateGroup {
  /// The change of the training data by the exchange of labels.
  let edit: DataEdit
  let partition: Partition
  /// The samples of the group that the model was trained on.
  let members: [Int]
  /// The number of members whose label is wrong.
  let changed: Int
  /// Drawn for the gradient: from the members for ḡ_bad and ḡ_true, or from all samples for the gradient of
  /// the exchanged risk.
  let gradient: [Int]
  /// Drawn from all samples that the model was trained on.
  let curvature: [Int]
  private let form: UpdateRequest.GradientForm
  private let sight: SampleSight

  /// - Throws: `JobFailure.unacceptable` if the exchange changes no label that the model was trained on.
  init<Element: Scalar>(
    _ group: GroupChoice, _ request: UpdateRequest, _ model: LoadedModel<Element>
  ) throws {
    try model.requirePresent(group)
    partition = model.partition()
    let named = Set(model.data.members(of: group))
    members = partition.training.filter { named.contains($0) }
    let train = model.dataset.train
    changed = members.filter { train.labels[$0] != train.originalLabels[$0] }.count
    guard changed > 0 else {
      throw JobFailure(
        .unacceptable,
        "None of the \(members.count) samples of the group that the checkpoint was trained on has a changed label.",
        advice:
          "Name samples that were poisoned or relabelled, that the recipe does not hold out, and whose labels no earlier job "
          + "put right.")
    }
    edit = DataEdit(.corrected, group, samples: changed)
    gradient = request.gradientSamples.draw(
      of: request.gradient == .newton ? partition.training : members, "gradient samples",
      seed: request.drawSeed)
    curvature = request.curvature.samples.draw(
      of: partition.training, "hessian samples", seed: request.drawSeed)
    form = request.gradient
    sight = SampleSight(request, model)
  }

  /// The shared basis of updates towards the true labels.
  func basis<Element: Scalar>(
    _ model: LoadedModel<Element>, _ state: NetworkState<Element>, _ environment: JobEnvironment,
    _ compute: Compute, keeping selection: ParameterSelection?
  ) -> UpdateBasis<Element> {
    let train = model.dataset.train
    let exchanged = model.after(edit).dataset.train
    return UpdateBasis(
      model: model, state: state, members: train.samples(members),
      curvatureSamples: exchanged.samples(curvature), seenBy: sight,
      environment: environment, compute: compute, keeping: selection
    ) { gradient in
      switch form {
      case .influence:
        GroupChange(
          exchanging: members.count, of: partition.training.count,
          badGradient: try gradient(train.samples(self.gradient)),
          trueGradient: try gradient(exchanged.samples(self.gradient)))
      case .newton:
        GroupChange(
          newtonOn: try gradient(exchanged.samples(self.gradient)),
          parameters: state.parameters, weightDecay: model.weightDecay)
      }
    }
  }

  /// Counts for the result.
  var json: JSONValue {
    [
      "train": JSONValue(partition.training.count), "group": JSONValue(members.count),
      "changed": JSONValue(changed), "validation": JSONValue(partition.validation.count),
      "hessian": JSONValue(curvature.count), "gradient": JSONValue(gradient.count),
    ]
  }
}

// MARK: - Result

extension RecoverRequest {
  public static let result = ResultObject.update(
    .recoveryMetrics,
    samples: [
      .trainSamples, .groupSamples, .changedSamples, .validationSamples, .hessianSamples, .gradientSamples,
    ])
}
