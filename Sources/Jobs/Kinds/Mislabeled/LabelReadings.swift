import Network
import Tensor

/// The model's losses and outputs on every training sample.
package struct LabelReadings: Sendable {
  /// ℓ.
  let losses: [Double]
  /// The most likely class if the label is wrong: the most likely class other than the label.
  let suggested: [Int]

  init<Element: Scalar>(
    _ model: LoadedModel<Element>, _ state: NetworkState<Element>, _ samples: Samples, _ compute: Compute
  ) throws {
    guard case .classes(let labels) = samples.targets else {
      throw JobFailure(
        .unacceptable,
        "The data set \(model.dataset.name) has no class a sample, so no label to be wrong.")
    }
    let suggested = Buffer<Int>(count: samples.count, zeroed: true)
    let evaluation = try model.network.evaluate(state, on: samples, loss: model.loss, compute: compute) {
      place, row in
      suggested.pointer[place] = Self.bestClass(of: row, but: Int(labels[place]))
    }
    guard evaluation.losses.allSatisfy(\.isFinite) else { throw JobFailure.nonFiniteScore }
    losses = evaluation.losses
    self.suggested = Array(UnsafeBufferPointer(start: suggested.pointer, count: samples.count))
  }

  /// The class of the largest output other than `label`. A single output stands for two classes.
  @specialized(where Element == Float)
  @specialized(where Element == Double)
  package static func bestClass<Element: Scalar>(of row: UnsafeBufferPointer<Element>, but label: Int) -> Int
  {
    if row.count < 2 { return 1 - min(1, max(0, label)) }
    var best = label == 0 ? 1 : 0
    for candidate in row.indices where candidate != label && row[candidate] > row[best] { best = candidate }
    return best
  }
}
