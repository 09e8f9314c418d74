import Datasets
import Network
import Tensor

/// A split of a data set as a network takes it.
struct SplitSource: SampleSource {
  let split: Split

  var count: Int { split.count }
  var shape: Shape { split.shape }

  func copyInputs<Element: Scalar>(_ indices: ArraySlice<Int>, into target: UnsafeMutablePointer<Element>) {
    split.copyInputs(indices, into: target)
  }
}

extension Split {
  /// Some samples of the split with their labels or target values; all samples if `indices` is nil.
  /// - Parameter corrected: samples that get the class they had before any label was changed.
  package func samples(_ indices: [Int]? = nil, trueLabels corrected: [Int] = []) -> Samples {
    let places = indices ?? Array(0..<count)
    let targets: Targets
    if let values = self.targets {
      let columns = values.shape[1]
      targets = .values(
        places.flatMap { values.elements[$0 * columns..<($0 + 1) * columns] }, columns: columns)
    } else if let positions {
      targets = Targets.positions(positions.elements, count: positions.width).selecting(places)
    } else {
      let isCorrected = Set(corrected)
      targets = .classes(places.map { isCorrected.contains($0) ? originalLabels[$0] : labels[$0] })
    }
    return Samples(source: SplitSource(split: self), indices: places, targets: targets)
  }
}
