import Datasets
import Testing

@Suite struct BuiltInSetTests {
  @Test func irisIsFishersIris() throws {
    let all = try Dataset.builtIn(.iris, test: .none)
    #expect(all.train.count == 150 && all.test.count == 0)
    // The means published for the whole set.
    for (mean, expected) in zip(all.statistics.train.inputs.mean, [5.84333, 3.05733, 3.75800, 1.19933]) {
      #expect(abs(mean - expected) < 5e-6)
    }
    #expect(all.statistics.train.classCounts == [50, 50, 50])
    #expect(all.kind == .classification(classes: 3, names: ["setosa", "versicolor", "virginica"]))
  }

  @Test func irisHoldsOutEveryFifthOfEachClass() throws {
    let set = try Dataset.builtIn(.iris)
    let all = try Dataset.builtIn(.iris, test: .none)
    #expect(set.statistics.train.classCounts == [40, 40, 40])
    #expect(set.statistics.test.classCounts == [10, 10, 10])
    // The first test sample is the fifth of the file.
    func centimetres(_ set: Dataset, _ split: Split, _ index: Int) -> [Double] {
      zip(split.values(at: index), zip(set.normalization.mean, set.normalization.standardDeviation)).map {
        $0 * $1.1 + $1.0
      }
    }
    for (a, b) in zip(centimetres(set, set.test, 0), centimetres(all, all.train, 4)) {
      #expect(abs(a - b) < 1e-12)
    }
  }

  @Test func standardizedFeaturesHaveMeanZeroAndDeviationOne() throws {
    let set = try Dataset.builtIn(.iris)
    let inputs = set.train.inputs(0..<120, as: Double.self)
    #expect(inputs.shape == [120, 4])
    for feature in 0..<4 {
      let values = stride(from: feature, to: 480, by: 4).map { inputs.elements[$0] }
      let mean = values.reduce(0, +) / 120
      let square = values.map { $0 * $0 }.reduce(0, +) / 120
      #expect(abs(mean) < 1e-13 && abs(square - 1) < 1e-13)
    }
  }

  @Test func digitsHaveTheirPublishedCounts() throws {
    let all = try Dataset.builtIn(.digits, test: .none)
    #expect(all.statistics.train.classCounts == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180])
    let set = try Dataset.builtIn(.digits)
    #expect(set.train.count == 1442 && set.test.count == 355)
    #expect(set.statistics.test.classCounts == [35, 36, 35, 36, 36, 36, 36, 35, 34, 36])
    #expect(set.shape == .init(height: 8, width: 8, channels: 1))
    #expect(abs(set.normalization.scale - 1.0 / 16) < 1e-18)
    #expect(set.name == "digits")
    #expect(set.source.contains("CC BY 4.0"))
  }

  @Test func aDigitIsAPicture() throws {
    let set = try Dataset.builtIn(.digits, test: .none)
    let picture = try #require(set.train.picture(at: 0))
    #expect(picture.height == 8 && picture.width == 8 && picture.channels == 1)
    // The first row of the file: 0 0 5 13 9 1 0 0 of 16.
    #expect(Array(picture.pixels[..<8]) == [0, 0, 80, 207, 143, 16, 0, 0])
    #expect(picture.pixels.max() == 239)
    #expect(try Dataset.builtIn(.iris).train.picture(at: 0) == nil)
  }

  @Test func theSameContentHasTheSameDigest() throws {
    let digits = try Dataset.builtIn(.digits)
    #expect(digits.sha256.count == 64)
    #expect(try Dataset.builtIn(.digits, name: "other").sha256 == digits.sha256)
    #expect(try Dataset.builtIn(.digits, test: .none).sha256 != digits.sha256)
    #expect(try Dataset.builtIn(.iris).sha256 != digits.sha256)
  }
}

@Suite struct NormalizationTests {
  @Test func saysWhatIsDone() throws {
    #expect(
      try Dataset.builtIn(.digits).normalization.description
        == "values times 0.0625, then less the mean and divided by the standard deviation of the channel")
    #expect(Normalization.none(channels: 2).description == "none: values are as they were given")
    #expect(Normalization.none(channels: 2, scale: 1.0 / 255).description == "values times 1/255")
  }
}
