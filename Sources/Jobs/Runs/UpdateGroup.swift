import Influence
import Network
import Tensor

/// The samples of a change of the training data, with what was drawn from them. Equal groups give equal bases.
protocol UpdateGroup: Equatable, Sendable {
  var partition: Partition { get }
  /// Those that change.
  var members: [Int] { get }
  /// Counts for the result.
  var json: JSONValue { get }

  /// What updates for this change share.
  /// - Parameter selection: J where it is not to be chosen.
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
