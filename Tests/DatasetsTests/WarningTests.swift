import Datasets
import Formats
import JSON
import Testing

/// The warnings in a set's description.
@Suite struct WarningTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func csv(_ text: String, _ change: (inout CSVSource) -> Void = { _ in }) throws -> Dataset {
    try folder.write(text, to: "f.csv")
    var source = CSVSource(path: "f.csv", test: .none)
    change(&source)
    return try Dataset.csv(source, name: "f", in: folder.directory)
  }

  private func arrays<Inputs: NPYElement, Labels: NPYElement>(
    _ inputs: [Inputs], _ shape: [Int], _ labels: [Labels], test: [Labels]? = nil,
    reading: ArrayReading = ArrayReading()
  ) throws -> Dataset {
    func split(_ labels: [Labels]) throws -> SplitArrays {
      let size = shape.dropFirst().reduce(1, *)
      return SplitArrays(
        inputs: try NPY.encode(
          Array(inputs.prefix(labels.count * size)), shape: [labels.count] + shape.dropFirst()),
        labels: try NPY.encode(labels, shape: [labels.count]))
    }
    return try Dataset.arrays(
      name: "a", train: try split(labels), test: try test.map(split), reading: reading)
  }

  private func says(_ set: Dataset, _ words: String..., sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(
      set.warnings.contains { warning in words.allSatisfy { warning.contains($0) } }, "\(set.warnings)",
      sourceLocation: sourceLocation)
  }

  @Test func nothingIsSaidOfOrdinarySets() throws {
    #expect(try Dataset.builtIn(.iris).warnings == [])
    #expect(try Dataset.builtIn(.digits).warnings == [])
    #expect(try Dataset.synthetic(SyntheticBlobs(), name: "b").warnings == [])
    #expect(try Dataset.synthetic(SyntheticLinearRegression(), name: "l").warnings == [])
    #expect(try csv("a,b,y\n1,2,0\n3,4,1\n5,3,2\n").warnings == [])
    let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0 * 37) }
    #expect(try arrays(bytes, [100, 1, 1, 3], (0..<100).map { Int64($0 % 3) }).warnings == [])
  }

  @Test func emptyClassesAreTold() throws {
    let x = (0..<6).map(Double.init)
    says(try arrays(x, [6, 1], [1, 2, 3, 1, 2, 3] as [Int64]), "class 0", "from 1 to 3")
    says(try arrays(x, [6, 1], [0, 1, 2, 0, 1, 2] as [Int64], test: [0, 7]), "class 7", "test split")
    says(try arrays(x, [6, 1], [0, 1, 4, 0, 1, 4] as [Int64]), "classes 2, 3")
    says(try arrays(x, [6, 1], [0, 0, 0, 0, 0, 0] as [Int64]), "Every training sample is of class 0")
    let named = try arrays(
      x, [6, 1], [0, 1, 0, 1, 0, 1] as [Int64], test: [2],
      reading: ArrayReading(classNames: ["cat", "dog", "emu"]))
    says(named, "'emu'", "test split")
    // Also in sets that are derived.
    says(try Dataset.builtIn(.digits).taking(Take(train: 5)), "No training sample is of classes")
  }

  @Test func labelsOfADoubtfulKindAreTold() throws {
    let x = (0..<40).map(Double.init)
    says(try arrays(x, [40, 1], x.map { Float(Int($0) % 3) }), "\"kind\": \"classes\"")
    #expect(try arrays(x, [40, 1], x.map { Float(Int($0) % 3) + 0.5 }).warnings == [])
    says(try arrays(x, [40, 1], x.map { Int64($0) }), "\"kind\": \"values\"")
    #expect(try arrays(x, [40, 1], x.map { Int64($0) }, reading: ArrayReading(classes: 40)).warnings == [])
    let classes = try arrays(
      x, [40, 1], x.map { Float(Int($0) % 3) }, reading: ArrayReading(kind: .classes))
    #expect(classes.kind == .classification(classes: 3, names: nil) && classes.warnings == [])
    let values = try arrays(x, [40, 1], x.map { Int64($0) }, reading: ArrayReading(kind: .values))
    #expect(values.kind == .regression(outputs: 1) && values.train.targets?.elements == x)
    #expect(throws: DatasetError.self) {
      try arrays(x, [40, 1], x.map { Float($0) + 0.5 }, reading: ArrayReading(kind: .classes))
    }
    #expect(throws: DatasetError.self) {
      try arrays(x, [40, 1], x.map { Float($0) - 1 }, reading: ArrayReading(kind: .classes))
    }
  }

  /// Whole numbers in a CSV are classes if they are few and each has several rows.
  @Test func wholeTargetsWithManyValuesAreValues() throws {
    func table(_ rows: Int, _ target: (Int) -> Int) -> String {
      "a,y\n" + (0..<rows).map { "\($0 % 7),\(target($0))\n" }.joined()
    }
    let many = try csv(table(400) { $0 % 51 })
    #expect(many.kind == .regression(outputs: 1))
    says(many, "51 different", "\"kind\": \"classes\"")
    #expect(try csv(table(400) { $0 % 50 }).kind == .classification(classes: 50, names: nil))
    #expect(try csv(table(40) { $0 % 20 }).kind == .regression(outputs: 1))
    #expect(try csv(table(6) { $0 * 13 }).kind == .regression(outputs: 1))
    #expect(try csv(table(6) { $0 }).kind == .classification(classes: 6, names: nil))
    let forced = try csv(table(400) { $0 % 51 }) { $0.kind = .classes }
    #expect(forced.kind == .classification(classes: 51, names: nil))
    #expect(
      try csv(table(400) { $0 % 51 }) { $0.classes = 60 }.kind == .classification(classes: 60, names: nil))
  }

  @Test func channelsAtTheEndAreTold() throws {
    let bytes = [UInt8](repeating: 200, count: 2 * 16 * 16 * 3)
    says(
      try arrays(bytes, [2, 16, 16, 3], [0, 1] as [Int64]), "16 channels of 16×3", "transpose(0, 3, 1, 2)")
    #expect(
      !(try arrays(bytes, [2, 3, 16, 16], [0, 1] as [Int64])).warnings.contains { $0.contains("transpose") })
  }

  @Test func valuesThatWereNotScaledAreTold() throws {
    let whole = (0..<64).map { Float($0 * 4) }
    says(try arrays(whole, [4, 1, 4, 4], [0, 1, 0, 1] as [Int64]), "0 to 255", "uint8")
    says(
      try arrays([UInt8](repeating: 1, count: 64), [4, 1, 4, 4], [0, 1, 0, 1] as [Int64]), "divided by 255")
    let raw = "year,b,y\n2001,1,0\n2005,2,1\n2009,1,1\n"
    says(try csv(raw), "1 of 2 features", "standardize")
    #expect(try csv(raw).normalized(.standardize).warnings == [])
    says(try csv("a,y\n1,1510.5\n2,1600.5\n"), "Targets")
  }

  @Test func columnsThatTellNothingAreTold() throws {
    says(try csv("a,b,y\n5,1,0\n5,2,1\n"), "1 of 2 features", "feature 0", "5")
    let frame = ",a,y\n0,3,0\n1,4,1\n2,1,1\n3,2,0\n"
    says(try csv(frame), "index of a data frame", "\"ignore\": [0]")
    #expect(try csv(frame) { $0.ignored = [.index(0)] }.warnings == [])
    #expect(try csv("t,a,y\n0,3,0\n1,4,1\n2,1,1\n3,2,0\n").warnings == [])
  }

  @Test func namesInTwoUnicodeFormsAreTwoClasses() throws {
    let set = try csv("x,y\n1,caf\u{E9}\n2,cafe\u{301}\n3,bar\n4,caf\u{E9}\n")
    guard case .classification(3, let names?) = set.kind else {
      Issue.record("\(set.kind)")
      return
    }
    #expect(
      Set(names.map { ExactText($0) }) == Set(["bar", "caf\u{E9}", "cafe\u{301}"].map { ExactText($0) }))
    #expect(set.train.labels[0] == set.train.labels[3] && set.train.labels[0] != set.train.labels[1])
    says(set, "Unicode form")
    // Columns too are found by their bytes.
    let columns = "caf\u{E9},cafe\u{301},y\n1,2,0\n3,4,1\n"
    #expect(try csv(columns) { $0.ignored = [.name("cafe\u{301}")] }.train.values(at: 0) == [1])
  }

  @Test func whatIsTooLargeForSinglePrecisionIsTold() throws {
    let set = try arrays(
      [1, 2, 3, 1e39] as [Double], [4, 1], [0, 1, 0, 1] as [Int64], test: [0, 1, 0, 1])
    #expect(set.float32Overflow == InputOverflow(split: "train", sample: 3, value: 1e39, isTarget: false))
    says(set, "Sample 3 of the train split", "float64")
    // The value that the network sees counts.
    #expect(try set.normalized(.standardize).float32Overflow == nil)
    let narrow = try arrays([1e30, 2e30] as [Float], [2, 1], [0, 1] as [Int64])
    #expect(narrow.float32Overflow == nil)
    #expect(
      try narrow.normalized(.given(mean: [0], standardDeviation: [1e-20])).float32Overflow
        == InputOverflow(split: "train", sample: 0, value: Double(Float(1e30)), isTarget: false))
    let target = try csv("a,y\n1,0.5\n2,-1e39\n")
    #expect(target.float32Overflow == InputOverflow(split: "train", sample: 1, value: -1e39, isTarget: true))
  }
}
