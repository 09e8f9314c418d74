import Datasets
import Formats
import Foundation
import JSON
import Jobs
import Network
import Tensor
import Testing

/// Networks that read whole numbers, several inputs by name, and targets a position.
@Suite struct TokenTests {
  private static let vocabulary = 7
  private static let length = 5

  /// Sequences of random tokens. The label of a position is whether its token and the one before sum to an even
  /// number. The first position counts for nothing, and some others.
  private static func labelled(_ count: Int, seed: UInt64 = 1) throws -> Dataset {
    func arrays(_ purpose: String) throws -> SplitArrays {
      var stream = RandomStream(seed: seed, purpose: purpose)
      let tokens = (0..<count * length).map { _ in Int64(stream.index(below: vocabulary)) }
      let labels = tokens.indices.map { place -> Int64 in
        place % length == 0 || stream.uniform(in: 0..<1) < 0.1 && place % length > 1
          ? -100 : (tokens[place] + tokens[place - 1]) % 2
      }
      return SplitArrays(
        inputs: try NPY.encode(tokens, shape: [count, length]),
        labels: try NPY.encode(labels, shape: [count, length]))
    }
    return try Dataset.arrays(name: "tokens", train: arrays("train"), test: arrays("test"))
  }

  /// A class for each position, from its token and the one before.
  private static let tagger = """
    {"nodes": [
      {"op": "embedding", "name": "embed", "inputs": ["input"], "num_embeddings": \(vocabulary), "embedding_dim": 6},
      {"op": "roll", "name": "before", "inputs": ["embed"], "shifts": [1], "dims": [1]},
      {"op": "concat", "name": "pair", "inputs": ["embed", "before"], "dim": -1},
      {"op": "linear", "name": "hidden", "inputs": ["pair"], "out_features": 16},
      {"op": "tanh", "name": "act", "inputs": ["hidden"]},
      {"op": "linear", "name": "head", "inputs": ["act"], "out_features": 2}], "outputs": ["head"]}
    """

  private static func body(_ architecture: String, _ more: String = "") -> String {
    #"{"name": "m", "dataset": "tokens", "precision": "float64", "architecture": \#(architecture)\#(more)}"#
  }

  @Test func aTaggerLearnsAndForgetsAndNamesItsSamples() throws {
    let store = MemoryStore(try Self.labelled(60))
    try store.createModel(Self.body(Self.tagger, #", "weight_decay": 1e-3"#))
    try store.run(#"{"kind": "train", "model": "m", "optimizer": "lbfgs", "epochs": 300}"#)
    let result = try store.run(#"{"kind": "evaluate", "model": "m", "split": "train"}"#)
    #expect(try number(result, "accuracy") > 0.95)
    let removed = try store.run(
      #"{"kind": "remove", "model": "m", "indices": [0, 5, 9], "modification_ratio": 1}"#)
    #expect(try number(removed, "after", "test", "accuracy") > 0.5)
    let influence = try store.run(
      #"{"kind": "influence", "model": "m", "test": {"pick": "highest_loss", "count": 2}, "top": 3}"#)
    #expect(influence["tests"]?.arrayValue?.count == 2)
  }

  /// The named transformer has outputs for every token if the data set has a class for every token.
  @Test func aTransformerNamesPositions() throws {
    let store = MemoryStore(try Self.labelled(40))
    let transformer = #"{"name": "transformer", "vocabulary": 7, "width": 8, "depth": 1, "heads": 2}"#
    try store.createModel(Self.body(transformer))
    try store.run(
      #"{"kind": "train", "model": "m", "optimizer": "adam", "learning_rate": 0.01, "epochs": 2, "batch_size": 8}"#
    )
    let result = try store.run(#"{"kind": "evaluate", "model": "m"}"#)
    #expect(try number(result, "accuracy") > 0.2)
  }

  /// The mean over the positions that count, sample by sample.
  @Test func theLossOfASampleIsTheMeanOverItsPositions() throws {
    let set = try Self.labelled(8)
    let store = MemoryStore(set)
    try store.createModel(Self.body(Self.tagger))
    try store.insertInitial("m", Double.self)
    let context = MemoryContext()
    try store.run(#"{"kind": "evaluate", "model": "m", "split": "train"}"#, context: context)
    func numbers(_ name: String) throws -> [Double] {
      try #require(context.artifacts[name]).bytes.withUnsafeBytes { Array($0.bindMemory(to: Double.self)) }
    }
    let (losses, outputs) = (try numbers("losses.npy"), try numbers("outputs.npy"))
    let labels = try #require(set.train.positions)
    for sample in 0..<8 {
      var (sum, counted) = (0.0, 0.0)
      for position in 0..<Self.length {
        let place = sample * Self.length + position
        guard labels.elements[place] >= 0 else { continue }
        let f = [outputs[2 * place], outputs[2 * place + 1]]
        sum += log(exp(f[0]) + exp(f[1])) - f[Int(labels.elements[place])]
        counted += 1
      }
      #expect(abs(losses[sample] - sum / counted) < 1e-12)
    }
  }

  @Test func inputsByNameAreParts() throws {
    let store = MemoryStore(try Self.labelled(20))
    let parts = """
      {"inputs": [{"name": "ids", "shape": [3]}, {"name": "more", "shape": [2]}], "nodes": [
        {"op": "embedding", "name": "a", "inputs": ["ids"], "num_embeddings": 7, "embedding_dim": 2},
        {"op": "embedding", "name": "b", "inputs": ["more"], "num_embeddings": 7, "embedding_dim": 2},
        {"op": "concat", "name": "c", "inputs": ["a", "b"], "dim": 1}], "outputs": ["c"]}
      """
    let whole = """
      {"nodes": [
        {"op": "slice", "name": "ids", "inputs": ["input"], "end": 3},
        {"op": "slice", "name": "more", "inputs": ["input"], "start": 3},
        {"op": "embedding", "name": "a", "inputs": ["ids"], "num_embeddings": 7, "embedding_dim": 2},
        {"op": "embedding", "name": "b", "inputs": ["more"], "num_embeddings": 7, "embedding_dim": 2},
        {"op": "concat", "name": "c", "inputs": ["a", "b"], "dim": 1}], "outputs": ["c"]}
      """
    var losses: [Double] = []
    for (name, architecture) in [("parts", parts), ("whole", whole)] {
      try store.createModel(
        #"{"name": "\#(name)", "dataset": "tokens", "precision": "float64", "architecture": \#(architecture)}"#
      )
      try store.insertInitial(name, Double.self)
      losses.append(try number(store.run(#"{"kind": "evaluate", "model": "\#(name)"}"#), "loss"))
    }
    #expect(losses[0] == losses[1])
  }

  /// Requests for models that do not suit a set of tokens, each with words of its fault.
  @Test(arguments: [
    (tagger.replacing("\"num_embeddings\": 7", with: "\"num_embeddings\": 6"), "", "numbers from 0 to 6"),
    (tagger.replacing("\"out_features\": 2", with: "\"out_features\": 3"), "", "outputs"),
    (
      #"{"layers": [{"type": "embedding", "num_embeddings": 7, "embedding_dim": 2}, {"type": "flatten"}]}"#,
      "",
      "must give 5×2 outputs"
    ),
    (tagger, #", "loss": "mse""#, "a class a position"),
    (tagger, #", "loss": {"name": "cross_entropy", "weight": [1, 2, 3]}"#, "must have 2 weights"),
    (
      #"{"inputs": [{"name": "a", "shape": [3]}], "nodes": [{"op": "linear", "name": "y", "inputs": ["a"], "out_features": 10}], "outputs": ["y"]}"#,
      "", "a vector of 5"
    ),
    (
      #"{"inputs": [{"name": "a", "shape": [5]}], "nodes": [{"op": "linear", "name": "y", "inputs": ["input"], "out_features": 10}], "outputs": ["y"]}"#,
      "", "the name of an input"
    ),
  ])
  func wrongModelsAreRefused(_ architecture: String, _ more: String, _ words: String) throws {
    let store = MemoryStore(try Self.labelled(10))
    let error = #expect(throws: RequestRejection.self) {
      try store.createModel(Self.body(architecture, more))
    }
    #expect("\(try #require(error))".contains(words), "\(error.map { "\($0)" } ?? "")")
  }

  @Test func wrongJobsAreRefused() throws {
    let store = MemoryStore(try Self.labelled(10))
    try store.createModel(Self.body(Self.tagger))
    for (job, words) in [
      (#""attack", "test": {"indices": [0]}, "epsilon": 0.1, "train": {"count": 1}"#, "whole numbers"),
      (#""influence", "influence": "perturbation", "test": {"indices": [0]}"#, "whole numbers"),
      (#""remove", "class": 1"#, "a class a position"),
      (#""mislabeled""#, "a class a position"),
    ] {
      let error = #expect(throws: RequestRejection.self) {
        try store.run(#"{"model": "m", "kind": \#(job)}"#)
      }
      #expect("\(try #require(error))".contains(words), "\(error.map { "\($0)" } ?? "")")
    }
  }

  @Test(arguments: [
    ([0, 1, 2, -100], "no position that counts in sample 1"), ([0, 1, -1, 1], "label 2 is -1"),
  ])
  func wrongLabelsAreRefused(_ labels: [Int], _ words: String) throws {
    var labels = labels
    if words.hasPrefix("no") { labels = [0, 1, -100, -100] }
    let arrays = SplitArrays(
      inputs: try NPY.encode([Int32](repeating: 0, count: 4), shape: [2, 2]),
      labels: try NPY.encode(labels.map { Int32($0) }, shape: [2, 2]))
    let error = #expect(throws: DatasetError.self) {
      try Dataset.arrays(name: "d", train: arrays, test: nil)
    }
    #expect("\(try #require(error))".contains(words))
  }

  @Test func otherIgnoredLabelsAndMatricesOfValues() throws {
    let inputs = try NPY.encode([Int32](repeating: 0, count: 4), shape: [2, 2])
    let labels = try NPY.encode([Int32]([0, 9, 1, 1]), shape: [2, 2])
    let marked = try Dataset.arrays(
      name: "d", train: SplitArrays(inputs: inputs, labels: labels), test: nil,
      reading: ArrayReading(ignoreIndex: 9))
    #expect(marked.train.positions?.elements == [0, -1, 1, 1])
    #expect(marked.kind == .labelling(classes: 2, names: nil, count: 2))
    let values = try Dataset.arrays(
      name: "d", train: SplitArrays(inputs: inputs, labels: labels), test: nil,
      reading: ArrayReading(kind: .values))
    #expect(values.train.targets?.elements == [0, 9, 1, 1] && values.targetRange == 0...9)
  }

  @Test func wholeNumbersAreKnownByFeature() throws {
    func set(_ values: [Double], _ choice: NormalizationChoice? = nil) throws -> Dataset {
      let arrays = SplitArrays(
        inputs: try NPY.encode(values, shape: [values.count / 2, 2]),
        labels: try NPY.encode(
          values.map { Int32($0) % 2 }.prefix(values.count / 2).map { $0 }, shape: [values.count / 2]))
      let set = try Dataset.arrays(name: "d", train: arrays, test: nil)
      return try choice.map { try set.normalized($0) } ?? set
    }
    #expect(try set([0, 1, 4, 1.5]).wholeNumbers == [0...4, nil])
    #expect(try set([0, 1, 4, 1]).wholeNumbers == [0...4, 1...1])
    #expect(try set([0, 1, 4, 2], .standardize).wholeNumbers == nil)
    #expect(try set([0.5, 1e9, 4, 1]).wholeNumbers == nil)
  }
}
