import Datasets
import Testing

/// The bytes of an IDX file: magic number, dimensions, elements.
func idx(_ magic: UInt32, _ dimensions: [UInt32], _ elements: [UInt8]) -> [UInt8] {
  ([magic] + dimensions).flatMap { word in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> $0) } }
    + elements
}

@Suite struct IDXTests {
  @Test func readsPicturesAndLabels() throws {
    let pictures = try IDX.pictures(idx(0x803, [2, 1, 3], [1, 2, 3, 4, 5, 6]), file: "images")
    #expect(pictures.count == 2 && pictures.height == 1 && pictures.width == 3)
    #expect(pictures.pixels == [1, 2, 3, 4, 5, 6])
    #expect(try IDX.labels(idx(0x801, [3], [7, 0, 255]), file: "labels") == [7, 0, 255])
  }

  @Test(arguments: [
    ([], FileFault.truncatedHeader(bytes: 0, needs: 16)),
    ([0, 0, 8, 3, 0, 0], .truncatedHeader(bytes: 6, needs: 16)),
    (idx(0x801, [2, 1, 1], [0, 0]), .magic(found: 0x801, expected: 0x803)),
    (idx(0xD03, [1, 1, 1], [0]), .magic(found: 0xD03, expected: 0x803)),
    (idx(0x803, [0, 28, 28], []), .emptyDimension(name: "pictures")),
    (idx(0x803, [1, 0, 28], []), .emptyDimension(name: "rows")),
    (idx(0x803, [1, 28, 0], []), .emptyDimension(name: "columns")),
    (
      idx(0x803, [2, 2, 2], [1, 2, 3, 4, 5, 6, 7]),
      .size(bytes: 23, expected: 24, because: "its header says 2 pictures, 2 rows, 2 columns")
    ),
    (
      idx(0x803, [1, 1, 1], [1, 2]),
      .size(bytes: 18, expected: 17, because: "its header says 1 pictures, 1 rows, 1 columns")
    ),
    (
      idx(0x803, [.max, .max, .max], [1]),
      .sizeOverflow(dimensions: [0xFFFF_FFFF, 0xFFFF_FFFF, 0xFFFF_FFFF])
    ),
    (
      idx(0x803, [0xFFFF_FFFF, 28, 28], [1]),
      .size(
        bytes: 17, expected: 16 + 0xFFFF_FFFF * 784,
        because: "its header says 4294967295 pictures, 28 rows, 28 columns")
    ),
    ([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], .compressed("gzip")),
  ])
  func refusesPictures(bytes: [UInt8], fault: FileFault) {
    #expect(throws: DatasetError.file("images", fault)) { try IDX.pictures(bytes, file: "images") }
  }

  @Test func refusesLabelsOfAnotherLength() {
    #expect(
      throws: DatasetError.file("labels", .size(bytes: 10, expected: 11, because: "its header says 3 labels"))
    ) { try IDX.labels(idx(0x801, [3], [1, 2]), file: "labels") }
  }

  @Test func errorsReadAsSentences() {
    #expect(throws: DatasetError.self) { try IDX.labels([1], file: "a/labels") }
    #expect(
      DatasetError.file("a/labels", .magic(found: 2051, expected: 2049)).description
        == "a/labels: begins with the number 2051, expected 2049")
  }
}

@Suite struct IDXSetTests {
  let folder: TemporaryFolder

  /// Four training pictures of 2×2 and one for testing.
  init() throws {
    folder = try TemporaryFolder()
    try folder.write(idx(0x803, [4, 2, 2], (0..<16).map { UInt8($0 * 17) }), to: "m/train-images-idx3-ubyte")
    try folder.write(idx(0x801, [4], [0, 1, 2, 1]), to: "m/train-labels-idx1-ubyte")
    try folder.write(idx(0x803, [1, 2, 2], [0, 0, 255, 255]), to: "m/t10k-images-idx3-ubyte")
    try folder.write(idx(0x801, [1], [2]), to: "m/t10k-labels-idx1-ubyte")
  }

  @Test func standardizesByTheTrainingSplit() throws {
    let set = try Dataset.idx(IDXSource(path: "m"), name: "tiny", in: folder.directory)
    #expect(set.kind == .classification(classes: 3, names: nil))
    #expect(set.shape == .init(height: 2, width: 2, channels: 1))
    #expect(set.train.labels == [0, 1, 2, 1] && set.test.labels == [2])
    // 0, 1, …, 15 fifteenths: mean 1/2, variance (16² − 1)/12 fifteenths squared.
    let deviation = (255.0 / 12).squareRoot() / 15
    #expect(abs(set.normalization.mean[0] - 0.5) < 1e-15)
    #expect(abs(set.normalization.standardDeviation[0] - deviation) < 1e-15)
    #expect(set.statistics.train.inputs.mean == set.normalization.mean)
    #expect(set.statistics.test.inputs.mean == [0.5])
    #expect(set.statistics.train.classCounts == [1, 2, 1])
    let values = set.test.values(at: 0)
    for (value, byte) in zip(values, [0.0, 0, 1, 1]) {
      #expect(abs(value - (byte - 0.5) / deviation) < 1e-14)
    }
  }

  @Test func aConstantTrainingSplitIsOnlyCentred() throws {
    try folder.write(
      idx(0x803, [4, 2, 2], Array(repeating: 51, count: 16)), to: "m/train-images-idx3-ubyte")
    let set = try Dataset.idx(IDXSource(path: "m"), name: "flat", in: folder.directory)
    #expect(set.normalization.standardDeviation == [1])
    #expect(set.train.values(at: 0).allSatisfy { abs($0) < 1e-15 })
  }

  /// Some archives unpack with a dot in the names.
  @Test func dottedNamesAreFound() throws {
    for (stem, type) in [
      ("train-images", "idx3-ubyte"), ("train-labels", "idx1-ubyte"), ("t10k-images", "idx3-ubyte"),
      ("t10k-labels", "idx1-ubyte"),
    ] {
      let bytes = try folder.directory.read("m/\(stem)-\(type)")
      try folder.write(bytes, to: "d/\(stem).\(type)")
    }
    let dotted = try Dataset.idx(IDXSource(path: "d"), name: "d", in: folder.directory)
    #expect(
      try dotted.sha256 == Dataset.idx(IDXSource(path: "m"), name: "m", in: folder.directory).sha256)
  }

  /// As they are downloaded: the answer names the packed file, and the command that unpacks it.
  @Test func packedFilesAreSpokenOf() throws {
    try folder.write([0x1F, 0x8B, 8], to: "p/train-images-idx3-ubyte.gz")
    let error = DatasetError.file(
      "p/train-images-idx3-ubyte", .packed(beside: "p/train-images-idx3-ubyte.gz"))
    #expect(throws: error) { try Dataset.idx(IDXSource(path: "p"), name: "x", in: folder.directory) }
    #expect(error.description.contains("gunzip --keep p/train-images-idx3-ubyte.gz"))
    try folder.write([0x1F, 0x8B, 8], to: "q/train-images.idx3-ubyte.gz")
    #expect(
      throws: DatasetError.file(
        "q/train-images.idx3-ubyte", .packed(beside: "q/train-images.idx3-ubyte.gz"))
    ) { try Dataset.idx(IDXSource(path: "q"), name: "x", in: folder.directory) }
    // Every format says so.
    try folder.write([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], to: "c/data_batch_1.bin.xz")
    #expect(throws: DatasetError.file("c/data_batch_1.bin", .packed(beside: "c/data_batch_1.bin.xz"))) {
      try Dataset.cifar10(path: "c", name: "x", in: folder.directory)
    }
    try folder.write([0x1F, 0x8B, 8], to: "f.csv.gz")
    #expect(throws: DatasetError.file("f.csv", .packed(beside: "f.csv.gz"))) {
      try Dataset.csv(CSVSource(path: "f.csv"), name: "x", in: folder.directory)
    }
  }

  @Test func classesHaveTheNamesThatAreGiven() throws {
    let named = IDXSource(path: "m", classNames: ["shirt", "shoe", "bag"])
    let set = try Dataset.idx(named, name: "tiny", in: folder.directory)
    #expect(set.kind == .classification(classes: 3, names: ["shirt", "shoe", "bag"]))
    for names in [["a", "b"], ["a", "b", "a"], ["a", "b", ""]] {
      #expect(throws: DatasetError.self) {
        try Dataset.idx(IDXSource(path: "m", classNames: names), name: "x", in: folder.directory)
      }
    }
  }

  @Test func refusesFilesThatDoNotBelongTogether() throws {
    try folder.write(idx(0x801, [2], [0, 1]), to: "m/two")
    try folder.write(idx(0x803, [1, 1, 4], [0, 0, 0, 0]), to: "m/flat")
    #expect(throws: DatasetError.file("m/two", .counts(inputs: 4, labels: 2))) {
      try Dataset.idx(IDXSource(path: "m", trainLabels: "two"), name: "x", in: folder.directory)
    }
    #expect(throws: DatasetError.file("m/flat", .shape(found: [1, 4], expected: [2, 2]))) {
      try Dataset.idx(IDXSource(path: "m", testInputs: "flat"), name: "x", in: folder.directory)
    }
    #expect(
      throws: DatasetError.file("m/train-labels-idx1-ubyte", .label(index: 2, value: 2, classes: 2))
    ) { try Dataset.idx(IDXSource(path: "m", classes: 2), name: "x", in: folder.directory) }
    #expect(throws: DatasetError.file("n/train-images-idx3-ubyte", .missing)) {
      try Dataset.idx(IDXSource(path: "n"), name: "x", in: folder.directory)
    }
    #expect(throws: DatasetError.parameters([ParameterFault("classes", "must be 2 to 256, got 1")])) {
      try Dataset.idx(IDXSource(path: "m", classes: 1), name: "x", in: folder.directory)
    }
  }
}
