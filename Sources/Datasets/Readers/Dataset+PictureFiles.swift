import Tensor

/// A set of grey pictures in IDX files, the form in which MNIST is published (unpacked).
public struct IDXSource: DatasetRecipe {
  /// A folder of the data directory.
  public var path: String
  /// File names in that folder; nil for the published names.
  public var trainInputs: String?
  public var trainLabels: String?
  public var testInputs: String?
  public var testLabels: String?
  /// The number of classes; nil takes the largest label plus one, or the number of names.
  public var classes: Int?
  /// In the order of the labels.
  public var classNames: [String]?

  public init(
    path: String, trainInputs: String? = nil, trainLabels: String? = nil, testInputs: String? = nil,
    testLabels: String? = nil, classes: Int? = nil, classNames: [String]? = nil
  ) {
    self.path = path
    self.trainInputs = trainInputs
    self.trainLabels = trainLabels
    self.testInputs = testInputs
    self.testLabels = testLabels
    self.classes = classes
    self.classNames = classNames
  }

  /// Labels are bytes.
  public static let classCounts = 2...256

  public func dataset(
    named name: String, in directory: DataDirectory, base: (String) throws -> Dataset
  ) throws -> Dataset { try Dataset.idx(self, name: name, in: directory) }

  /// All faults of these parameters that do not depend on the files.
  public var faults: [ParameterFault] {
    var faults: [ParameterFault] = []
    if path.isEmpty { faults.append(ParameterFault("path", "must not be empty")) }
    if let classes { faults += ParameterFault.outside("classes", classes, in: Self.classCounts) }
    if let classNames { faults += classNameFaults(classNames, classes: classes) }
    return faults
  }
}

extension Dataset {
  /// Reads pictures and labels from IDX files. Values are scaled to 0…1 and standardised by the training
  /// split.
  ///
  /// - Throws: `DatasetError`.
  public static func idx(
    _ source: IDXSource, name: String, in directory: DataDirectory
  ) throws(DatasetError) -> Dataset {
    if !source.faults.isEmpty { throw .parameters(source.faults) }
    let count = source.classes ?? source.classNames?.count
    func part(_ inputs: String, _ labels: String) throws(DatasetError) -> (IDX.Pictures, [Int32], String) {
      let inputs = source.path + "/" + inputs
      let labels = source.path + "/" + labels
      let pictures = try IDX.pictures(try directory.read(inputs), file: inputs)
      let classes = try IDX.labels(try directory.read(labels), file: labels)
      guard pictures.count == classes.count else {
        throw .file(labels, .counts(inputs: pictures.count, labels: classes.count))
      }
      if let limit = count, let index = classes.firstIndex(where: { $0 >= limit }) {
        throw .file(labels, .label(index: index, value: Int(classes[index]), classes: limit))
      }
      return (pictures, classes, inputs)
    }
    /// Some archives unpack with a dot in place of the second hyphen. They are about as common as the
    /// published names.
    func published(_ stem: String, _ type: String) -> String {
      directory.present(["\(stem)-\(type)", "\(stem).\(type)"], in: source.path)
    }
    let (train, trainLabels, trainFile) = try part(
      source.trainInputs ?? published("train-images", "idx3-ubyte"),
      source.trainLabels ?? published("train-labels", "idx1-ubyte"))
    let (test, testLabels, testFile) = try part(
      source.testInputs ?? published("t10k-images", "idx3-ubyte"),
      source.testLabels ?? published("t10k-labels", "idx1-ubyte"))
    let shape = Shape(height: train.height, width: train.width, channels: 1)
    guard isReasonable(shape) else {
      throw .file(trainFile, .sizeOverflow(dimensions: [train.height, train.width]))
    }
    guard test.height == train.height, test.width == train.width else {
      throw .file(
        testFile, .shape(found: [test.height, test.width], expected: [train.height, train.width]))
    }
    let largest = Int(max(trainLabels.max() ?? 0, testLabels.max() ?? 0))
    return Dataset(
      name: name, shape: shape,
      kind: .classification(classes: count ?? max(2, largest + 1), names: source.classNames),
      train: Part(storage: .bytes(train.pixels, maximum: 255), labels: trainLabels),
      test: Part(storage: .bytes(test.pixels, maximum: 255), labels: testLabels), scale: 1.0 / 255,
      standardized: true, source: "Read from the IDX files in \(source.path).")
  }

  /// Reads CIFAR-10 in its binary version from a folder of the data directory. Values are scaled to 0…1, and
  /// each channel is standardised by the training split.
  ///
  /// - Throws: `DatasetError`.
  public static func cifar10(
    path: String, name: String, in directory: DataDirectory
  ) throws(DatasetError) -> Dataset {
    if path.isEmpty { throw .parameters([ParameterFault("path", "must not be empty")]) }
    var train: (pixels: [UInt8], labels: [Int32]) = ([], [])
    for file in CIFAR10.trainFiles {
      let file = path + "/" + file
      let bytes = try directory.read(file)
      if train.pixels.isEmpty { train.pixels.reserveCapacity(bytes.count * CIFAR10.trainFiles.count) }
      try CIFAR10.append(bytes, file: file, pixels: &train.pixels, labels: &train.labels)
    }
    var test: (pixels: [UInt8], labels: [Int32]) = ([], [])
    let testFile = path + "/" + CIFAR10.testFile
    try CIFAR10.append(
      try directory.read(testFile), file: testFile, pixels: &test.pixels, labels: &test.labels)
    var names = CIFAR10.classNames
    let namesFile = path + "/" + CIFAR10.namesFile
    if directory.contains(namesFile) {
      names = try CIFAR10.names(try directory.read(namesFile), file: namesFile)
    }
    return Dataset(
      name: name, shape: Shape(height: 32, width: 32, channels: 3),
      kind: .classification(classes: names.count, names: names),
      train: Part(storage: .bytes(train.pixels, maximum: 255), labels: train.labels),
      test: Part(storage: .bytes(test.pixels, maximum: 255), labels: test.labels), scale: 1.0 / 255,
      standardized: true, source: "Read from the CIFAR-10 binary files in \(path).")
  }
}
