import Datasets
import Formats
import JSON
import Jobs
import Network
import Tensor
import Testing

/// A model meets another data set only through its contract.
@Suite("Models and other data sets")
struct OtherDatasetTests {
  /// A set of one feature, given by its values and the names of their classes.
  private func set(
    _ name: String, _ values: [Double], _ labels: [UInt8], _ classNames: [String]?,
    _ normalization: NormalizationChoice = .none
  ) throws -> Dataset {
    try Dataset.arrays(
      name: name,
      train: SplitArrays(
        inputs: try NPY.encode(values, shape: [values.count, 1]),
        labels: try NPY.encode(labels, shape: [labels.count])), test: nil,
      reading: ArrayReading(classNames: classNames)
    ).normalized(normalization)
  }

  private func trained(_ store: MemoryStore, _ dataset: String) throws {
    try store.createModel(
      #"""
      {"name": "m", "dataset": "\#(dataset)", "architecture": "logistic", "precision": "float64",
       "weight_decay": 0.001}
      """#)
    try store.run(#"{"kind": "train", "model": "m", "optimizer": "newton", "validation": 0}"#)
  }

  /// x standardised by mean 5 and deviation √20.5, not by the other set's own mean.
  @Test func inputsAreNormalizedByTheModel() throws {
    let store = MemoryStore(
      try set("low", [0, 1, 9, 10], [0, 0, 1, 1], ["low", "high"], .standardize),
      try set("far", [100, 101, 109, 110], [0, 0, 1, 1], ["low", "high"], .standardize),
      try set(
        "turned", [0, 1, 9, 10], [1, 1, 0, 0], ["high", "low"], .given(mean: [3], standardDeviation: [7])))
    try trained(store, "low")
    let (network, state) = try store.load("m", as: Double.self)
    let layer = network.layout.neuronLayers[0]
    for (dataset, offset) in [("low", 0.0), ("far", 100), ("turned", 0)] {
      let context = MemoryContext()
      let result = try store.run(
        #"{"kind": "evaluate", "model": "m", "dataset": "\#(dataset)", "split": "train"}"#, context: context)
      let outputs = try context.elements("outputs.npy")
      for (row, x) in [0.0, 1, 9, 10].enumerated() {
        let seen = (x + offset - 5) / 20.5.squareRoot()
        for output in 0..<2 {
          let right =
            state.parameters[layer.weights + output] * seen + state.parameters[layer.bias! + output]
          #expect(abs(outputs[2 * row + output] - right) < 1e-12, "\(dataset)")
        }
      }
      // 110 is read as high all along.
      #expect(result["accuracy"]?.doubleValue == (offset == 0 ? 1 : 0.5))
      #expect(result["warnings"] == [])
      #expect(result["confusion"] == (offset == 0 ? [[2, 0], [0, 2]] : [[0, 2], [0, 2]]))
    }
  }

  @Test func classesAreMatchedByNameOrRefused() throws {
    let iris = try Dataset.builtIn(.iris)
    let store = MemoryStore(
      iris, try iris.selectingClasses([2, 1, 0]).named("turned"),
      try iris.selectingClasses([2, 0]).named("two"))
    try trained(store, "iris")
    let own = try store.run(#"{"kind": "evaluate", "model": "m"}"#)
    let turned = try store.run(#"{"kind": "evaluate", "model": "m", "dataset": "turned"}"#)
    for member in ["accuracy", "loss", "confusion"] { #expect(turned[member] == own[member], "\(member)") }
    let two = try store.run(#"{"kind": "evaluate", "model": "m", "dataset": "two"}"#)
    #expect(two["confusion"]?[0] == own["confusion"]?[0] && two["confusion"]?[2] == own["confusion"]?[2])
    #expect(two["samples"] == 20)

    let pets = MemoryStore(
      try set("pets", [0, 1, 9, 10], [0, 0, 1, 1], ["cat", "dog"]),
      try set("birds", [9, 10, 30, 31], [0, 0, 1, 1], ["dog", "emu"]),
      try set("bare", [0, 1, 9, 10], [0, 0, 1, 1], nil), try Dataset.builtIn(.iris, name: "iris"))
    try trained(pets, "pets")
    for (dataset, words) in [("birds", "'emu'"), ("iris", "shape 4")] {
      let refusal = #expect(throws: RequestRejection.self) {
        try pets.run(#"{"kind": "evaluate", "model": "m", "dataset": "\#(dataset)", "split": "train"}"#)
      }
      #expect(refusal?.description.contains(words) == true)
      #expect(refusal?.faults.allSatisfy { $0.pointer == "/dataset" } == true)
    }
    let bare = try pets.run(#"{"kind": "evaluate", "model": "m", "dataset": "bare", "split": "train"}"#)
    #expect(bare["accuracy"] == 1.0 && bare["warnings"]?.arrayValue?.count == 1)
  }

  /// The same if the stored contract does not say it: then the run looks at the samples.
  @Test func aSetOfAnotherScaleIsRefusedByTheRun() throws {
    func flat<Element: NPYElement>(_ name: String, _ values: [Element]) throws -> Dataset {
      try Dataset.arrays(
        name: name,
        train: SplitArrays(
          inputs: try NPY.encode(values, shape: [4, 2]),
          labels: try NPY.encode([UInt8]([0, 1, 0, 1]), shape: [4])), test: nil)
    }
    let bytes: [UInt8] = [0, 255, 200, 3, 9, 100, 255, 0]
    let store = MemoryStore(
      try flat("bytes", bytes), try flat("raw", bytes.map { Float($0) }),
      try flat("shares", bytes.map { Double($0) / 255 }))
    try trained(store, "bytes")
    func evaluate(_ dataset: String) throws -> JSONValue {
      try store.run(#"{"kind": "evaluate", "model": "m", "dataset": "\#(dataset)", "split": "train"}"#)
    }
    let failure = #expect(throws: JobFailure.self) { try evaluate("raw") }
    #expect(failure?.reason == .unacceptable && failure?.message.contains("0 to 255") == true)
    let own = try #require(try evaluate("bytes")["loss"]?.doubleValue)
    #expect(abs((try evaluate("shares")["loss"]?.doubleValue ?? .nan) - own) < 1e-12)
  }

  // MARK: Attacks

  /// ε is a share of the range of the pictures in any unit, and no pixel leaves the range.
  @Test(arguments: ["bytes", "shares", "whole", "standardized"])
  func anAttackStaysInTheRangeOfPictures(_ kind: String) throws {
    var bytes: [UInt8] = []
    for index in 0..<160 {
      let lift = index / 8 % 2 == 0 ? 0 : 90
      bytes.append(UInt8((index * 37 + lift) % 256))
    }
    let classes: [UInt8] = (0..<20).map { UInt8($0 % 2) }
    let labels = try NPY.encode(classes, shape: [20])
    let file: [UInt8] =
      switch kind {
      case "bytes", "standardized": try NPY.encode(bytes, shape: [20, 1, 2, 4])
      case "shares": try NPY.encode(bytes.map { Float($0) / 255 }, shape: [20, 1, 2, 4])
      default: try NPY.encode(bytes.map { Double($0) }, shape: [20, 1, 2, 4])
      }
    let split = SplitArrays(inputs: file, labels: labels)
    let dataset = try Dataset.arrays(name: "p", train: split, test: split)
      .normalized(kind == "standardized" ? .standardize : .none)
    let store = MemoryStore(dataset)
    try store.createModel(
      #"{"name": "m", "dataset": "p", "architecture": "logistic", "precision": "float64", "weight_decay": 0.05}"#
    )
    try store.run(#"{"kind": "train", "model": "m", "optimizer": "newton", "validation": 0}"#)
    let context = MemoryContext()
    let result = try store.run(
      #"{"kind": "attack", "model": "m", "test": {"indices": [0]}, "train": {"count": 2}, "epsilon": 0.1, "iterations": 12}"#,
      context: context)
    let changed = try context.elements("perturbed.npy")
    let points = try #require(result["tests"]?[0]?["points"]?.arrayValue)
    let unit = kind == "shares" ? 1 / 255.0 : 1
    for (place, point) in points.enumerated() {
      let index = try #require(point["index"]?.integerValue)
      var largest = 0.0
      for pixel in 0..<8 {
        let after = changed[place * 8 + pixel] / unit
        largest = max(largest, abs(after - Double(bytes[index * 8 + pixel])))
      }
      #expect(largest > 2.5 && largest <= 25.5 + 1e-4, "\(largest)")
      #expect(abs(largest / 255 - (point["largest_change"]?.doubleValue ?? 0)) < 1e-6)
    }
    #expect(changed.allSatisfy { $0 / unit >= -1e-4 && $0 / unit <= 255 + 1e-4 })
  }

  // MARK: Single precision

  /// A sample that a model's precision cannot hold is named by every job on the set, and the weights are not
  /// blamed.
  @Test(arguments: [
    #""train""#, #""evaluate""#, #""remove", "indices": [1]"#, #""retrain", "indices": [1]"#,
    #""influence", "test": {"indices": [0]}"#, #""spectrum""#, #""attack", "test": {"indices": [0]}"#,
    #""validate", "test": {"indices": [0]}, "count": 2"#, #""compare", "indices": [1]"#,
    #""trajectory", "indices": [1], "parameters": [0]"#,
    #""domain_mismatch", "groups": [{"class": 1}]"#,
  ])
  func aSampleTooLargeForSinglePrecisionIsNamed(_ kind: String) throws {
    func split(_ values: [Double], _ labels: [UInt8]) throws -> SplitArrays {
      SplitArrays(
        inputs: try NPY.encode(values, shape: [values.count, 1]),
        labels: try NPY.encode(labels, shape: [labels.count]))
    }
    let train = try split([-2, -1, 1, 2, -3, 3], [0, 0, 1, 1, 0, 1])
    let sound = try Dataset.arrays(name: "s", train: train, test: try split([1, 2], [1, 1]))
    let large = try Dataset.arrays(name: "s", train: train, test: try split([1, 1e39], [1, 1]))
    let store = MemoryStore(sound)
    try store.createModel(#"{"name": "m", "dataset": "s", "architecture": "logistic", "weight_decay": 0.1}"#)
    try store.run(#"{"kind": "train", "model": "m", "optimizer": "newton", "validation": 0}"#)
    // The store as in a database of an earlier version, which did not check the samples when a model was
    // made.
    store.insert(large)
    let failure = #expect(throws: JobFailure.self) {
      try store.run(#"{"kind": \#(kind), "model": "m"}"#)
    }
    let words = failure?.description ?? ""
    for word in ["sample 1 of the test split", "data set s", "float32", "float64"] {
      #expect(words.contains(word), "\(words)")
    }
    #expect(!words.contains("diverged"))
    let refusal = #expect(throws: RequestRejection.self) {
      try store.createModel(#"{"name": "new", "dataset": "s", "architecture": "logistic"}"#)
    }
    #expect(refusal?.faults.map(\.pointer) == ["/precision"])
    try store.createModel(
      #"{"name": "wide", "dataset": "s", "architecture": "logistic", "precision": "float64"}"#)
  }
}
