import Datasets
import Tensor
import Testing

@Suite struct SyntheticSetTests {
  @Test func linearRegressionHasItsHeterogeneousPoints() throws {
    let set = try Dataset.synthetic(SyntheticLinearRegression(), name: "gif")
    #expect(set.train.count == 1000 && set.test.count == 200)
    #expect(set.kind == .regression(outputs: 1))
    #expect(set.train.indices(of: .heterogeneous) == Array(800..<1000))
    #expect(set.test.indices(of: .heterogeneous).isEmpty)
  }

  @Test func withoutNoiseTheTargetsAreLinearInTheFeatures() throws {
    let set = try Dataset.synthetic(
      SyntheticLinearRegression(samples: 50, heterogeneous: 10, dimensions: 2, noise: 0, seed: 5), name: "x")
    let inputs = set.train.inputs(0..<50, as: Double.self).elements
    let targets = try #require(set.train.targets).elements
    // Weights and bias from the first three points by Cramer's rule; then all homogeneous points follow.
    func determinant(_ m: [[Double]]) -> Double {
      m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
        + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
    }
    let rows = (0..<3).map { [inputs[2 * $0], inputs[2 * $0 + 1], 1] }
    let solution = (0..<3).map { column in
      var replaced = rows
      for row in 0..<3 { replaced[row][column] = targets[row] }
      return determinant(replaced) / determinant(rows)
    }
    for index in 0..<50 {
      let response = solution[0] * inputs[2 * index] + solution[1] * inputs[2 * index + 1]
      let expected = index < 40 ? response + solution[2] : 1 - response + solution[2]
      #expect(abs(targets[index] - expected) < 1e-9)
    }
  }

  @Test func featuresAreCorrelatedAsAsked() throws {
    let set = try Dataset.synthetic(
      SyntheticLinearRegression(samples: 20000, dimensions: 3, correlation: 0.7, seed: 1), name: "x")
    let values = set.train.inputs(0..<20000, as: Double.self).elements
    var product = 0.0
    var square = 0.0
    for row in 0..<20000 {
      product += values[3 * row] * values[3 * row + 2]
      square += values[3 * row] * values[3 * row]
    }
    // Standard errors of about 0.01.
    #expect(abs(product / 20000 - 0.7) < 0.05 && abs(square / 20000 - 1) < 0.05)
  }

  @Test func blobsLieAboutTheirCentres() throws {
    let set = try Dataset.synthetic(
      SyntheticBlobs(samples: 3000, classes: 3, dimensions: 2, spread: 0.2, seed: 4), name: "blobs")
    #expect(set.statistics.train.classCounts == [1000, 1000, 1000])
    #expect(set.test.count == 600)
    for label in 0..<3 {
      func moments(_ split: Split) -> (Double, Double) {
        let values = split.indices(ofClass: label).map { split.values(at: $0)[0] }
        let mean = values.reduce(0, +) / Double(values.count)
        return (
          mean, (values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(values.count)).squareRoot()
        )
      }
      let (mean, deviation) = moments(set.train)
      #expect(abs(deviation - 0.2) < 0.02)
      // The test split has the same centres, other samples.
      #expect(abs(moments(set.test).0 - mean) < 0.05)
    }
    #expect(set.train.values(at: 0) != set.test.values(at: 0))
  }

  @Test func clustersCanBePictures() throws {
    let shape = Shape(height: 5, width: 4, channels: 3)
    let recipe = SyntheticBlobs(samples: 30, testSamples: 6, pictures: shape, seed: 4)
    let set = try Dataset.synthetic(recipe, name: "pictures")
    #expect(set.shape == shape && set.train.values(at: 0).count == 60)
    let huge = SyntheticBlobs(pictures: Shape(height: 1 << 20, width: 1 << 20, channels: 1 << 20))
    #expect(huge.faults.map(\.parameter).contains("dimensions"))
  }

  @Test func aSeedFixesEverything() throws {
    func regression(_ seed: UInt64) throws -> String {
      try Dataset.synthetic(SyntheticLinearRegression(samples: 20, seed: seed), name: "x").sha256
    }
    func blobs(_ seed: UInt64) throws -> String {
      try Dataset.synthetic(SyntheticBlobs(samples: 20, seed: seed), name: "x").sha256
    }
    #expect(try regression(1) == regression(1) && regression(1) != regression(2))
    #expect(try blobs(1) == blobs(1) && blobs(1) != blobs(2))
  }

  @Test func allFaultsAtOnce() throws {
    let regression = SyntheticLinearRegression(
      samples: 0, heterogeneous: 5, testSamples: -1, dimensions: 0, noise: .nan, correlation: 1)
    #expect(
      regression.faults.map(\.parameter)
        == ["samples", "test_samples", "dimensions", "heterogeneous", "noise", "correlation"])
    let blobs = SyntheticBlobs(samples: .max, testSamples: .min, classes: 1, dimensions: .max, spread: -1)
    #expect(
      blobs.faults.map(\.parameter) == ["samples", "test_samples", "dimensions", "classes", "spread"])
    #expect(SyntheticBlobs(samples: 10_000_000, dimensions: 1000).faults.map(\.parameter) == ["samples"])
    #expect(throws: DatasetError.parameters(blobs.faults)) { try Dataset.synthetic(blobs, name: "x") }
    for samples in [Int.min, -2_000_000_000, 0, 10_000_001, 2_000_000_000, .max] {
      #expect(SyntheticLinearRegression(samples: samples).faults.map(\.parameter) == ["samples"])
      #expect(SyntheticBlobs(samples: samples).faults.map(\.parameter) == ["samples"])
    }
  }
}
