import JSON
import Network
import Tensor

/// Makes every update of a grid several times with different seeds, and averages the results of each.
///
/// A cell equals a `remove` or `recover` with the same options, but shared work is done once:
///
/// - All cells of a seed share neuron means, gradients and the curvature. Further seeds share them if nothing
///   is drawn.
/// - All cells of `pif` and `if` with one solver and damping share the solution over every parameter.
///
/// Finished runs are kept. A job that was interrupted continues after them.
struct CompareRun: PreciseRun {
  let request: CompareRequest
  let environment: JobEnvironment

  var target: ModelReference { request.target }

  func run<Element: Scalar>(
    _ model: LoadedModel<Element>, _ context: any JobContext, _ compute: Compute
  ) throws -> JSONValue {
    guard let checkpoint = request.target.checkpoint, let choice = request.group else {
      throw JobFailure(.missing, "The model \(model.record.name) has no checkpoint, or no group is named.")
    }
    let state = try model.state(checkpoint, environment.catalog)
    var result: JSONObject
    if request.recovers {
      func group(_ update: UpdateRequest) throws -> ExchangedGroup {
        try ExchangedGroup(choice, update, model)
      }
      let members = try group(request.shared)
      result = try GridRun(
        request: request, model: model, state: state, environment: environment, compute: compute,
        choice: model.recoveryChoice(members.edit, members.partition, seed: request.shared.seed),
        report: model.recoveryReport(members.edit, members: members.members),
        reference: try model.after(members.edit).reference(environment.catalog), group: group
      ).result(context)
    } else {
      func group(_ update: UpdateRequest) throws -> RemovalGroup {
        try RemovalGroup(choice, update, takesGroupOut: request.takesGroupOut, model)
      }
      let members = try group(request.shared)
      result = try GridRun(
        request: request, model: model, state: state, environment: environment, compute: compute,
        choice: model.choiceSamples(
          choice, members.edit, members: members.members, partition: members.partition),
        report: model.reportSamples(choice, members.edit, members: members.members),
        reference: try model.after(members.edit).reference(environment.catalog), group: group
      ).result(context)
    }
    result["checkpoint"] = .string(checkpoint)
    try CheckpointCaution(
      checkpoint, state, model, training: model.partition().training, environment.catalog, compute
    ).add(to: &result)
    return .object(result)
  }
}
