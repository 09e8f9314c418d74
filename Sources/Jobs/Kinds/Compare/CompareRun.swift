import JSON
import Network
import Tensor

/// Makes every update of a grid, several times with different seeds, and tells how each does on average.
///
/// A cell is what `remove` or `recover` would do with the same options, but what can be shared is computed once: neuron
/// means, gradients and the curvature for all cells of a seed (and for further seeds where nothing is drawn), and the
/// solution over every parameter for all cells of `pif` and `if` with one solver and damping. Finished runs are kept, so
/// that a job that was broken off goes on behind them.
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
