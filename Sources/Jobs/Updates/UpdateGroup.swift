import Influence
import JSON
import Network
import Tensor

/// The samples of a change of the training data, and the samples drawn for it. Equal groups give equal bases.
protocol UpdateGroup: Equatable, Sendable {
  var edit: DataEdit { get }
  var partition: Partition { get }
  /// The training samples that change.
  var members: [Int] { get }
  /// Counts for the result.
  var json: JSONValue { get }

  /// The shared basis of updates for this change.
  /// - Parameter selection: J, if it is already chosen.
  func basis<Element: Scalar>(
    _ model: LoadedModel<Element>, _ state: NetworkState<Element>, _ environment: JobEnvironment,
    _ compute: Compute, keeping selection: ParameterSelection?
  ) -> UpdateBasis<Element>
}

extension UpdateGroup {
  func basis<Element: Scalar>(
    _ model: LoadedModel<Element>, _ state: NetworkState<Element>, _ environment: JobEnvironment,
    _ compute: Compute
  ) -> UpdateBasis<Element> { basis(model, state, environment, compute, keeping: nil) }
}

/// How an update sees the samples of gradient and curvature. All cells with one seed see each sample the same
/// way. Every round draws anew.
struct SampleSight: Equatable, Sendable {
  let augmentations: Set<TrainingOptions.Augmentation>
  let seed: UInt64

  init<Element: Scalar>(_ request: UpdateRequest, _ model: LoadedModel<Element>) {
    augmentations = request.augment.augmentations(model.record.training)
    seed = augmentations.isEmpty ? 0 : UInt64(request.drawSeed)
  }

  func see(_ samples: Samples) -> Samples { samples.augmented(by: augmentations, seed: seed) }
}
