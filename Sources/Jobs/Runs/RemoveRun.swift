import Influence
import Network
import Tensor

/// Takes a group of training samples out of a model by one influence update.
///
/// Stages: choose J by what the group does to the neurons; linearize the remaining risk; solve for Δ_J; look for the
/// scale on validation samples; measure on the test split; save the edited checkpoint.
struct RemoveRun: PreciseRun {
  let request: RemoveRequest
  let environment: JobEnvironment

  var model: String { request.target.model }

  func run<Element: Scalar>(
    _ model: LoadedModel<Element>, _ context: any JobContext, _ compute: Compute
  ) throws -> JSONValue {
    let (checkpoint, state) = try model.checkpoint(of: request.target, environment.catalog)
    let group = try RemovalGroup(
      request.group, request.update, takesGroupOut: request.takesGroupOut, model)
    let basis = group.basis(model, state, environment, compute)
    let phases = UpdateProgress(context)
    let update = try basis.update(
      request.update,
      choosingBy: model.choiceSamples(request.group, members: group.members, partition: group.partition),
      phases)
    var result = try update.finish(
      on: model.reportSamples(request.group, members: group.members), basis, parent: checkpoint,
      reference: try environment.catalog.retrained(model.record.name, request.group, recovers: false),
      curve: request.update.curve, phases)
    result["samples"] = group.json
    return .object(result)
  }
}
