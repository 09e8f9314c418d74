import Datasets
import Formats
import Testing

@Suite struct DataContractTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func csv(_ text: String, _ name: String) throws -> Dataset {
    try folder.write(text, to: "\(name).csv")
    return try Dataset.csv(CSVSource(path: "\(name).csv", test: .none), name: name, in: folder.directory)
  }

  private func pictures<Element: NPYElement>(
    _ values: [Element], labels: [UInt8], names: [String]? = nil, classes: Int? = nil
  ) throws -> Dataset {
    try Dataset.arrays(
      name: "p",
      train: SplitArrays(
        inputs: try NPY.encode(values, shape: [labels.count, 1, 2, 2]),
        labels: try NPY.encode(labels, shape: [labels.count])), test: nil,
      reading: ArrayReading(classes: classes, classNames: names))
  }

  @Test func aContractSaysWhatAModelExpects() throws {
    let iris = try Dataset.builtIn(.iris).contract
    #expect(iris.shape == [4] && iris.type == .float64 && iris.range == nil)
    #expect(iris.kind == .classification(classes: 3, names: ["setosa", "versicolor", "virginica"]))
    let digits = try Dataset.builtIn(.digits).contract
    #expect(digits.shape == [1, 8, 8] && digits.type == .uint8 && digits.range == 0...1)
    let bytes = try pictures([UInt8](repeating: 7, count: 8), labels: [0, 1]).contract
    #expect(bytes.type == .uint8 && bytes.range == 0...1)
    // Numbers of pictures: the range that is meant.
    #expect(try pictures([0.1, 0.9, 0.2, 0.3] as [Float], labels: [0]).contract.range == 0...1)
    #expect(try pictures([0, 200, 3, 9] as [Double], labels: [0]).contract.range == 0...255)
    #expect(try pictures([-1.5, 2.5, 0, 1] as [Double], labels: [0]).contract.range == -1.5...2.5)
  }

  @Test func valuesAreNormalizedByTheModelsNumbers() throws {
    let low = try csv("x,y\n0,low\n1,low\n9,high\n10,high\n", "low").normalized(.standardize)
    let shifted = try csv("x,y\n100,low\n110,high\n", "shifted").normalized(.standardize)
    let met = try shifted.meeting(low.contract, of: low)
    let deviation = 20.5.squareRoot()
    for (index, raw) in [100.0, 110].enumerated() {
      #expect(abs(met.dataset.train.values(at: index)[0] - (raw - 5) / deviation) < 1e-13)
    }
    #expect(met.warnings.isEmpty)
  }

  /// Bytes of another range, and floats of 0…1, are the same quantity as bytes.
  @Test func bytesAndSharesAreOneQuantity() throws {
    let half = NormalizationChoice.given(mean: [0.5], standardDeviation: [0.25])
    let model = try pictures([0, 51, 102, 255] as [UInt8], labels: [0], classes: 2).normalized(half)
    let shares = try pictures([0, 0.2, 0.4, 1] as [Double], labels: [0], classes: 2)
    let met = try shares.meeting(model.contract, of: model).dataset
    for (a, b) in zip(met.train.values(at: 0), model.train.values(at: 0)) { #expect(abs(a - b) < 1e-14) }
    let back = try model.meeting(try shares.normalized(half).contract, of: shares).dataset
    for (a, b) in zip(back.train.values(at: 0), model.train.values(at: 0)) { #expect(abs(a - b) < 1e-14) }
    // 0…16 of the digits.
    let digits = try Dataset.builtIn(.digits)
    let bytes = (0..<64).map { UInt8($0 % 17 * 15) }
    let wide = try Dataset.arrays(
      name: "w",
      train: SplitArrays(
        inputs: try NPY.encode(bytes, shape: [1, 1, 8, 8]), labels: try NPY.encode([UInt8(3)], shape: [1])),
      test: nil, reading: ArrayReading(classes: 10))
    let seen = try wide.meeting(digits.contract, of: digits)
    #expect(seen.warnings.isEmpty)
    for (value, byte) in zip(seen.dataset.train.values(at: 0), bytes) {
      let right =
        (Double(byte) / 255 - digits.normalization.mean[0]) / digits.normalization.standardDeviation[0]
      #expect(abs(value - right) < 1e-13)
    }
    // A set of an earlier version, whose bytes were not scaled, has a model that saw 0…255.
    let old = try Dataset.arrays(
      name: "old",
      train: SplitArrays(
        inputs: try NPY.encode([0, 51, 102, 255] as [UInt8], shape: [1, 1, 2, 2]),
        labels: try NPY.encode([UInt8(0)], shape: [1])), test: nil,
      reading: ArrayReading(classes: 2, scalesBytes: false))
    #expect(old.contract.range == 0...255)
    #expect(try model.meeting(old.contract, of: old).dataset.train.values(at: 0) == [0, 51, 102, 255])
  }

  @Test func otherScalesAreRefused() throws {
    let model = try pictures([0, 51, 102, 255] as [UInt8], labels: [0], classes: 2)
    let raw = try pictures([0, 51, 102, 255] as [Float], labels: [0], classes: 2)
    let refusal = #expect(throws: ContractMismatch.self) { try raw.meeting(model.contract, of: model) }
    #expect(refusal?.description.contains("0 to 255") == true)
    // And the other way round.
    #expect(throws: ContractMismatch.self) { try model.meeting(raw.contract, of: raw) }
    // Values a little beyond the range give only a warning.
    let noisy = try pictures([-0.2, 0.2, 0.5, 1.3] as [Float], labels: [0], classes: 2)
    #expect(try noisy.meeting(model.contract, of: model).warnings.count == 1)
    let iris = try Dataset.builtIn(.iris)
    let shape = #expect(throws: ContractMismatch.self) { try raw.meeting(iris.contract, of: iris) }
    #expect(shape?.differences.count == 2)
  }

  @Test func classesAreMatchedByName() throws {
    let iris = try Dataset.builtIn(.iris)
    let turned = try iris.selectingClasses([2, 1, 0])
    let met = try turned.meeting(iris.contract, of: iris)
    #expect(met.dataset.train.labels == iris.train.labels && met.dataset.kind == iris.kind)
    // A set of some of the classes.
    let two = try iris.selectingClasses([2, 1])
    let part = try two.meeting(iris.contract, of: iris).dataset
    #expect(Set(part.train.labels) == [1, 2] && part.outputs == 3)
    let pets = try csv("x,y\n0,cat\n9,dog\n", "pets")
    let birds = try csv("x,y\n9,dog\n30,emu\n", "birds")
    let refusal = #expect(throws: ContractMismatch.self) { try birds.meeting(pets.contract, of: pets) }
    #expect(refusal?.description.contains("'emu'") == true)
    // Two Unicode forms are two names.
    let composed = try csv("x,y\n0,caf\u{E9}\n9,dog\n", "composed")
    let decomposed = try csv("x,y\n0,cafe\u{301}\n9,dog\n", "decomposed")
    #expect(throws: ContractMismatch.self) { try decomposed.meeting(composed.contract, of: composed) }
  }

  @Test func classesWithoutNamesAreMatchedByNumber() throws {
    func set(_ names: [String]?, _ classes: Int? = nil) throws -> Dataset {
      try pictures([UInt8](repeating: 9, count: 8), labels: [0, 1], names: names, classes: classes)
    }
    let plain = try set(nil)
    #expect(try plain.meeting(plain.contract, of: plain).warnings.isEmpty)
    let named = try set(["cat", "dog"])
    #expect(try named.meeting(plain.contract, of: plain).warnings.count == 1)
    #expect(try plain.meeting(named.contract, of: named).warnings.count == 1)
    #expect(throws: ContractMismatch.self) { try set(nil, 3).meeting(plain.contract, of: plain) }
    // Numbers as names need no word, and keep their order.
    let numbered = try set(["0", "1"])
    #expect(try plain.meeting(numbered.contract, of: numbered).warnings.isEmpty)
    let turned = try set(["1", "0"])
    #expect(try plain.meeting(turned.contract, of: turned).dataset.train.labels == [1, 0])
  }

  /// The record of changed labels is translated too.
  @Test func trueLabelsAndTriggersAreTranslated() throws {
    let digits = try Dataset.builtIn(.digits)
    let marked = try digits.selectingClasses([3, 1, 7]).poisoned(Poison(fraction: 0.2, label: 0, seed: 1))
    let met = try marked.meeting(digits.contract, of: digits).dataset
    #expect(met.poisoning?.label == 3)
    #expect(Set(met.train.originalLabels) == [1, 3, 7])
    #expect(met.train.indices(of: .poisoned) == marked.train.indices(of: .poisoned))
    for index in met.train.indices(of: .poisoned) { #expect(met.train.labels[index] == 3) }
  }
}
