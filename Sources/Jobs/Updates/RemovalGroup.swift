import Influence
import JSON
import Network
import Tensor

/// The samples of a removal: the group, the remaining samples, and the samples drawn for gradient and
/// curvature.
struct RemovalGroup: UpdateGroup {
  /// The change of the training data by the removal.
  let edit: DataEdit
  let partition: Partition
  /// U: the group's samples that the model was trained on.
  let members: [Int]
  let remaining: [Int]
  /// Drawn for the gradient: from U for ḡ_U, or from the remaining samples for their mean gradient.
  let gradient: [Int]
  /// Drawn for the curvature: from the remaining samples, or from all.
  let curvature: [Int]
  private let form: UpdateRequest.GradientForm
  private let sight: SampleSight

  /// - Throws: `JobFailure.unacceptable` if the model was trained on none of the group, or on nothing else.
  init<Element: Scalar>(
    _ group: GroupChoice, _ request: UpdateRequest, takesGroupOut: Bool, _ model: LoadedModel<Element>
  ) throws {
    try model.requirePresent(group)
    partition = model.partition()
    let named = Set(model.data.members(of: group))
    members = partition.training.filter { named.contains($0) }
    remaining = partition.training.filter { !named.contains($0) }
    edit = DataEdit(.removed, group, samples: members.count)
    guard !members.isEmpty else {
      throw JobFailure(
        .unacceptable, "The model was not trained on any sample of the group.",
        advice: "Name samples of its training part; its recipe holds out or leaves out the ones given.")
    }
    guard !remaining.isEmpty else {
      throw JobFailure(
        .unacceptable, "The group is everything that the model was trained on.", advice: "Leave some samples."
      )
    }
    gradient = request.gradientSamples.draw(
      of: request.gradient == .newton ? remaining : members, "gradient samples", seed: request.drawSeed)
    curvature = request.curvature.samples.draw(
      of: takesGroupOut ? remaining : partition.training, "hessian samples", seed: request.drawSeed)
    form = request.gradient
    sight = SampleSight(request, model)
  }

  /// The shared basis of updates without the group.
  func basis<Element: Scalar>(
    _ model: LoadedModel<Element>, _ state: NetworkState<Element>, _ environment: JobEnvironment,
    _ compute: Compute, keeping selection: ParameterSelection?
  ) -> UpdateBasis<Element> {
    let train = model.dataset.train
    return UpdateBasis(
      model: model, state: state, members: train.samples(members), curvatureSamples: train.samples(curvature),
      seenBy: sight, environment: environment, compute: compute, keeping: selection
    ) { gradient in
      switch form {
      case .influence:
        GroupChange(
          removing: members.count, of: partition.training.count,
          groupGradient: try gradient(train.samples(self.gradient)), parameters: state.parameters,
          weightDecay: model.weightDecay)
      case .newton:
        GroupChange(
          newtonOn: try gradient(train.samples(self.gradient)), parameters: state.parameters,
          weightDecay: model.weightDecay)
      }
    }
  }

  /// Counts for the result.
  var json: JSONValue {
    [
      "train": JSONValue(partition.training.count), "group": JSONValue(members.count),
      "validation": JSONValue(partition.validation.count), "hessian": JSONValue(curvature.count),
      "gradient": JSONValue(gradient.count),
    ]
  }
}
