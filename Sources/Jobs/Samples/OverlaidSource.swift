import Datasets
import Network
import Tensor

/// Samples of a source, some of them with other inputs.
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

extension Dataset {
  /// The width of the range of inputs; 1 if the range is unknown.
  var inputSpan: Double {
    guard let range = valueRange, range.upperBound > range.lowerBound else { return 1 }
    return range.upperBound - range.lowerBound
  }
}

/// The inputs that a changed sample may have, as the network sees them.
///
/// Every value stays within ε of the original. If the data set has a known range, as pictures and bytes have,
/// the value also stays within the range.
struct InputBox {
  let lower: [Double]
  let upper: [Double]
  /// Network units of one unit of ε, for each input value. The unit of ε is the known range, otherwise one
  /// unit of the feature.
  let units: [Double]

  /// - Parameters:
  ///   - original: the inputs of a sample, channels-last.
  ///   - epsilon: a share of the range of the data set's inputs if it is known, otherwise a length before
  ///     standardisation.
  init(around original: [Double], epsilon: Double, _ dataset: Dataset) {
    let normalization = dataset.normalization
    let channels = dataset.shape.channels
    let span = dataset.inputSpan
    units = original.indices.map { span / normalization.standardDeviation[$0 % channels] }
    var lower = zip(original, units).map { $0 - epsilon * $1 }
    var upper = zip(original, units).map { $0 + epsilon * $1 }
    if let range = dataset.valueRange {
      for index in original.indices {
        let mean = normalization.mean[index % channels]
        let unit = 1 / normalization.standardDeviation[index % channels]
        // A test picture may lie beyond the range of the training split. Clipping must not move it.
        lower[index] = min(original[index], max(lower[index], (range.lowerBound - mean) * unit))
        upper[index] = max(original[index], min(upper[index], (range.upperBound - mean) * unit))
      }
    }
    self.lower = lower
    self.upper = upper
  }

  /// Brings inputs back into the box.
  func project(_ inputs: inout [Double]) {
    for index in inputs.indices { inputs[index] = min(max(inputs[index], lower[index]), upper[index]) }
  }
}
