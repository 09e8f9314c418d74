import Datasets
import Testing

@Suite struct CIFAR10Tests {
  /// A record whose planes are constant.
  static func record(_ label: UInt8, _ red: UInt8, _ green: UInt8, _ blue: UInt8) -> [UInt8] {
    [label] + [red, green, blue].flatMap { [UInt8](repeating: $0, count: 1024) }
  }

  static func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for batch in 1...5 {
      try folder.write(
        record(UInt8(batch), 10, 20, 30) + record(9, 30, 60, 90), to: "c/data_batch_\(batch).bin")
    }
    try folder.write(record(0, 255, 0, 51), to: "c/test_batch.bin")
    return folder
  }

  @Test func interleavesThePlanes() throws {
    var pixels: [UInt8] = []
    var labels: [Int32] = []
    var bytes = Self.record(4, 1, 2, 3)
    bytes[1 + 1024 + 33] = 99
    try CIFAR10.append(bytes, file: "f", pixels: &pixels, labels: &labels)
    #expect(labels == [4])
    #expect(pixels.count == 3072)
    #expect(Array(pixels[..<6]) == [1, 2, 3, 1, 2, 3])
    // Row 1, column 1: the green value that was changed.
    #expect(Array(pixels[33 * 3..<34 * 3]) == [1, 99, 3])
  }

  @Test func readsTheFilesInOrder() throws {
    let folder = try Self.folder()
    let set = try Dataset.cifar10(path: "c", name: "tiny", in: folder.directory)
    #expect(set.train.labels == [1, 9, 2, 9, 3, 9, 4, 9, 5, 9])
    #expect(set.test.labels == [0])
    #expect(set.shape == .init(height: 32, width: 32, channels: 3))
    #expect(set.kind == .classification(classes: 10, names: CIFAR10.classNames))
    for (mean, expected) in zip(set.normalization.mean, [20.0, 40, 60]) {
      #expect(abs(mean - expected / 255) < 1e-15)
    }
    for (deviation, expected) in zip(set.normalization.standardDeviation, [10.0, 20, 30]) {
      #expect(abs(deviation - expected / 255) < 1e-15)
    }
    // Channel, row, column outside: red, green, blue planes of ±1.
    let values = set.train.values(at: 0)
    #expect(values.count == 3072 && values.allSatisfy { abs($0 + 1) < 1e-12 })
    #expect(set.test.picture(at: 0)?.pixels.prefix(3) == [255, 0, 51])
  }

  @Test func takesTheClassNamesOfTheFile() throws {
    let folder = try Self.folder()
    try folder.write("a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n", to: "c/batches.meta.txt")
    let set = try Dataset.cifar10(path: "c", name: "tiny", in: folder.directory)
    #expect(set.kind == .classification(classes: 10, names: "abcdefghij".map(String.init)))
    try folder.write("a\nb\n", to: "c/batches.meta.txt")
    #expect(throws: DatasetError.file("c/batches.meta.txt", .format("names 2 classes, expected 10"))) {
      try Dataset.cifar10(path: "c", name: "tiny", in: folder.directory)
    }
  }

  @Test func refusesMalformedFiles() throws {
    let folder = try Self.folder()
    func expect(_ fault: FileFault, _ bytes: [UInt8]) throws {
      try folder.write(bytes, to: "c/data_batch_3.bin")
      #expect(throws: DatasetError.file("c/data_batch_3.bin", fault)) {
        try Dataset.cifar10(path: "c", name: "x", in: folder.directory)
      }
    }
    try expect(.empty, [])
    try expect(.notMultiple(bytes: 3072, of: 3073), Array(Self.record(1, 0, 0, 0).dropLast()))
    try expect(.notMultiple(bytes: 3074, of: 3073), Self.record(1, 0, 0, 0) + [0])
    try expect(
      .label(index: 1, value: 10, classes: 10), Self.record(1, 0, 0, 0) + Self.record(10, 0, 0, 0))
    try expect(.compressed("xz"), [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00, 1, 2])
  }
}
