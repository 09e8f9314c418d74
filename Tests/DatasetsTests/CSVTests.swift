import Datasets
import Formats
import Testing

@Suite struct CSVTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  func read(_ text: String, _ change: (inout CSVSource) -> Void = { _ in }) throws -> Dataset {
    try folder.write(text, to: "f.csv")
    var source = CSVSource(path: "f.csv", test: .none)
    change(&source)
    return try Dataset.csv(source, name: "csv", in: folder.directory)
  }

  func expect(
    _ error: DatasetError, _ text: String, _ change: (inout CSVSource) -> Void = { _ in },
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(throws: error, sourceLocation: sourceLocation) { try read(text, change) }
  }

  @Test func integerTargetsAreClasses() throws {
    let set = try read("a,b,y\n1,-2.5,0\n3e2,.5,2\n")
    #expect(set.kind == .classification(classes: 3, names: nil))
    #expect(set.shape == .init(features: 2))
    #expect(set.train.labels == [0, 2])
    #expect(set.train.values(at: 0) == [1, -2.5] && set.train.values(at: 1) == [300, 0.5])
    #expect(set.test.count == 0)
    #expect(set.normalization.isIdentity)
  }

  @Test func textTargetsAreClassesInTheirOrder() throws {
    let set = try read("y,a\nplum,1\napple,2\nplum,3\n") { $0.targets = [.name("y")] }
    #expect(set.kind == .classification(classes: 2, names: ["apple", "plum"]))
    #expect(set.train.labels == [1, 0, 1])
  }

  @Test func otherNumbersAreRegressionTargets() throws {
    let set = try read("a,y\n1,0.5\n2,-1\n")
    #expect(set.kind == .regression(outputs: 1))
    #expect(set.train.targets?.elements == [0.5, -1])
    let forced = try read("a,y\n1,0\n2,1\n") { $0.kind = .values }
    #expect(forced.kind == .regression(outputs: 1))
    let several = try read("a,y,z\n1,0,3\n2,1,4\n") { $0.targets = [.name("z"), .name("y")] }
    #expect(several.kind == .regression(outputs: 2))
    #expect(several.train.targets?.elements == [3, 0, 4, 1])
  }

  @Test func columnsByNumberWithoutHeader() throws {
    let set = try read("7,1,x,2\n8,0,y,3\n") {
      $0.hasHeader = false
      $0.targets = [.index(1)]
      $0.ignored = [.index(-2)]
    }
    #expect(set.train.labels == [1, 0])
    #expect(set.train.values(at: 1) == [8, 3])
  }

  @Test(arguments: [
    "a,\"the, target\",b\r\n1,\"say \"\"hi\"\"\",2\r\n3,no,4\r\n",
    "a,\"the, target\",b\n1,\"say \"\"hi\"\"\",2\n\n3,no,4",
    "\u{FEFF}a,\"the, target\",b\r1,\"say \"\"hi\"\"\",2\r3, no ,4",
  ])
  func quotesAndLineEnds(text: String) throws {
    let set = try read(text) { $0.targets = [.name("the, target")] }
    #expect(set.kind == .classification(classes: 2, names: ["no", "say \"hi\""]))
    #expect(set.train.labels == [1, 0])
    #expect(set.train.values(at: 1) == [3, 4])
  }

  @Test func semicolonsAndTabs() throws {
    #expect(try read("a;y\n1.5;1\n2;0\n") { $0.delimiter = ";" }.train.labels == [1, 0])
    #expect(try read("a\ty\n1.5\t1\n2\t0\n") { $0.delimiter = "\t" }.train.labels == [1, 0])
  }

  @Test func numbersAreRoundedCorrectly() throws {
    let texts = [
      "0.1", "5.1", "123456789012345", "0.000000000000001", "12345678901234567890.123", "1e-320", "-0.3",
    ]
    let set = try read("a,y\n" + texts.map { "\($0),1\n" }.joined()) { $0.classes = 2 }
    #expect((0..<texts.count).map { set.train.values(at: $0)[0] } == texts.map { Double($0) ?? .nan })
  }

  @Test func badCellsAreNamedByRowAndColumn() {
    for bad in ["x", "", "nan", "inf", "0x10", "1e999", "1,5", "--1", "."] where bad != "1,5" {
      expect(
        .file("f.csv", .columns([ColumnFault(column: "b", row: 3, value: bad, count: 1, rows: 2)])),
        "a,b,y\n1,2,0\n1,\(bad),1\n")
    }
    expect(.file("f.csv", .row(3, "has 4 cells, expected 3")), "a,b,y\n1,2,0\n1,1,5,1\n")
    expect(.file("f.csv", .row(2, "has 1 cells, expected 2")), "a,y\n1\n")
    expect(
      .file("f.csv", .row(2, "a quote inside a field; expected the whole field in quotes")), "a,y\n1, \"b\"\n"
    )
    expect(.file("f.csv", .row(2, "a quote that is never closed")), "a,y\n\"1,2\n3,4\n")
    expect(
      .file("f.csv", .row(2, "text behind a closing quote; expected the delimiter or the line's end")),
      "a,y\n\"1\"2,2\n")
    expect(.file("f.csv", .cell(row: 2, column: "y", value: "", expected: "a target")), "a,y\n1,\n")
    expect(
      .file("f.csv", .cell(row: 3, column: "y", value: "z", expected: "a finite decimal number")),
      "a,y\n1,2\n1,z\n")
    expect(
      .file(
        "f.csv",
        .cell(
          row: 2, column: "y", value: "4000000000",
          expected: "a class below 100000; say that the target's kind is values")), "a,y\n1,4000000000\n1,2\n"
    ) { $0.kind = .classes }
    expect(
      .file("f.csv", .cell(row: 3, column: "y", value: "2", expected: "one of 2 classes (0 to 1)")),
      "a,y\n1,0\n1,2\n"
    ) { $0.classes = 2 }
  }

  /// Every column in the way is named at once, with advice.
  @Test func everyColumnThatIsNoNumberIsNamed() throws {
    let text = "age,city,vip,y\n31,Oslo,True,a\n,Rome,False,b\n29,Bonn,TRUE,a\n"
    let error = DatasetError.file(
      "f.csv",
      .columns([
        ColumnFault(column: "age", row: 3, value: "", count: 1, rows: 3),
        ColumnFault(column: "city", row: 2, value: "Oslo", count: 3, rows: 3),
      ]))
    expect(error, text)
    #expect(error.description.contains("dropna") && error.description.contains("get_dummies"))
    let rest = try read(text) { $0.ignored = [.name("age"), .name("city")] }
    #expect((0..<3).map { rest.train.values(at: $0) } == [[1], [0], [1]])
    // As targets they are names.
    #expect(
      try read("a,y\n1,True\n2,False\n").kind == .classification(classes: 2, names: ["False", "True"]))
    let other = DatasetError.file(
      "f.csv",
      .format(
        "has no input column besides the target and the ignored ones; its first row has \";\" between the names: give \"delimiter\": \";\""
      ))
    expect(other, "a;y\n1;0\n")
  }

  /// Latin-1 would merge Zoë and Zoè.
  @Test func textThatIsNotUTF8IsRefused() throws {
    let latin = Array("x,y\n1,Zo".utf8) + [0xEB] + Array("\n2,Zo".utf8) + [0xE8, 0x0A]
    try folder.write(latin, to: "l.csv")
    #expect(
      throws: DatasetError.file("l.csv", .encoding(.invalid(byte: 0xEB, offset: 8, line: 2, column: 5)))
    ) { try Dataset.csv(CSVSource(path: "l.csv", test: .none), name: "l", in: folder.directory) }
    let wide = "x,y\n1,a\n2,b\n".utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
    try folder.write([0xFF, 0xFE] + wide, to: "w.csv")
    #expect(throws: DatasetError.file("w.csv", .encoding(.otherEncoding(name: "UTF-16")))) {
      try Dataset.csv(CSVSource(path: "w.csv", test: .none), name: "w", in: folder.directory)
    }
    // In a second file too.
    try folder.write("x,y\n1,a\n2,b\n", to: "f.csv")
    #expect(throws: DatasetError.self) {
      try Dataset.csv(CSVSource(path: "f.csv", test: .file("l.csv")), name: "l", in: folder.directory)
    }
    #expect(throws: DatasetError.self) { try CIFAR10.names(latin, file: "names") }
  }

  @Test func filesWithoutData() {
    for text in ["", "\n\n", "a,y\n", "a,y"] { expect(.file("f.csv", .empty), text) }
    expect(
      .file("f.csv", .format("has no input column besides the target and the ignored ones")), "y\n1\n0\n")
    expect(
      .file("f.csv", .format("has only one class in its target column; expected at least two")), "a,y\n1,0\n")
  }

  @Test func columnsThatAreNotThere() {
    expect(.file("f.csv", .column("z", available: ["a", "y"])), "a,y\n1,0\n1,1\n") {
      $0.targets = [.name("z")]
    }
    expect(.file("f.csv", .column("2", available: ["0", "1"])), "a,y\n1,0\n") { $0.targets = [.index(2)] }
    expect(.file("f.csv", .column("-3", available: ["0", "1"])), "a,y\n1,0\n") { $0.targets = [.index(-3)] }
    expect(
      .file("f.csv", .format("has 2 columns named 'a'; give its number")), "a,a,y\n1,1,0\n"
    ) {
      $0.ignored = [.name("a")]
    }
  }

  @Test func allParameterFaultsAtOnce() throws {
    let source = CSVSource(
      path: "", hasHeader: false, delimiter: "\"", targets: [.name("y")], test: .fraction(1, seed: 0),
      classes: 1, pictureShape: .init(height: 0, width: 1, channels: 1))
    let parameters = source.faults.map(\.parameter)
    #expect(parameters == ["path", "delimiter", "header", "test_fraction", "classes", "shape"])
    #expect(throws: DatasetError.parameters(source.faults)) {
      try Dataset.csv(source, name: "x", in: folder.directory)
    }
  }

  @Test func aFractionIsDrawnStratifiedAndFixedBySeed() throws {
    let text = "a,y\n" + (0..<100).map { "\($0),\($0 < 80 ? 0 : 1)\n" }.joined()
    let set = try read(text) { $0.test = .fraction(0.25, seed: 3) }
    #expect(set.statistics.train.classCounts == [60, 15])
    #expect(set.statistics.test.classCounts == [20, 5])
    let all = (0..<75).map { set.train.values(at: $0)[0] } + (0..<25).map { set.test.values(at: $0)[0] }
    #expect(all.sorted() == (0..<100).map(Double.init))
    #expect(try read(text) { $0.test = .fraction(0.25, seed: 3) }.sha256 == set.sha256)
    #expect(try read(text) { $0.test = .fraction(0.25, seed: 4) }.sha256 != set.sha256)
  }

  @Test func aFractionThatLeavesASplitEmptyIsRefused() {
    #expect(throws: DatasetError.self) { try read("a,y\n1,0\n2,1\n") { $0.test = .fraction(0.1, seed: 0) } }
  }

  @Test func aSecondFileIsTheTestSplit() throws {
    try folder.write("a,y\n5,plum\n", to: "t.csv")
    let set = try read("a,y\n1,apple\n2,plum\n") { $0.test = .file("t.csv") }
    #expect(set.train.labels == [0, 1] && set.test.labels == [1])
    try folder.write("a,y\n5,pear\n", to: "t.csv")
    #expect(
      throws: DatasetError.file(
        "t.csv", .cell(row: 2, column: "y", value: "pear", expected: "a class of the training split"))
    ) { try read("a,y\n1,apple\n2,plum\n") { $0.test = .file("t.csv") } }
    try folder.write("a,b,y\n5,6,plum\n", to: "t.csv")
    #expect(throws: DatasetError.file("t.csv", .shape(found: [2], expected: [1]))) {
      try read("a,y\n1,apple\n2,plum\n") { $0.test = .file("t.csv") }
    }
    #expect(throws: DatasetError.path("../t.csv", .parentReference)) {
      try read("a,y\n1,apple\n2,plum\n") { $0.test = .file("../t.csv") }
    }
  }

  @Test func columnsAsAPicture() throws {
    // Two channels of 1×2: columns are channel 0, then channel 1.
    let set = try read("r0,r1,g0,g1,y\n1,2,3,4,0\n5,6,7,8,1\n") {
      $0.pictureShape = .init(height: 1, width: 2, channels: 2)
    }
    #expect(set.train.inputs(0..<1, as: Double.self).elements == [1, 3, 2, 4])
    #expect(set.train.values(at: 1) == [5, 6, 7, 8])
    expect(
      .parameters([ParameterFault("shape", "has 9 values, and the file has 4 input columns")]),
      "r0,r1,g0,g1,y\n1,2,3,4,0\n"
    ) { $0.pictureShape = .init(height: 3, width: 3, channels: 1) }
  }

  @Test func standardizedOnRequest() throws {
    let set = try read("a,b,y\n1,1e9,0\n3,1e9,1\n").normalized(.standardize)
    #expect(set.train.values(at: 0) == [-1, 0] && set.train.values(at: 1) == [1, 0])
    #expect(set.normalization.mean == [2, 1e9])
  }

  @Test func extremeNumbersHaveFiniteMoments() throws {
    let set = try read("a,b,c,y\n1e308,0.1,-1e308,0\n1e308,0.1,1e308,1\n1e308,0.1,1e308,1\n")
      .normalized(.standardize)
    #expect(set.normalization.mean.allSatisfy { $0.isFinite })
    #expect(set.normalization.standardDeviation.allSatisfy { $0.isFinite })
    // Constant columns are centred and not blown up.
    #expect(set.normalization.standardDeviation.prefix(2) == [1, 1])
    #expect(abs(set.train.values(at: 0)[1]) < 1e-15)
  }

  @Test func filesAboveTheLimitAreRefused() throws {
    try folder.write("a,y\n1,0\n2,1\n", to: "f.csv")
    #expect(throws: DatasetError.file("f.csv", .tooLarge(bytes: 12, limit: 8))) {
      try Dataset.csv(
        CSVSource(path: "f.csv"), name: "x", in: DataDirectory(folder.path, maximumFileBytes: 64))
    }
  }
}
