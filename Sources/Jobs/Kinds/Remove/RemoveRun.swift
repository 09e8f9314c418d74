import Influence
import JSON
import Network
import Tensor

/// Takes a group of training samples out of a model by one influence update.
///
/// Stages:
/// - Choose J by the group's effect on the neurons.
/// - Linearize the remaining risk.
/// - Solve for Δ_J.
/// - Look for the scale on validation samples.
/// - Measure on the test split.
/// - Save the edited checkpoint.
struct RemoveRun: PreciseRun {
  let request: RemoveRequest
  let environment: JobEnvironment

  var target: ModelReference { request.target }

  func run<Element: Scalar>(
    _ model: LoadedModel<Element>, _ context: any JobContext, _ compute: Compute
  ) throws -> JSONValue {
    let (checkpoint, state) = try model.checkpoint(of: request.target, environment.catalog)
    func group(_ update: UpdateRequest) throws -> RemovalGroup {
      try RemovalGroup(request.group, update, takesGroupOut: request.takesGroupOut, model)
    }
    let members = try group(request.update)
    let basis = members.basis(model, state, environment, compute)
    let phases = UpdateProgress(context)
    let rounds = UpdateRounds(
      request: request.update, basis: basis,
      goal: model.choiceSamples(
        request.group, members.edit, members: members.members, partition: members.partition),
      group: group)
    let update = try rounds.follow(phases) {
      try basis.update(request.update, choosingBy: rounds.goal, $0)
    }
    var result = try update.finish(
      on: model.reportSamples(request.group, members.edit, members: members.members), basis,
      parent: checkpoint,
      standingFor: model.after(members.edit.by(context)), curve: request.update.curve, phases)
    result["samples"] = members.json
    try CheckpointCaution(
      checkpoint, state, model, training: members.partition.training, environment.catalog, compute
    ).add(to: &result)
    return .object(result)
  }
}

// MARK: - Result

extension RemoveRequest {
  public static let result = ResultObject.update(
    .removalMetrics,
    samples: [.trainSamples, .groupSamples, .validationSamples, .hessianSamples, .gradientSamples])
}
