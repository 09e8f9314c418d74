/// A set in `.npy` files of one folder of the data directory; arrays as in `SplitArrays`.
public struct NPYSource: DatasetRecipe {
  public var path: String
  /// File names in that folder.
  public var trainInputs: String
  public var trainLabels: String
  /// Both or neither may be missing, unless they are named.
  public var testInputs: String?
  public var testLabels: String?
  public var reading: ArrayReading

  public init(
    path: String, trainInputs: String = "train_inputs.npy", trainLabels: String = "train_labels.npy",
    testInputs: String? = nil, testLabels: String? = nil, reading: ArrayReading = ArrayReading()
  ) {
    self.path = path
    self.trainInputs = trainInputs
    self.trainLabels = trainLabels
    self.testInputs = testInputs
    self.testLabels = testLabels
    self.reading = reading
  }

  public var faults: [ParameterFault] { reading.faults }

  public func dataset(
    named name: String, in directory: DataDirectory, base: (String) throws -> Dataset
  ) throws -> Dataset { try Dataset.npy(self, name: name, in: directory) }
}

extension Dataset {
  /// Reads a set from `.npy` files. If no test files are named, `test_inputs.npy` and `test_labels.npy` are
  /// read if they are there; else the test split is empty.
  ///
  /// - Throws: `DatasetError`. A fault of an array names its file.
  public static func npy(
    _ source: NPYSource, name: String, in directory: DataDirectory
  ) throws(DatasetError) -> Dataset {
    if source.path.isEmpty { throw .parameters([ParameterFault("path", "must not be empty")]) }
    let files = [
      "train inputs": source.path + "/" + source.trainInputs,
      "train labels": source.path + "/" + source.trainLabels,
      "test inputs": source.path + "/" + (source.testInputs ?? "test_inputs.npy"),
      "test labels": source.path + "/" + (source.testLabels ?? "test_labels.npy"),
    ]
    func read(_ split: String) throws(DatasetError) -> SplitArrays {
      SplitArrays(
        inputs: try directory.read(files[split + " inputs"] ?? ""),
        labels: try directory.read(files[split + " labels"] ?? ""))
    }
    let hasTest =
      source.testInputs != nil || source.testLabels != nil
      || ["test inputs", "test labels"].contains { directory.contains(files[$0] ?? "") }
    do throws(DatasetError) {
      return try arrays(
        name: name, train: try read("train"), test: hasTest ? try read("test") : nil,
        reading: source.reading,
        source: "Read from the .npy files in \(source.path)\(hasTest ? "" : "; no test split")")
    } catch {
      if case .array(let title, let fault) = error, let file = files[title] {
        throw .file(file, .format(fault.description))
      }
      throw error
    }
  }
}
