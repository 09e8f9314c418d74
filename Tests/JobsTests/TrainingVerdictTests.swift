import Datasets
import Formats
import Foundation
import JSON
import Jobs
import Network
import Tensor
import TestSupport
import Testing

/// A training reports where it ended, and later jobs repeat the report.
@Suite("What is said of a training")
struct TrainingVerdictTests {
  static func dataset(
    _ name: String, inputs: [Double], shape: [Int], labels: [Int]? = nil, targets: [Double]? = nil
  ) throws -> Dataset {
    func arrays() throws -> SplitArrays {
      SplitArrays(
        inputs: try NPY.encode(inputs, shape: shape),
        labels: try labels.map { try NPY.encode($0.map { Int32($0) }, shape: [$0.count]) }
          ?? NPY.encode(targets ?? [], shape: [shape[0]]))
    }
    return try Dataset.arrays(name: name, train: arrays(), test: arrays())
  }

  private func warnings(_ result: JSONValue) -> [String] {
    (result["warnings"]?.arrayValue ?? []).compactMap(\.stringValue)
  }

  /// Two columns of noise. The labels follow the first column if `signal` is above zero.
  private func store(_ count: Int = 200, signal: Double, columns: Double = 1) throws -> MemoryStore {
    var stream = RandomStream(seed: 8, purpose: "verdict")
    let x = (0..<2 * count).map { _ in columns * stream.normal() }
    let labels = (0..<count).map { signal * x[2 * $0] / columns + stream.normal() > 0 ? 1 : 0 }
    return MemoryStore(try Self.dataset("d", inputs: x, shape: [count, 2], labels: labels))
  }

  private func model(_ store: MemoryStore, _ members: String = "") throws {
    try store.createModel(#"{"name": "m", "dataset": "d", "architecture": "logistic"\#(members)}"#)
  }

  @Test func aGoodTrainingHasNoWarning() throws {
    let store = try store(signal: 3)
    try model(store, #", "weight_decay": 0.01"#)
    for recipe in [
      #""learning_rate": 0.5, "epochs": 30"#, #""optimizer": "lbfgs""#, #""optimizer": "newton""#,
    ] {
      let result = try store.run(#"{"kind": "train", "model": "m", "checkpoint": "initial", \#(recipe)}"#)
      #expect(warnings(result) == [], "\(recipe)")
      #expect(result["metrics"]?["warnings"] == [])
    }
  }

  /// Against the gradient as `evaluate` has it, and single gradients by hand.
  @Test func aDescentNamesItsCriterion() throws {
    let store = try store(60, signal: 3)
    try model(store, #", "weight_decay": 0.1, "precision": "float64""#)
    for (epochs, converged) in [(1, false), (2000, true)] {
      let result = try store.run(
        #"{"kind": "train", "model": "m", "checkpoint": "initial", "epochs": \#(epochs), "batch_size": "all", "learning_rate": 0.5, "schedule": "constant", "validation": 0}"#
      )
      let metrics = try #require(result["metrics"])
      #expect(metrics["converged"] == .bool(converged))
      #expect(metrics["criterion"]?["name"] == "gradient_of_one_sample")
      let evaluated = try store.run(#"{"kind": "evaluate", "model": "m", "split": "train"}"#)
      let norm = try #require(metrics["gradient_norm"]?.doubleValue)
      #expect(abs(try #require(evaluated["gradient_norm"]?.doubleValue) - norm) <= 1e-12 + 1e-9 * norm)
      #expect(evaluated["loss"] == metrics["train"]?["loss"])
      // The mean norm of (p − e)(x, 1) over 32 samples of the 60, spread over all, by 60.
      let (network, state) = try store.load("m", as: Double.self)
      let set = try store.loadDataset(named: "d")
      let norms = try (0..<32).map { place in
        try network.gradient(
          state, on: set.train.samples([place * 60 / 32]), loss: .crossEntropy,
          compute: Compute(pool: .single)
        ).gradient.norm
      }
      let oneSample = norms.reduce(0, +) / 32 / 60
      let told = try #require(metrics["criterion"]?["tolerance"]?.doubleValue)
      #expect(abs(told - oneSample) < 1e-12)
      #expect(converged == (norm <= oneSample))
      // `influence` says it again, without asking for it to be worked out.
      let influence = try store.run(#"{"kind": "influence", "model": "m", "solver": "direct"}"#)
      #expect(influence["checkpoint_gradient"]?["norm"] == metrics["gradient_norm"])
      #expect(influence["checkpoint_gradient"]?["one_sample"] == metrics["criterion"]?["tolerance"])
    }
  }

  @Test func chanceLevelIsSaidHereAndByLaterJobs() throws {
    let store = try store(signal: 0)
    try model(store, #", "weight_decay": 0.01"#)
    let result = try store.run(#"{"kind": "train", "model": "m", "epochs": 20, "learning_rate": 0.1}"#)
    let told = try #require(warnings(result).first)
    #expect(told.contains("chance level") && told.contains("0.69"), "\(told)")
    #expect(result["metrics"]?["warnings"] == result["warnings"])
    for body in [
      #"{"kind": "influence", "model": "m"}"#,
      #"{"kind": "validate", "model": "m", "count": 2, "solver": "direct"}"#,
      #"{"kind": "domain_mismatch", "model": "m"}"#, #"{"kind": "spectrum", "model": "m", "count": 3}"#,
      #"{"kind": "remove", "model": "m", "indices": [3, 4], "modification_ratio": 1}"#,
      #"{"kind": "attack", "model": "m", "test": {"indices": [0]}, "iterations": 1}"#,
    ] {
      let later = try store.run(body)
      #expect(warnings(later).contains { $0.contains(told) }, "\(body): \(warnings(later))")
      #expect(warnings(later).contains { $0.contains("‖∇R‖ at this checkpoint is") }, "\(body)")
      #expect(try #require(later["checkpoint_gradient"]?["norm"]?.doubleValue) >= 0)
    }
    // An edited checkpoint comes from that training.
    let edited = try #require(store.checkpoints(ofModel: "m").first { $0.kind == .edited })
    let later = try store.run(#"{"kind": "influence", "model": "m", "checkpoint": "\#(edited.id)"}"#)
    #expect(warnings(later).contains { $0.contains(told) })
  }

  @Test func aDivergedTrainingIsSaid() throws {
    let store = try store(signal: 3, columns: 1000)
    try model(store)
    let result = try store.run(#"{"kind": "train", "model": "m", "epochs": 1, "learning_rate": 10}"#)
    #expect(warnings(result).contains { $0.contains("diverged") }, "\(warnings(result))")
    // Values: no better than the mean.
    var stream = RandomStream(seed: 2, purpose: "values")
    let x = (0..<100).map { _ in stream.normal() }
    let values = MemoryStore(
      try Self.dataset("d", inputs: x, shape: [100, 1], targets: x.map { 1000 + 0 * $0 + stream.normal() }))
    try values.createModel(#"{"name": "m", "dataset": "d", "architecture": "linear", "loss": "mse"}"#)
    let flat = try values.run(#"{"kind": "train", "model": "m", "epochs": 1, "learning_rate": 1e-6}"#)
    #expect(warnings(flat).contains { $0.contains("always predicting the mean") }, "\(warnings(flat))")
  }

  @Test func chanceLevelInClosedForm() throws {
    let labels: [Int32] = (0..<40).map { $0 < 10 ? 1 : 0 }
    let entropy = -(0.25 * log(0.25) + 0.75 * log(0.75))
    for (loss, columns, expected) in [
      (Loss.crossEntropy, 2, entropy), (.crossEntropy, 1, entropy), (.meanSquaredError, 2, 0.1875),
      (.meanSquaredError, 1, 0.1875),
    ] {
      let level = try #require(ChanceLevel(.classes(labels), loss, columns: columns))
      #expect(abs(level.loss - expected) < 1e-12 && level.accuracy == 0.75)
    }
    // A sharp hinge: −1 for all costs 2 for each of the quarter.
    let hinge = try #require(ChanceLevel(.classes(labels), .smoothHinge(temperature: 1e-3), columns: 1))
    #expect(abs(hinge.loss - 0.5) < 1e-2)
    #expect(ChanceLevel(.classes([0, 1]), .crossEntropy, columns: 2) == nil)
    #expect(ChanceLevel(.classes(Array(repeating: 3, count: 50)), .crossEntropy, columns: 5) == nil)
  }

  // MARK: Minimisations

  /// Eight people with a year of birth and an age: raw columns in float32.
  static let people: [(x: [Double], y: Double)] = [
    ([1983, 29], 19.0), ([1985, 32], 19.5), ([2002, 54], 24.0), ([2016, 36], 24.8), ([1952, 30], 13.3),
    ([1960, 53], 17.4), ([2007, 30], 21.8), ([2016, 36], 24.8),
  ]

  @Test(arguments: ["lbfgs", "newton"]) func rawColumnsReachTheMinimum(_ optimizer: String) throws {
    let set = try Self.dataset(
      "d", inputs: Self.people.flatMap(\.x), shape: [8, 2], targets: Self.people.map(\.y))
    let store = MemoryStore(set)
    try store.createModel(
      #"{"name": "m", "dataset": "d", "architecture": "linear", "loss": "mse", "weight_decay": 0.0001}"#)
    let result = try store.run(
      #"{"kind": "train", "model": "m", "optimizer": "\#(optimizer)", "validation": 0}"#)
    #expect(result["metrics"]?["converged"] == true, "\(result["metrics"] ?? .null)")
    let ridge = try Ridge(set, decay: 1e-4)
    func risk(_ theta: [Double]) -> Double {
      zip(ridge.rows, ridge.targets).reduce(0) { $0 + pow($1.0.dot(theta) - $1.1, 2) } / 8
        + 0.5e-4 * theta.dot(theta)
    }
    let state: NetworkState<Float> = try store.load("m", as: Float.self).state
    let least = try risk(ridge.minimum())
    #expect(abs(least - 3.51) < 0.01)
    #expect(risk(state.parameters.map { Double($0) }) <= least * (1 + 1e-6))
  }

  @Test func partedClassesAreSaidAndRepeated() throws {
    for (labels, parted) in [([0, 0, 1, 1], true), ([0, 1, 0, 1], false)] {
      let store = MemoryStore(
        try Self.dataset("d", inputs: [-2, -1, 1, 2], shape: [4, 1], labels: labels))
      try model(store, #", "precision": "float64""#)
      let result = try store.run(#"{"kind": "train", "model": "m", "optimizer": "newton", "validation": 0}"#)
      #expect(result["metrics"]?["converged"] == .bool(!parted))
      #expect(warnings(result).contains { $0.contains("weight_decay") } == parted, "\(warnings(result))")
      let influence = try store.run(#"{"kind": "influence", "model": "m", "solver": "direct"}"#)
      #expect(warnings(influence).contains { $0.contains("no minimum") } == parted)
    }
  }

  @Test func tooFewIterationsAreSaid() throws {
    let store = try store(signal: 3)
    try model(store, #", "weight_decay": 0.01"#)
    let result = try store.run(#"{"kind": "train", "model": "m", "optimizer": "lbfgs", "epochs": 2}"#)
    #expect(result["metrics"]?["reason"] == "iteration_limit")
    #expect(warnings(result).contains { $0.contains("did not reach a minimum") && $0.contains("epochs") })
  }

  // MARK: Batch normalization

  private func pictures(_ count: Int) throws -> MemoryStore {
    var stream = RandomStream(seed: 4, purpose: "pictures")
    let store = MemoryStore(
      try Self.dataset(
        "d", inputs: (0..<4 * count).map { _ in stream.normal() }, shape: [count, 1, 2, 2],
        labels: (0..<count).map { $0 % 2 }))
    try store.createModel(
      #"{"name": "m", "dataset": "d", "architecture": {"layers": [{"type": "conv2d", "out_channels": 2, "kernel_size": 2}, {"type": "batch_norm2d"}, {"type": "flatten"}, {"type": "linear", "out_features": 2}]}}"#
    )
    return store
  }

  /// Over one value a channel there is no variance: PyTorch raises.
  @Test func batchesOfOneAreRefusedWhereTheyHaveNoVariance() throws {
    let store = try pictures(7)
    let refusal = #expect(throws: RequestRejection.self) {
      try store.run(#"{"kind": "train", "model": "m", "batch_size": 1, "validation": 0}"#)
    }
    #expect(refusal?.faults.first?.detail.contains("must be at least 2, got 1") == true)
    // Six and one: the last joins the six.
    let result = try store.run(
      #"{"kind": "train", "model": "m", "batch_size": 6, "validation": 0, "epochs": 3}"#)
    #expect(warnings(result) == [])
    let state: NetworkState<Float> = try store.load("m", as: Float.self).state
    #expect(state.counters == [3])
    #expect(state.statistics.suffix(2).allSatisfy { $0 > 0.1 })
    // The statistics do not move here.
    try store.run(
      #"{"kind": "train", "model": "m", "batch_size": 1, "validation": 0, "freeze_statistics": true}"#)
    let single = #expect(throws: RequestRejection.self) {
      try self.pictures(1).run(#"{"kind": "train", "model": "m"}"#)
    }
    #expect(single?.faults.first?.detail.contains("at least 2") == true)
  }

  /// A leave-out that empties a minibatch to one sample ends the job instead of training on nothing.
  @Test func aMinibatchThatIsLeftWithOneSampleIsNoSuccess() throws {
    let store = try pictures(8)
    try store.run(#"{"kind": "train", "model": "m", "batch_size": 2, "validation": 0}"#)
    let failure = #expect(throws: JobFailure.self) {
      try store.run(#"{"kind": "validate", "model": "m", "count": 1, "retrain_fraction": 1, "damping": 0.1}"#)
    }
    #expect(failure?.reason == .unacceptable && failure?.advice.contains("batch_size") == true)
  }

  @Test func channelsWithoutVarianceAreSaid() throws {
    let store = MemoryStore(
      try Self.dataset(
        "d", inputs: (0..<60).map { $0 % 2 == 0 ? Double($0) / 60 : 5.3 }, shape: [30, 2],
        labels: (0..<30).map { $0 / 15 }))
    try store.createModel(
      #"{"name": "m", "dataset": "d", "architecture": {"layers": [{"type": "batch_norm2d"}, {"type": "linear", "out_features": 2}]}}"#
    )
    let result = try store.run(
      #"{"kind": "train", "model": "m", "batch_size": 10, "validation": 0, "epochs": 4}"#)
    #expect(
      warnings(result).contains { $0.contains("1 of 2 channels") && $0.contains("no variance") },
      "\(warnings(result))")
  }
}
