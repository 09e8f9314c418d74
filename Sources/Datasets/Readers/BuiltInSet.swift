import Tensor

/// The sets that are embedded in the program. Their origins and licences are in `CResources/ORIGINS.md`.
public enum BuiltInSet: String, Sendable, CaseIterable {
  /// 150 irises, 4 measurements in centimetres, 3 species.
  case iris
  /// 1,797 handwritten digits of 8×8 pixels.
  case digits

  /// The samples of the test split.
  public enum TestSplit: String, Sendable, CaseIterable {
    /// The fifth, tenth, fifteenth… sample of each class, in the order of the file.
    case everyFifth = "every_fifth"
    /// None: all samples are for training.
    case none
  }
}

/// One of the built-in sets, split for training and test.
public struct BuiltInSource: DatasetRecipe {
  public var set: BuiltInSet
  public var test: BuiltInSet.TestSplit

  public init(_ set: BuiltInSet, test: BuiltInSet.TestSplit = .everyFifth) {
    self.set = set
    self.test = test
  }

  public func dataset(
    named name: String, in directory: DataDirectory, base: (String) throws -> Dataset
  ) throws -> Dataset { try Dataset.builtIn(set, name: name, test: test) }
}

extension Dataset {
  /// One of the built-in sets.
  ///
  /// `iris`: vectors of 4 features, each standardised by the training split; 120 training and 30 test
  /// samples. `digits`: pictures of 1×8×8, bytes 0…16 scaled to 0…1 and standardised by the training split;
  /// 1,442 training and 355 test samples.
  ///
  /// - Throws: never for the files the program was built with.
  public static func builtIn(
    _ set: BuiltInSet, name: String? = nil, test: BuiltInSet.TestSplit = .everyFifth
  ) throws(DatasetError) -> Dataset {
    let split =
      test == .everyFifth
      ? "Test split: every fifth sample of each class." : "No test split: all samples are for training."
    switch set {
    case .iris:
      let source = CSVSource(
        path: "iris.csv", targets: [.name("target")], ignored: [.name("species")], test: .none)
      let table = try CSVTable(BuiltInFiles.iris, file: source.path, source: source)
      let whole = Part(storage: .float64(table.inputs), labels: try table.classes(below: 3))
      let shape = Shape(features: table.inputCount)
      let (train, held) = whole.holdingOut(test, classes: 3, size: shape.count)
      return Dataset(
        name: name ?? set.rawValue, shape: shape,
        kind: .classification(classes: 3, names: ["setosa", "versicolor", "virginica"]), train: train,
        test: held, scale: 1, standardized: true,
        source: "Iris plants, R. A. Fisher, The use of multiple measurements in taxonomic problems, 1936;"
          + " as shipped with scikit-learn 1.9.1 (BSD-3-Clause). \(split)")
    case .digits:
      let source = CSVSource(path: "digits.csv", targets: [.name("target")], test: .none)
      let table = try CSVTable(BuiltInFiles.digits, file: source.path, source: source)
      let shape = Shape(height: 8, width: 8, channels: 1)
      var bytes: [UInt8] = []
      bytes.reserveCapacity(table.inputs.count)
      for value in table.inputs {
        guard let byte = UInt8(exactly: value), byte <= 16 else {
          throw .file(source.path, .format("has a pixel of \(value), expected 0 to 16"))
        }
        bytes.append(byte)
      }
      guard table.inputCount == shape.count else {
        throw .file(source.path, .shape(found: [table.inputCount], expected: [8, 8]))
      }
      let whole = Part(storage: .bytes(bytes, maximum: 16), labels: try table.classes(below: 10))
      let (train, held) = whole.holdingOut(test, classes: 10, size: shape.count)
      return Dataset(
        name: name ?? set.rawValue, shape: shape,
        kind: .classification(classes: 10, names: (0...9).map(String.init)), train: train, test: held,
        scale: 1.0 / 16, standardized: true,
        source:
          "Handwritten digits, the test part of Optical Recognition of Handwritten Digits, E. Alpaydin and"
          + " C. Kaynak, UCI 1998 (CC BY 4.0); as shipped with scikit-learn 1.9.1 (BSD-3-Clause). \(split)")
    }
  }
}

extension CSVTable {
  fileprivate func classes(below count: Int) throws(DatasetError) -> [Int32] {
    var labels: [Int32] = []
    for (row, number) in zip(rowNumbers, targetNumbers) {
      guard let number, let label = Int32(exactly: number), label >= 0, label < count else {
        throw .file(file, .row(row, "its target is not a class of 0 to \(count - 1)"))
      }
      labels.append(label)
    }
    return labels
  }
}

extension Dataset.Part {
  fileprivate func holdingOut(
    _ test: BuiltInSet.TestSplit, classes: Int, size: Int
  ) -> (train: Dataset.Part, test: Dataset.Part) {
    var seen = [Int](repeating: 0, count: classes)
    var train: [Int] = []
    var held: [Int] = []
    for (index, label) in labels.enumerated() {
      seen[Int(label)] += 1
      if test == .everyFifth, seen[Int(label)] % 5 == 0 { held.append(index) } else { train.append(index) }
    }
    return (selecting(train, size: size), selecting(held, size: size))
  }
}
