import Datasets
import Network
import Tensor

/// Samples of a source of which some have other inputs.
struct OverlaidSource: SampleSource {
  let base: any SampleSource
  /// By index in the base: the inputs as the network sees them, channels-last.
  var replaced: [Int: [Double]]

  var count: Int { base.count }
  var shape: Shape { base.shape }

  func copyInputs<Element: Scalar>(_ indices: ArraySlice<Int>, into target: UnsafeMutablePointer<Element>) {
    base.copyInputs(indices, into: target)
    if replaced.isEmpty { return }
    let size = shape.count
    for (place, index) in indices.enumerated() {
      guard let inputs = replaced[index] else { continue }
      for position in 0..<size { target[place * size + position] = Element(inputs[position]) }
    }
  }
}

extension Samples {
  /// The same samples with other inputs for some indices of the source.
  func overlaid(_ replaced: [Int: [Double]]) -> Samples {
    Samples(source: OverlaidSource(base: source, replaced: replaced), indices: indices, targets: targets)
  }
}

/// The inputs that a changed sample may have: within ε of the original in every value, and within the range of
/// the stored values where they are bytes. All as the network sees them.
struct InputBox {
  let lower: [Double]
  let upper: [Double]
  /// Network units of one unit before standardisation, an input value each.
  let units: [Double]

  /// - Parameters:
  ///   - original: the inputs of a sample, channels-last.
  ///   - epsilon: before standardisation.
  init(around original: [Double], epsilon: Double, _ dataset: Dataset) {
    let normalization = dataset.normalization
    let channels = dataset.shape.channels
    units = original.indices.map { 1 / normalization.standardDeviation[$0 % channels] }
    var lower = zip(original, units).map { $0 - epsilon * $1 }
    var upper = zip(original, units).map { $0 + epsilon * $1 }
    if case .bytes(_, let maximum) = dataset.train.storage {
      for index in original.indices {
        let mean = normalization.mean[index % channels]
        lower[index] = max(lower[index], (0 - mean) * units[index])
        upper[index] = min(upper[index], (Double(maximum) * normalization.scale - mean) * units[index])
      }
    }
    self.lower = lower
    self.upper = upper
  }

  func project(_ inputs: inout [Double]) {
    for index in inputs.indices { inputs[index] = min(max(inputs[index], lower[index]), upper[index]) }
  }
}
