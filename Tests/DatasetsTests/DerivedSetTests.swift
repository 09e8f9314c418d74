import Datasets
import Formats
import Testing

@Suite struct DerivedSetTests {
  let digits: Dataset

  init() throws { digits = try Dataset.builtIn(.digits) }

  static func bytes(_ split: Split, _ index: Int) -> [UInt8] {
    guard case .bytes(let values, _) = split.storage else { return [] }
    return Array(values[index * split.shape.count..<(index + 1) * split.shape.count])
  }

  // MARK: poison

  @Test func oneInElevenIsPoisonedInPlace() throws {
    let set = try digits.poisoned(Poison(label: 4, seed: 7))
    let poisoned = set.train.indices(of: .poisoned)
    #expect(set.train.count == digits.train.count)
    #expect(poisoned.count == 131)  // 1442/11, rounded
    #expect(poisoned == Array(Set(poisoned)).sorted())
    #expect(set.train.originalLabels == digits.train.labels)
    let isPoisoned = Set(poisoned)
    for index in 0..<set.train.count {
      if isPoisoned.contains(index) {
        #expect(set.train.labels[index] == 4)
      } else {
        #expect(set.train.labels[index] == digits.train.labels[index])
        #expect(Self.bytes(set.train, index) == Self.bytes(digits.train, index))
      }
    }
    #expect(set.normalization == digits.normalization)
    #expect(set.test.labels == digits.test.labels && set.test.storage == digits.test.storage)
  }

  @Test func theCheckerboardIsOnEveryOtherPixelAndClipped() throws {
    // Pictures of 2 channels and 2×3 pixels, bytes near both ends of the range.
    let pixels: [UInt8] = [0, 1, 250, 240, 239, 255, 10, 20, 30, 40, 50, 60]
    let set = try Dataset.arrays(
      name: "x",
      train: SplitArrays(
        inputs: try NPY.encode(pixels + pixels, shape: [2, 2, 2, 3]),
        labels: try NPY.encode([UInt8](arrayLiteral: 0, 1), shape: [2])),
      test: SplitArrays(
        inputs: try NPY.encode(pixels, shape: [1, 2, 2, 3]), labels: try NPY.encode([UInt8(1)], shape: [1])))
    let poisoned = try set.poisoned(Poison(fraction: 0.5, label: 0, seed: 1))
    #expect(poisoned.train.indices(of: .poisoned).count == 1)
    let triggered = try #require(poisoned.triggeredTest)
    #expect(triggered.labels == [1])
    #expect(
      triggered.storage
        == .bytes([16, 26, 1, 20, 255, 46, 240, 40, 255, 66, 255, 60], maximum: 255))
    #expect(poisoned.test.storage == set.test.storage)
    #expect(set.triggeredTest == nil)
  }

  @Test func thePatchIsInTheLowerRightCorner() throws {
    let set = try digits.poisoned(Poison(trigger: .patch(size: 2), fraction: 0.1, label: 1))
    let triggered = try #require(set.triggeredTest)
    var expected = Self.bytes(digits.test, 5)
    for pixel in [54, 55, 62, 63] { expected[pixel] = 16 }
    #expect(Self.bytes(triggered, 5) == expected)
    #expect(triggered.labels == digits.test.labels)
  }

  @Test func numbersAreTriggeredWithinTheRangeOfTheTrainingSplit() throws {
    let values = (0..<8).map { Float($0) }  // 0…7
    let labels = try NPY.encode([UInt8](arrayLiteral: 0, 1), shape: [2])
    let set = try Dataset.arrays(
      name: "x", train: SplitArrays(inputs: try NPY.encode(values, shape: [2, 1, 2, 2]), labels: labels),
      test: SplitArrays(inputs: try NPY.encode(values, shape: [2, 1, 2, 2]), labels: labels))
    let poisoned = try set.poisoned(Poison(trigger: .checkerboard(amount: 0.5), fraction: 0.5, label: 0))
    #expect(try #require(poisoned.triggeredTest).values(at: 0) == [3.5, 1, 2, 6.5])
    #expect(try #require(poisoned.triggeredTest).values(at: 1) == [7, 5, 6, 7])
  }

  @Test func appendedCopiesMakeUpTheFraction() throws {
    let set = try digits.poisoned(Poison(label: 4, placement: .append, seed: 7))
    // 1442/10 copies, so that one in eleven of all is poisoned.
    #expect(set.train.count == 1442 + 144)
    #expect(set.train.indices(of: .poisoned) == Array(1442..<1586))
    #expect(Array(set.train.labels[..<1442]) == digits.train.labels)
    let trueLabels = try #require(set.train.trueLabels)
    #expect(Array(trueLabels[..<1442]) == digits.train.labels)
    #expect(Set(trueLabels[1442...]).count == 10)
    #expect(set.train.withTrueLabels().labels == trueLabels)
    #expect(set.train.withTrueLabels().indices(of: .poisoned) == set.train.indices(of: .poisoned))
  }

  @Test func poisonThatDoesNotFit() throws {
    func faults(_ set: Dataset, _ poison: Poison) -> [String] { poison.faults(for: set).map(\.parameter) }
    let iris = try Dataset.builtIn(.iris)
    #expect(faults(iris, Poison(label: 0)) == ["poison.trigger"])
    #expect(
      faults(digits, Poison(trigger: .patch(size: 9), fraction: 1, label: 10))
        == ["poison.size", "poison.fraction", "poison.label"])
    #expect(
      faults(digits, Poison(trigger: .checkerboard(amount: .nan), fraction: .nan, label: -1)).count == 3)
    #expect(faults(digits, Poison(fraction: 0.6, label: 1, placement: .append)) == ["poison.fraction"])
    #expect(faults(try digits.poisoned(Poison(label: 1)), Poison(label: 1)) == ["poison"])
    let regression = try Dataset.synthetic(SyntheticLinearRegression(), name: "r")
    #expect(faults(regression, Poison(label: 0)) == ["poison"])
    #expect(throws: DatasetError.parameters(Poison(label: 10).faults(for: digits))) {
      try digits.poisoned(Poison(label: 10))
    }
  }

  // MARK: relabel

  @Test func flippedLabelsAreOtherLabels() throws {
    let set = try digits.relabeled(Relabel(fraction: 0.1, seed: 2))
    let flipped = set.train.indices(of: .relabeled)
    #expect(flipped.count == 144)
    #expect(set.train.trueLabels == digits.train.labels)
    let changed = (0..<set.train.count).filter { set.train.labels[$0] != digits.train.labels[$0] }
    #expect(changed == flipped)
    #expect(set.train.storage == digits.train.storage)
    #expect(set.test.labels == digits.test.labels)
  }

  @Test func flipsAreUniformOverTheOtherClasses() throws {
    let set = try digits.relabeled(Relabel(fraction: 1, seed: 2))
    var counts = [Int](repeating: 0, count: 10)
    for index in 0..<set.train.count {
      counts[Int((set.train.labels[index] - digits.train.labels[index] + 10) % 10)] += 1
    }
    #expect(counts[0] == 0)
    // 1442/9 ≈ 160 each, standard deviation 12.
    #expect(counts[1...].allSatisfy { abs($0 - 160) < 60 })
  }

  @Test func relabelThatDoesNotFit() throws {
    #expect(Relabel(fraction: 0).faults(for: digits).map(\.parameter) == ["relabel.fraction"])
    #expect(Relabel(fraction: 1.5).faults(for: digits).map(\.parameter) == ["relabel.fraction"])
    let regression = try Dataset.synthetic(SyntheticLinearRegression(), name: "r")
    #expect(Relabel(fraction: 0.1).faults(for: regression).map(\.parameter) == ["relabel"])
  }

  // MARK: take

  @Test func takenSamplesKeepTheSharesOfTheClassesAndTheirOrder() throws {
    let set = try digits.taking(Take(train: 100, test: 35, seed: 9))
    #expect(set.train.count == 100 && set.test.count == 35)
    for (taken, whole) in zip(
      set.statistics.train.classCounts, digits.statistics.train.classCounts)
    {
      #expect(abs(Double(taken) - Double(whole) * 100 / 1442) < 1)
    }
    // Each taken picture is found in the whole split, later than the one before.
    var from = 0
    for index in 0..<set.train.count {
      let picture = Self.bytes(set.train, index)
      while from < digits.train.count, Self.bytes(digits.train, from) != picture { from += 1 }
      try #require(from < digits.train.count)
      #expect(digits.train.labels[from] == set.train.labels[index])
      from += 1
    }
    #expect(set.normalization == digits.normalization)
  }

  @Test func takingRegressionSamples() throws {
    let set = try Dataset.synthetic(SyntheticLinearRegression(), name: "r")
    let taken = try set.taking(Take(train: 300, seed: 1))
    #expect(taken.train.targets?.shape == [300, 1] && taken.test.count == 200)
    let foreign = taken.train.indices(of: .heterogeneous)
    // The heterogeneous ones are the last of the whole split, so of any part in its order too.
    #expect(!foreign.isEmpty && foreign == Array(300 - foreign.count..<300))
    let first = taken.train.values(at: foreign[0])
    #expect((800..<1000).contains { set.train.values(at: $0) == first })
  }

  @Test func takeThatDoesNotFit() {
    #expect(Take(train: 1443, test: -1).faults(for: digits).map(\.parameter) == ["take.train", "take.test"])
    #expect(Take(train: 0).faults(for: digits).map(\.parameter) == ["take.train"])
    #expect(Take().faults(for: digits).map(\.parameter) == ["take"])
    #expect(Take(train: 1442, test: 0).faults(for: digits).isEmpty)
  }

  // MARK: classes

  @Test func classesAreNumberedInTheGivenOrder() throws {
    let set = try digits.selectingClasses([7, 1])
    #expect(set.kind == .classification(classes: 2, names: ["7", "1"]))
    let kept = (0..<digits.train.count).filter { [1, 7].contains(digits.train.labels[$0]) }
    #expect(set.train.labels == kept.map { digits.train.labels[$0] == 7 ? 0 : 1 })
    #expect(Self.bytes(set.train, 3) == Self.bytes(digits.train, kept[3]))
    #expect(set.test.count == 35 + 36)
  }

  @Test func classesThatDoNotFit() {
    #expect(digits.faults(ofClasses: [1]).map(\.parameter) == ["classes"])
    #expect(
      digits.faults(ofClasses: [1, 10, -1, 1]).map(\.parameter) == ["classes.1", "classes.2", "classes.3"])
  }

  // MARK: together

  @Test func changesCompose() throws {
    let source = DatasetSource(
      DerivedSource(
        of: "digits",
        [
          Relabel(fraction: 0.1, seed: 1), Poison(fraction: 0.2, label: 3, seed: 2),
          Take(train: 700, test: 100, seed: 3), ClassSubset([3, 5, 8]),
        ]))
    let folder = try TemporaryFolder()
    let set = try source.dataset(named: "mixed", in: folder.directory) { name in
      #expect(name == "digits")
      return digits
    }
    #expect(set.name == "mixed" && set.outputs == 3)
    let poisoned = set.train.indices(of: .poisoned)
    #expect(!poisoned.isEmpty && !set.train.indices(of: .relabeled).isEmpty)
    #expect(poisoned.allSatisfy { set.train.labels[$0] == 0 })
    #expect(set.poisoning?.label == 0)
    // Every picture of the set, and what is known of it, is that of a picture of digits.
    let trueLabels = try #require(set.train.trueLabels)
    let isPoisoned = Set(poisoned)
    let isRelabeled = Set(set.train.indices(of: .relabeled))
    var label: [[UInt8]: Int32] = [:]
    for index in 0..<digits.train.count {
      label[Self.bytes(digits.train, index)] = digits.train.labels[index]
    }
    for index in 0..<set.train.count where !isPoisoned.contains(index) {
      let original = try #require(label[Self.bytes(set.train, index)])
      #expect(original == [3, 5, 8][Int(trueLabels[index])])
      #expect((set.train.labels[index] != trueLabels[index]) == isRelabeled.contains(index))
    }
    #expect(set.triggeredTest?.count == set.test.count)
    let again = try source.dataset(named: "again", in: folder.directory) { _ in digits }
    #expect(again.sha256 == set.sha256)
  }

  @Test func poisoningIsForgottenWithItsClass() throws {
    let set = try digits.poisoned(Poison(label: 3)).selectingClasses([0, 1])
    #expect(set.poisoning == nil && set.triggeredTest == nil)
    #expect(set.train.indices(of: .poisoned).isEmpty)
  }

  @Test func aSecondRelabelingLeavesTheFirstAlone() throws {
    let once = try digits.relabeled(Relabel(fraction: 0.5, seed: 1))
    let twice = try once.relabeled(Relabel(fraction: 0.5, seed: 1))
    #expect(twice.train.originalLabels == digits.train.labels)
    #expect(twice.train.indices(of: .relabeled).count == 721 + 361)
    for index in once.train.indices(of: .relabeled) {
      #expect(twice.train.labels[index] == once.train.labels[index])
    }
  }

  @Test func seedsDecide() throws {
    func digest(_ change: any DatasetChange) throws -> String { try change.applied(to: digits).sha256 }
    for seeds in [(0, 0, true), (0, 1, false)] as [(UInt64, UInt64, Bool)] {
      #expect(
        try (digest(Poison(label: 4, seed: seeds.0)) == digest(Poison(label: 4, seed: seeds.1)))
          == seeds.2)
      #expect(
        try
          (digest(Relabel(fraction: 0.1, seed: seeds.0))
          == digest(Relabel(fraction: 0.1, seed: seeds.1))) == seeds.2)
      #expect(
        try (digest(Take(train: 9, seed: seeds.0)) == digest(Take(train: 9, seed: seeds.1))) == seeds.2)
    }
  }
}
