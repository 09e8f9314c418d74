import Datasets
import Formats
import Testing

@Suite struct SplitArraysTests {
  static func split(
    _ inputs: [Float] = [1, 2, 3, 4], shape: [Int] = [2, 2], labels: [Int64] = [0, 1]
  ) throws -> SplitArrays {
    SplitArrays(
      inputs: try NPY.encode(inputs, shape: shape), labels: try NPY.encode(labels, shape: [labels.count]))
  }

  func expect(
    _ array: String, _ fault: ArrayFault, train: SplitArrays, test: SplitArrays? = nil, classes: Int? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(throws: DatasetError.array(array, fault), sourceLocation: sourceLocation) {
      try Dataset.arrays(name: "x", train: train, test: test, reading: .init(classes: classes))
    }
  }

  @Test func shapesOfSamples() throws {
    let values = (0..<24).map(Float.init)
    func shape(_ shape: [Int]) throws -> [Int] {
      let labels = (0..<Int64(shape[0])).map { $0 % 2 }
      return try Dataset.arrays(
        name: "x", train: try Self.split(values, shape: shape, labels: labels), test: nil
      ).shape.dimensions
    }
    #expect(try shape([24]) == [1])
    #expect(try shape([4, 6]) == [6])
    #expect(try shape([4, 3, 2]) == [1, 3, 2])
    #expect(try shape([2, 3, 2, 2]) == [3, 2, 2])
  }

  @Test func valuesStayAsTheyAre() throws {
    let set = try Dataset.arrays(
      name: "x", train: try Self.split(), test: try Self.split([5, 6], shape: [1, 2], labels: [4]))
    #expect(set.normalization.isIdentity)
    #expect(set.train.values(at: 1) == [3, 4] && set.test.values(at: 0) == [5, 6])
    #expect(set.kind == .classification(classes: 5, names: nil))
    let given = try Dataset.arrays(name: "x", train: try Self.split(), test: nil, reading: .init(classes: 9))
    #expect(given.kind == .classification(classes: 9, names: nil))
  }

  @Test func integersOfAllWidths() throws {
    let inputs = try NPY.encode([UInt8](arrayLiteral: 0, 255, 7, 1), shape: [2, 2])
    let wide = try NPY.encode([Int32](arrayLiteral: -5, 2_000_000_000, 7, 1), shape: [2, 2])
    let labels = try NPY.encode([Int32](arrayLiteral: 1, 0), shape: [2])
    let bytes = try Dataset.arrays(name: "x", train: .init(inputs: inputs, labels: labels), test: nil)
    // Bytes are scaled to 0…1; sets of earlier versions keep them as they are.
    #expect(bytes.train.values(at: 0) == [0, 1] && bytes.normalization.scale == 1.0 / 255)
    let old = try Dataset.arrays(
      name: "x", train: .init(inputs: inputs, labels: labels), test: nil, reading: .init(scalesBytes: false))
    #expect(old.train.values(at: 0) == [0, 255])
    let ints = try Dataset.arrays(name: "x", train: .init(inputs: wide, labels: labels), test: nil)
    #expect(ints.train.values(at: 0) == [-5, 2_000_000_000])
    #expect(ints.train.labels == [1, 0])
  }

  @Test func arraysThatCannotBeUsed() throws {
    let good = try Self.split()
    expect(
      "train inputs", .format(NPYError.notNPY.description),
      train: .init(inputs: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], labels: good.labels))
    expect(
      "train inputs", .format(NPYError.dataLength(found: 12, expected: 16).description),
      train: .init(inputs: good.inputs.dropLast(4), labels: good.labels))
    expect(
      "train inputs",
      .rank(shape: [], expected: "(n, features), (n, height, width) or (n, channels, height, width)"),
      train: .init(inputs: try NPY.encode([Float(1)], shape: []), labels: good.labels))
    expect(
      "train inputs",
      .rank(
        shape: [1, 1, 1, 1, 1], expected: "(n, features), (n, height, width) or (n, channels, height, width)"),
      train: try Self.split([1], shape: [1, 1, 1, 1, 1], labels: [0]))
    expect("train inputs", .empty(shape: [2, 0]), train: try Self.split([], shape: [2, 0]))
    expect("train inputs", .empty(shape: [0, 1 << 40]), train: try Self.split([], shape: [0, 1 << 40]))
    expect("train labels", .counts(inputs: 2, labels: 3), train: try Self.split(labels: [0, 1, 0]))
    expect(
      "train labels", .label(index: 1, value: -1, classes: 100_000), train: try Self.split(labels: [0, -1]))
    expect(
      "train labels", .label(index: 0, value: .max, classes: 100_000),
      train: try Self.split(labels: [.max, 1]))
    expect(
      "train labels", .label(index: 1, value: 3, classes: 3), train: try Self.split(labels: [0, 3]),
      classes: 3)
    expect("train inputs", .nonFinite(sample: 1), train: try Self.split([1, 2, 3, .nan]))
    expect("train inputs", .nonFinite(sample: 0), train: try Self.split([1, -.infinity, 3, 4]))
    expect(
      "train labels", .rank(shape: [2, 1], expected: "(n,) for classes"),
      train: .init(inputs: good.inputs, labels: try NPY.encode([Int32](arrayLiteral: 0, 1), shape: [2, 1])))
    expect(
      "train labels", .nonFinite(sample: 1),
      train: .init(inputs: good.inputs, labels: try NPY.encode([Double.zero, .infinity], shape: [2])))
  }

  @Test func splitsThatDoNotBelongTogether() throws {
    let good = try Self.split()
    let targets = SplitArrays(inputs: good.inputs, labels: try NPY.encode([Float(0), 1], shape: [2]))
    let wide = SplitArrays(
      inputs: good.inputs, labels: try NPY.encode([Float](repeating: 0, count: 4), shape: [2, 2]))
    expect(
      "test inputs", .sampleShape(found: [1], expected: [2]), train: good,
      test: try Self.split([1, 2], shape: [2, 1]))
    expect(
      "test labels", .kind("are floating-point, and the training labels are integers"), train: good,
      test: targets)
    expect(
      "test labels", .kind("are integers, and the training labels are floating-point"), train: targets,
      test: good)
    expect("test labels", .sampleShape(found: [2], expected: [1]), train: targets, test: wide)
    expect(
      "train labels",
      .kind(
        "are floating-point, so regression targets, and 'classes' is given; say \"kind\": \"classes\" if they are classes"
      ),
      train: targets, classes: 2)
    #expect(throws: DatasetError.parameters([ParameterFault("classes", "must be 2 to 100000, got 1")])) {
      try Dataset.arrays(name: "x", train: good, test: nil, reading: .init(classes: 1))
    }
  }

  @Test func headersAreJudgedBeforeTheData() throws {
    func fault(_ dtype: NPYHeader.DType, _ shape: [Int], _ role: SplitArrays.Role) throws -> ArrayFault? {
      SplitArrays.fault(of: try NPYHeader(dtype: dtype, shape: shape), as: role)
    }
    #expect(try fault(.float32, [60000, 1, 28, 28], .inputs) == nil)
    #expect(try fault(.float32, [1, 1 << 20, 1 << 20], .inputs) == .tooLarge(shape: [1, 1 << 20, 1 << 20]))
    #expect(try fault(.float32, [4, 1_000_000], .labels) == .tooLarge(shape: [4, 1_000_000]))
    #expect(try fault(.int64, [4], .labels) == nil)
  }

  @Test func foldersOfFiles() throws {
    let folder = try TemporaryFolder()
    let good = try Self.split()
    try folder.write(good.inputs, to: "n/train_inputs.npy")
    try folder.write(good.labels, to: "n/train_labels.npy")
    let set = try Dataset.npy(NPYSource(path: "n"), name: "n", in: folder.directory)
    #expect(set.train.values(at: 0) == [1, 2] && set.test.count == 0)
    try folder.write(good.inputs, to: "n/test_inputs.npy")
    #expect(throws: DatasetError.file("n/test_labels.npy", .missing)) {
      try Dataset.npy(NPYSource(path: "n"), name: "n", in: folder.directory)
    }
    try folder.write(try NPY.encode([Int64](arrayLiteral: 0, -7), shape: [2]), to: "n/test_labels.npy")
    #expect(
      throws: DatasetError.file("n/test_labels.npy", .format("label 1 is -7, expected 0 to 99999"))
    ) { try Dataset.npy(NPYSource(path: "n"), name: "n", in: folder.directory) }
    try folder.write(good.labels, to: "n/test_labels.npy")
    #expect(try Dataset.npy(NPYSource(path: "n"), name: "n", in: folder.directory).test.count == 2)
  }

  @Test func floatingPointPicturesAreShownFromTheirSmallestToTheirLargest() throws {
    let set = try Dataset.arrays(
      name: "x", train: try Self.split([-1, 0, 1, 3, 5, 5, 5, 5], shape: [2, 2, 2]), test: nil)
    #expect(set.train.picture(at: 0)?.pixels == [0, 64, 128, 255])
    #expect(set.train.picture(at: 1)?.pixels == [0, 0, 0, 0])
    let two = try Dataset.arrays(
      name: "x", train: try Self.split([1, 2, 3, 4, 5, 6, 7, 8], shape: [2, 2, 1, 2]), test: nil)
    #expect(two.train.picture(at: 0) == nil)
  }

  /// Files follow the rules of uploads. A body that is no array is named, types without loss are read, and
  /// the advice for labels gives valid labels.
  @Test func filesOfOtherKindsAndTypesAreNamedOrRead() throws {
    func file(_ descr: String, _ shape: String, _ data: [UInt8]) -> [UInt8] {
      let text = "{'descr': '\(descr)', 'fortran_order': False, 'shape': \(shape), }\n"
      return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.utf8.count), 0] + Array(text.utf8) + data
    }
    let inputs = file(">i2", "(2, 1)", [0xff, 0xfe, 0, 7])
    let set = try Dataset.arrays(
      name: "x", train: .init(inputs: inputs, labels: file("|b1", "(2,)", [1, 0])), test: nil)
    #expect(set.train.values(at: 0) == [-2] && set.train.values(at: 1) == [7])
    #expect(set.train.labels == [1, 0])
    expect(
      "train inputs", .format(NPYError.foreign(.gzip).description),
      train: .init(inputs: [0x1f, 0x8b, 8, 0, 0, 0], labels: inputs))
    let text = file("<U1", "(2,)", [UInt8](repeating: 0, count: 8))
    expect(
      "train labels", .format(NPYError.unsupportedDType("<U1").description(for: .labels)),
      train: .init(inputs: inputs, labels: text))
  }
}
