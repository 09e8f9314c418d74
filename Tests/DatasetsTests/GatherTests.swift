import Datasets
import Formats
import Tensor
import Testing

@Suite struct GatherTests {
  /// Every stored type, pictures of 2 channels, 3 rows and 5 columns, standardised or not.
  static func set(_ kind: String, standardized: Bool) throws -> (Dataset, [Double]) {
    let count = 7 * 2 * 3 * 5
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37 + $0 / 11) }
    let shape = [7, 2, 3, 5]
    let file: [UInt8] =
      switch kind {
      case "bytes": try NPY.encode(bytes, shape: shape)
      case "float32": try NPY.encode(bytes.map { Float($0) / 8 - 3 }, shape: shape)
      case "float64": try NPY.encode(bytes.map { Double($0) / 8 - 3 }, shape: shape)
      default: try NPY.encode(bytes.map { Int64($0) * 1000 }, shape: shape)
      }
    let raw = bytes.map { byte in
      switch kind {
      case "bytes": Double(byte) / 255
      case "int64": Double(byte) * 1000
      default: Double(byte) / 8 - 3
      }
    }
    let labels = try NPY.encode([UInt8]([0, 1, 0, 1, 0, 1, 1]), shape: [7])
    let set = try Dataset.arrays(
      name: kind, train: SplitArrays(inputs: file, labels: labels), test: nil
    ).normalized(standardized ? .standardize : .none)
    return (set, raw)
  }

  @Test(arguments: ["bytes", "float32", "float64", "int64"], [false, true])
  func gathersChannelsLast(kind: String, standardized: Bool) throws {
    let (set, raw) = try Self.set(kind, standardized: standardized)
    let indices = [6, 0, 0, 3]
    let wide = set.train.inputs(indices, as: Double.self)
    let narrow = set.train.inputs(indices, as: Float.self)
    #expect(wide.shape == [4, 3, 5, 2])
    for (sample, index) in indices.enumerated() {
      for channel in 0..<2 {
        for row in 0..<3 {
          for column in 0..<5 {
            let stored = raw[((index * 2 + channel) * 3 + row) * 5 + column]
            let expected =
              (stored - set.normalization.mean[channel]) / set.normalization.standardDeviation[channel]
            let position = ((sample * 3 + row) * 5 + column) * 2 + channel
            #expect(abs(wide.elements[position] - expected) <= 1e-13 * max(1, abs(expected)))
            // Three roundings in Float.
            #expect(abs(Double(narrow.elements[position]) - expected) <= 4e-7 * max(1, abs(expected)))
            if !standardized, kind != "bytes" { #expect(wide.elements[position] == stored) }
          }
        }
      }
    }
  }

  @Test func anyCollectionOfIndicesGivesTheSame() throws {
    let (set, _) = try Self.set("bytes", standardized: true)
    let expected = set.train.inputs([2, 3, 4], as: Float.self)
    #expect(set.train.inputs(2..<5, as: Float.self) == expected)
    #expect(set.train.inputs([0, 2, 3, 4][1...], as: Float.self) == expected)
    #expect(set.train.inputs((-4 ... -2).reversed().map { -$0 }, as: Float.self) == expected)
    #expect(set.train.inputs(0..<0, as: Float.self).count == 0)
  }

  @Test func labelsAndTargets() throws {
    let (set, _) = try Self.set("bytes", standardized: false)
    var labels = [Int32](repeating: -1, count: 3)
    set.train.copyLabels([6, 0, 1], into: &labels)
    #expect(labels == [1, 0, 1])
    let regression = try Dataset.arrays(
      name: "r",
      train: SplitArrays(
        inputs: try NPY.encode([Float(1), 2, 3], shape: [3, 1]),
        labels: try NPY.encode([Float](arrayLiteral: 1, 2, 3, 4, 5, 6), shape: [3, 2])), test: nil)
    var targets = [Float](repeating: 0, count: 4)
    regression.train.copyTargets([2, 0], into: &targets)
    #expect(targets == [5, 6, 1, 2])
    #expect(regression.test.targets?.shape == [0, 2])
  }
}
