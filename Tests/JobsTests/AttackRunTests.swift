import Datasets
import Formats
import JSON
import Jobs
import Network
import Tensor
import TestSupport
import Testing

@Suite("Attacks on training data")
struct AttackRunTests {
  /// Softmax regression on digits at its minimum; trained once for all tests.
  private static let trained = Result<MemoryStore, any Error> {
    let store = MemoryStore(try Dataset.builtIn(.digits))
    try store.createModel(
      #"""
      {"name": "flat", "dataset": "digits", "precision": "float64", "weight_decay": 0.01,
       "architecture": "logistic"}
      """#)
    try store.run(#"{"kind": "train", "model": "flat", "optimizer": "newton", "validation": 0}"#)
    return store
  }

  private func attack(
    _ members: String, context: MemoryContext = MemoryContext(), threads: Int = 2
  ) throws -> JSONValue {
    try Self.trained.get().run(
      #"{"kind": "attack", "model": "flat", \#(members)}"#, context: context, threads: threads)
  }

  /// The test point whose two largest outputs lie closest together, of those read rightly.
  private func closeCall() throws -> Int {
    let store = try Self.trained.get()
    let context = MemoryContext()
    try store.run(#"{"kind": "evaluate", "model": "flat"}"#, context: context)
    let outputs = try context.elements("outputs.npy")
    let labels = try store.loadDataset(named: "digits").test.labels
    let margins = labels.indices.map { place -> Double in
      let row = Array(outputs[place * 10..<place * 10 + 10])
      let own = row[Int(labels[place])]
      let other = row.indices.filter { $0 != Int(labels[place]) }.map { row[$0] }.max() ?? 0
      return own > other ? own - other : .infinity
    }
    return try #require(margins.indices.min { margins[$0] < margins[$1] })
  }

  @Test func aCloseCallIsFlippedBySmallChanges() throws {
    let context = MemoryContext()
    let index = try closeCall()
    let result = try attack(
      #""test": {"indices": [\#(index)]}, "train": {"count": 3}, "epsilon": 0.5, "step": 0.1"#,
      context: context)
    let row = try #require(result["tests"]?[0])
    #expect(row["flipped"] == true)
    #expect(row["converged"] == true)
    #expect(row["predicted"]?.integerValue == row["label"]?.integerValue)
    #expect(row["predicted_after"]?.integerValue != row["label"]?.integerValue)
    #expect(result["flipped"]?.integerValue == 1)
    #expect(context.fractions == context.fractions.sorted())

    // The changed pictures: within ε of the originals, and pictures still.
    let changed = try context.elements("perturbed.npy")
    #expect(context.artifacts["perturbed.npy"]?.shape == [1, 3, 1, 8, 8])
    let dataset = try Self.trained.get().loadDataset(named: "digits")
    let points = try #require(row["points"]?.arrayValue)
    #expect(points.count == 3)
    for (place, point) in points.enumerated() {
      let original = dataset.train.values(at: try #require(point["index"]?.integerValue)).map {
        dataset.normalization.unstandardized($0, channel: 0)
      }
      let own = Array(changed[place * 64..<place * 64 + 64])
      let moves = zip(own, original).map { abs($0 - $1) }
      let largest = try #require(moves.max())
      #expect(largest <= 0.5 + 1e-12 && largest > 0)
      #expect(abs(largest - (point["largest_change"]?.doubleValue ?? 0)) < 1e-12)
      #expect(own.allSatisfy { $0 >= -1e-12 && $0 <= 1 + 1e-12 })
    }

    // A training on the written pictures gives the same reading.
    #expect(try retrained(on: points, changed, test: index) == row["predicted_after"]?.integerValue)
  }

  /// The class of the test point by a model that is trained from its initial weights on the changed pictures.
  private func retrained(on points: [JSONValue], _ changed: [Double], test: Int) throws -> Int {
    let dataset = try Self.trained.get().loadDataset(named: "digits")
    let normalization = dataset.normalization
    func values(_ index: Int) -> [Double] { dataset.train.values(at: index) }
    var inputs = (0..<dataset.train.count).flatMap(values)
    for (place, point) in points.enumerated() {
      let index = try #require(point["index"]?.integerValue)
      for position in 0..<64 {
        inputs[index * 64 + position] =
          (changed[place * 64 + position] - normalization.mean[0]) / normalization.standardDeviation[0]
      }
    }
    let train = SplitArrays(
      inputs: try NPY.encode(inputs, shape: [dataset.train.count, 1, 8, 8]),
      labels: try NPY.encode(dataset.train.labels, shape: [dataset.train.count]))
    let one = SplitArrays(
      inputs: try NPY.encode(dataset.test.values(at: test), shape: [1, 1, 8, 8]),
      labels: try NPY.encode([dataset.test.labels[test]], shape: [1]))
    let store = MemoryStore(
      try Dataset.arrays(name: "changed", train: train, test: one, reading: .init(classes: 10)))
    try store.createModel(
      #"""
      {"name": "fresh", "dataset": "changed", "precision": "float64", "weight_decay": 0.01, "seed": 3,
       "architecture": "logistic"}
      """#)
    try store.run(#"{"kind": "train", "model": "fresh", "optimizer": "newton", "validation": 0}"#)
    let context = MemoryContext()
    try store.run(#"{"kind": "evaluate", "model": "fresh"}"#, context: context)
    let outputs = try context.elements("outputs.npy")
    return try #require(outputs.indices.max { outputs[$0] < outputs[$1] })
  }

  @Test func aSmallStepChangesTheLossAsTheLinearTheorySays() throws {
    // One tiny step along the sign of every slope: the loss rises by step/n times the 1-norm of the
    // influence.
    let index = try closeCall()
    let exact = #""training": {"optimizer": "newton"}"#
    let small = try attack(
      #""test": {"indices": [\#(index)]}, "train": {"indices": [5]}, "epsilon": 1e-4, "step": 1e-4, "iterations": 1, \#(exact)"#
    )
    let row = try #require(small["tests"]?[0])
    let rise = try #require(row["loss_after"]?.doubleValue) - #require(row["loss"]?.doubleValue)
    #expect(rise > 0)
    let twice = try attack(
      #""test": {"indices": [\#(index)]}, "train": {"indices": [5]}, "epsilon": 2e-4, "step": 2e-4, "iterations": 1, \#(exact)"#
    )
    let second = try #require(twice["tests"]?[0])
    let more = try #require(second["loss_after"]?.doubleValue) - #require(second["loss"]?.doubleValue)
    #expect(abs(more / rise - 2) < 0.01)
  }

  @Test func threadsChangeNothing() throws {
    let body =
      #""test": {"indices": [4]}, "train": {"count": 2}, "epsilon": 0.2, "step": 0.1, "iterations": 2"#
    #expect(try attack(body, threads: 1) == attack(body, threads: 3))
  }

  @Test func anAttackGoesOnAfterTheTestPointsThatAreDone() throws {
    let body =
      #""test": {"indices": [4, 9]}, "train": {"count": 2}, "epsilon": 0.2, "step": 0.1, "iterations": 2"#
    let whole = try attack(body)
    let broken = MemoryContext { _, detail in detail.contains("test point 2 of 2") ? .cancelled : nil }
    #expect(throws: JobInterruption.self) { try attack(body, context: broken) }
    let second = MemoryContext(resuming: broken)
    #expect(try attack(body, context: second) == whole)
    #expect(!second.details.contains { $0.contains("test point 1 of 2") })
  }
}

extension MemoryContext {
  /// The elements of a float64 artifact.
  func elements(_ name: String) throws -> [Double] {
    let artifact = try #require(artifacts[name])
    try #require(artifact.type == .float64)
    return artifact.bytes.withUnsafeBytes { Array($0.bindMemory(to: Double.self)) }
  }
}
