import Datasets
import Formats
import Testing

@Suite struct NormalizationChoiceTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func csv(_ text: String, _ name: String = "f") throws -> Dataset {
    try folder.write(text, to: "\(name).csv")
    return try Dataset.csv(CSVSource(path: "\(name).csv", test: .none), name: name, in: folder.directory)
  }

  /// PyTorch's ToTensor and Normalize(0.5, 0.5), of bytes from IDX files and of the same bytes as an array.
  @Test func givenNumbersAreOfScaledValues() throws {
    let pixels = (0..<16).map { UInt8($0 * 17) }
    try folder.write(idx(0x803, [4, 2, 2], pixels), to: "m/train-images-idx3-ubyte")
    try folder.write(idx(0x801, [4], [0, 1, 2, 1]), to: "m/train-labels-idx1-ubyte")
    try folder.write(idx(0x803, [1, 2, 2], [0, 0, 255, 255]), to: "m/t10k-images-idx3-ubyte")
    try folder.write(idx(0x801, [1], [2]), to: "m/t10k-labels-idx1-ubyte")
    let half = NormalizationChoice.given(mean: [0.5], standardDeviation: [0.5])
    let file = try DatasetSource(IDXSource(path: "m"), normalization: half)
      .dataset(named: "m", in: folder.directory) { _ in throw DatasetError.parameters([]) }
    let array = try Dataset.arrays(
      name: "a",
      train: SplitArrays(
        inputs: try NPY.encode(pixels, shape: [4, 1, 2, 2]),
        labels: try NPY.encode([UInt8]([0, 1, 2, 1]), shape: [4])), test: nil
    ).normalized(half)
    for set in [file, array] {
      for index in 0..<4 {
        for (value, byte) in zip(set.train.values(at: index), pixels[index * 4..<index * 4 + 4]) {
          #expect(abs(value - (Double(byte) / 255 - 0.5) / 0.5) < 1e-14)
        }
      }
    }
    #expect(file.test.values(at: 0) == [-1, -1, 1, 1])
  }

  @Test func numbersAreGivenForAllChannelsOrForEach() throws {
    let set = try csv("a,b,y\n1,10,0\n3,30,1\n")
    let each = try set.normalized(.given(mean: [1, 10], standardDeviation: [2, 20]))
    #expect(each.train.values(at: 0) == [0, 0] && each.train.values(at: 1) == [1, 1])
    let all = try set.normalized(.given(mean: [1], standardDeviation: [1]))
    #expect(all.train.values(at: 1) == [2, 29])
    #expect(try each.normalized(.none).train.values(at: 1) == [3, 30])
    #expect(try each.normalized(.standardize).train.values(at: 1) == [1, 1])
    #expect(throws: DatasetError.self) {
      try set.normalized(.given(mean: [1, 2, 3], standardDeviation: [1]))
    }
    for deviation in [0, -1, .nan, .infinity, .leastNonzeroMagnitude] {
      #expect(throws: DatasetError.self) {
        try set.normalized(.given(mean: [0], standardDeviation: [deviation]))
      }
    }
  }

  /// Moments of integers plus an offset are those of the integers.
  @Test(arguments: [0, 1e6, 1e9, 1e12, 1e15, -1e15])
  func anOffsetDoesNotChangeTheSpread(_ offset: Double) throws {
    let rows = 200
    let text = (0..<rows).map { "\(Int(offset) + $0 * 7 % rows),\($0 % 2)\n" }.joined()
    let set = try csv("a,y\n" + text).normalized(.standardize)
    // Of 0 … n − 1: (n − 1)/2 and √((n² − 1)/12).
    let deviation = (Double(rows * rows - 1) / 12).squareRoot()
    #expect(abs(set.normalization.standardDeviation[0] - deviation) < 1e-12 * deviation)
    for row in 0..<rows {
      let right = (Double(row * 7 % rows) - Double(rows - 1) / 2) / deviation
      #expect(abs(set.train.values(at: row)[0] - right) < 1e-12)
      #expect(abs(Double(set.train.inputs([row], as: Float.self).elements[0]) - right) < 1e-6)
    }
  }

  /// Values stored as `Float` far from 0 are not shifted by the rounding of their mean.
  @Test func singlePrecisionHasNoShift() throws {
    let values = (0..<64).map { Float(1_000_000) + Float($0) / 8 }
    let set = try Dataset.arrays(
      name: "x",
      train: SplitArrays(
        inputs: try NPY.encode(values, shape: [64, 1]),
        labels: try NPY.encode((0..<64).map { UInt8($0 % 2) }, shape: [64])), test: nil
    ).normalized(.standardize)
    let wide = set.train.inputs(0..<64, as: Double.self).elements
    let narrow = set.train.inputs(0..<64, as: Float.self).elements
    for (a, b) in zip(wide, narrow) { #expect(abs(a - Double(b)) < 1e-6) }
  }

  /// The last bits of equal numbers are no spread.
  @Test func roundingIsNotBlownUp() throws {
    let set = try csv("a,b,y\n0.3,5,0\n0.30000000000000004,5,1\n0.3,5,1\n").normalized(.standardize)
    #expect(set.normalization.standardDeviation == [1, 1])
    #expect(set.train.values(at: 1)[1] == 0)
  }

  @Test func aDerivedSetHasItsBasesNormalizationOrItsOwn() throws {
    let digits = try Dataset.builtIn(.digits)
    let directory = folder.directory
    let taken = DerivedSource(of: "digits", [Take(train: 50)])
    let same = try taken.dataset(named: "d", in: directory) { _ in digits }
    #expect(same.normalization == digits.normalization)
    let source = DatasetSource(taken, normalization: NormalizationChoice.none)
    let own = try source.dataset(named: "d", in: directory) { _ in digits }
    #expect(own.normalization == .none(channels: 1, scale: 1.0 / 16))
    #expect(source.base == "digits")
    // Nothing is done twice: raw values are the same.
    #expect(own.train.storage == same.train.storage)
  }
}
