import Datasets
import JSON
import Jobs
import Network
import Tensor
import Testing

@Suite("Training runs")
struct TrainRunTests {
  private func store() throws -> MemoryStore {
    let store = MemoryStore(
      try Dataset.builtIn(.iris),
      try Dataset.builtIn(.digits).taking(Take(train: 200, test: 60)).named("some-digits"))
    try store.createModel(
      #"{"name": "perceptron", "dataset": "iris", "architecture": {"name": "mlp", "hidden": [8]}, "seed": 3}"#
    )
    // Everything that has a state or draws random numbers.
    try store.createModel(
      #"""
      {"name": "pictures", "dataset": "some-digits", "weight_decay": 0.001, "seed": 5,
       "architecture": {"layers": [
         {"type": "conv2d", "out_channels": 6, "kernel_size": 3, "padding": 1}, {"type": "batch_norm2d"},
         {"type": "relu"}, {"type": "max_pool2d", "kernel_size": 2}, {"type": "flatten"},
         {"type": "dropout", "p": 0.2}, {"type": "linear", "out_features": 10}]}}
      """#)
    return store
  }

  private func weights(_ store: MemoryStore, _ result: JSONValue) throws -> [UInt8] {
    try store.weights(ofCheckpoint: #require(result["checkpoint"]?.stringValue))
  }

  private static let pictureTraining =
    #"{"kind": "train", "model": "pictures", "optimizer": "adam", "learning_rate": 0.01, "epochs": 4, "batch_size": 32, "augment": ["flip", "crop"], "schedule": {"name": "step", "every": 2}}"#
  private static let perceptronTraining =
    #"{"kind": "train", "model": "perceptron", "learning_rate": 0.1, "epochs": 12, "batch_size": 16, "validation": 0.25}"#

  @Test func trainingLowersTheLossAndLearns() throws {
    let store = try store()
    let context = MemoryContext()
    let result = try store.run(Self.perceptronTraining, context: context)
    let curve = try #require(result["curve"]?.arrayValue)
    #expect(curve.count == 12)
    #expect(curve.compactMap { $0["epoch"]?.integerValue } == Array(1...12))
    let losses = curve.compactMap { $0["loss"]?.doubleValue }
    #expect(losses[11] < losses[0] / 3)
    #expect(try #require(result["metrics"]?["test"]?["accuracy"]?.doubleValue) > 0.9)
    #expect(try #require(result["metrics"]?["validation"]?["accuracy"]?.doubleValue) > 0.8)
    #expect(result["samples"] == ["train": 90, "validation": 30])
    #expect(context.fractions == context.fractions.sorted())
    // The recipe now belongs to the model: later jobs hold out the same samples.
    #expect(store.model(named: "perceptron")?.training?.validationShare == 0.25)
    let checkpoint = try #require(store.latestCheckpoint(ofModel: "perceptron"))
    #expect(checkpoint.kind == .trained)
    #expect(checkpoint.metrics == result["metrics"])
  }

  @Test(arguments: [TrainRunTests.pictureTraining, TrainRunTests.perceptronTraining])
  func anInterruptedTrainingGoesOnBitForBit(_ body: String) throws {
    let whole = try store()
    let expected = try whole.run(body)
    let epochs = try #require(expected["curve"]?.arrayValue).count
    for epoch in 2...min(epochs, 5) {
      for step in ["step 1 ", "step 2 "] {
        let interrupted = try store()
        let first = MemoryContext { _, detail in
          detail.hasPrefix("epoch \(epoch) ") && detail.contains(step) ? .stopping : nil
        }
        #expect(throws: JobInterruption.stopping) { try interrupted.run(body, context: first) }
        #expect(interrupted.checkpoints(ofModel: "pictures").isEmpty)
        let second = MemoryContext(resuming: first)
        let result = try interrupted.run(body, context: second)
        #expect(second.details.first?.contains("epoch \(epoch) ") == true, "\(second.details[0])")
        #expect(result["curve"] == expected["curve"])
        #expect(result["metrics"] == expected["metrics"])
        #expect(try weights(interrupted, result) == weights(whole, expected))
      }
    }
  }

  private static let minimizations = [
    #"{"kind": "train", "model": "perceptron", "optimizer": "lbfgs", "validation": 0.25}"#,
    #"{"kind": "train", "model": "perceptron", "optimizer": "newton", "validation": 0.25}"#,
  ]

  private func decaying() throws -> MemoryStore {
    let store = MemoryStore(try Dataset.builtIn(.iris))
    try store.createModel(
      #"{"name": "perceptron", "dataset": "iris", "architecture": {"name": "mlp", "hidden": [4], "activation": "tanh"}, "weight_decay": 0.005, "seed": 3, "precision": "float64"}"#
    )
    return store
  }

  @Test(arguments: minimizations) func aMinimisationEndsAtAMinimum(_ body: String) throws {
    let store = try decaying()
    let context = MemoryContext()
    let result = try store.run(body, context: context)
    let metrics = try #require(result["metrics"])
    #expect(metrics["converged"] == true)
    let norm = try #require(metrics["gradient_norm"]?.doubleValue)
    #expect(norm < 1e-11)
    #expect(context.fractions == context.fractions.sorted())
    let curve = try #require(result["curve"]?.arrayValue)
    #expect(curve.last?["epoch"] == metrics["iterations"])
    // As `evaluate` measures it, over the samples trained on.
    let (network, state) = try store.load("perceptron", as: Double.self)
    let set = try store.loadDataset(named: "iris")
    let training = Partition(
      count: set.train.count, recipe: TrainingRecipe(validationShare: 0.25), seed: 3, excluded: []
    ).training
    var gradient = try network.gradient(
      state, on: set.train.samples(training), loss: .crossEntropy, compute: Compute(pool: .single)
    ).gradient
    gradient.add(0.005, times: state.parameters)
    #expect(abs(gradient.norm - norm) < 1e-13)
  }

  @Test(arguments: minimizations) func anInterruptedMinimisationGoesOnBitForBit(_ body: String) throws {
    let whole = try decaying()
    let expected = try whole.run(body)
    let iterations = try #require(expected["metrics"]?["iterations"]?.integerValue)
    for iteration in Set([1, 2, iterations / 2, iterations - 1]) {
      let interrupted = try decaying()
      let first = MemoryContext { _, detail in
        detail.hasPrefix("iteration \(iteration) ") ? .stopping : nil
      }
      #expect(throws: JobInterruption.stopping) { try interrupted.run(body, context: first) }
      let second = MemoryContext(resuming: first)
      let result = try interrupted.run(body, context: second)
      #expect(second.details.count < iterations + 3 - iteration + 2)
      #expect(result["curve"] == expected["curve"])
      #expect(result["metrics"] == expected["metrics"])
      #expect(try weights(interrupted, result) == weights(whole, expected))
    }
  }

  @Test func aGradientNormOutOfReachIsSaidSo() throws {
    let store = try decaying()
    let result = try store.run(
      #"{"kind": "train", "model": "perceptron", "optimizer": "newton", "gradient_norm": 1e-25}"#)
    #expect(result["metrics"]?["converged"] == false)
    #expect(result["metrics"]?["reason"] == "stagnation")
  }

  /// One output for two classes: the logistic loss, and classes by the sign of the output.
  @Test func binaryLogisticRegression() throws {
    let store = MemoryStore(
      try Dataset.builtIn(.iris).selectingClasses([1, 2]).named("two"))
    try store.createModel(
      #"{"name": "perceptron", "dataset": "two", "architecture": {"name": "logistic", "outputs": 1}, "weight_decay": 0.01, "precision": "float64"}"#
    )
    try store.createModel(
      #"{"name": "pair", "dataset": "two", "architecture": "logistic", "weight_decay": 0.02, "precision": "float64"}"#
    )
    let one = try store.run(#"{"kind": "train", "model": "perceptron", "optimizer": "newton"}"#)
    let two = try store.run(#"{"kind": "train", "model": "pair", "optimizer": "newton"}"#)
    #expect(one["metrics"]?["converged"] == true)
    // Two outputs ±f/2 have half the squared norm: with twice the decay the minimum is the same.
    for set in ["test", "validation"] {
      let (a, b) = (one["metrics"]?[set], two["metrics"]?[set])
      #expect(a?["accuracy"] == b?["accuracy"])
      let losses = (try #require(a?["loss"]?.doubleValue), try #require(b?["loss"]?.doubleValue))
      #expect(abs(losses.0 - losses.1) < 1e-10)
    }
    #expect(try #require(one["metrics"]?["test"]?["accuracy"]?.doubleValue) > 0.85)
    let evaluated = try store.run(#"{"kind": "evaluate", "model": "perceptron"}"#)
    #expect(evaluated["loss"] == one["metrics"]?["test"]?["loss"])
  }

  @Test func longCurvesAreThinnedAndEndWithTheLastEpoch() throws {
    let store = try store()
    let result = try store.run(
      #"{"kind": "train", "model": "perceptron", "epochs": 2500, "batch_size": "all"}"#)
    let epochs = try #require(result["curve"]?.arrayValue).compactMap { $0["epoch"]?.integerValue }
    #expect(epochs == (1...833).map { 3 * $0 } + [2500])
  }

  @Test(arguments: [1, 3]) func threadsChangeNothing(_ threads: Int) throws {
    let (first, second) = (try store(), try store())
    let a = try first.run(Self.pictureTraining, threads: 2)
    let b = try second.run(Self.pictureTraining, threads: threads)
    #expect(try weights(first, a) == weights(second, b))
    #expect(a["curve"] == b["curve"])
  }

  @Test func aDamagedResumeStateIsSaidSo() throws {
    let store = try store()
    let first = MemoryContext { _, detail in detail.hasPrefix("epoch 3 ") ? .stopping : nil }
    #expect(throws: JobInterruption.stopping) { try store.run(Self.perceptronTraining, context: first) }
    let saved = try #require(first.resumeStages["epoch"])
    var lying = saved
    lying[7] = 0xFF
    for damaged in [[], Array(saved.prefix(9)), Array(saved.dropLast(4)), saved + [0, 0, 0, 0], lying] {
      let second = MemoryContext()
      second.resumeStages = ["epoch": damaged]
      let failure = #expect(throws: JobFailure.self) {
        try store.run(Self.perceptronTraining, context: second)
      }
      #expect(failure?.reason == .corrupt)
    }
  }

  @Test func anExplodingTrainingSaysWhatToChange() throws {
    let store = try store()
    let failure = #expect(throws: JobFailure.self) {
      try store.run(
        #"{"kind": "train", "model": "perceptron", "learning_rate": 1e30, "epochs": 3, "batch_size": 16}"#)
    }
    #expect(failure?.reason == .nonFinite)
    #expect(failure?.advice.contains("learning rate") == true)
    #expect(store.checkpoints(ofModel: "perceptron").isEmpty)
    #expect(store.model(named: "perceptron")?.training == nil)
  }

  @Test func anExcludedClassIsNeitherTrainedNorMeasured() throws {
    let store = try store()
    let result = try store.run(
      #"{"kind": "train", "model": "perceptron", "learning_rate": 0.1, "epochs": 20, "batch_size": 16, "exclude": {"class": 2}}"#
    )
    let held = try #require(result["samples"]?["validation"]?.integerValue)
    #expect(held == 12)
    // 40 training samples a class, of which some are held out.
    #expect(try #require(result["samples"]?["train"]?.integerValue) <= 80)
    #expect(result["metrics"]?["test"]?["accuracy"] == 1.0)
    #expect(result["metrics"]?["validation"]?["accuracy"] == 1.0)
  }

  @Test func aTrainedModelIsTrainedFurther() throws {
    let store = try store()
    let first = try store.run(Self.perceptronTraining)
    let second = try store.run(Self.perceptronTraining)
    #expect(store.latestCheckpoint(ofModel: "perceptron")?.parent == first["checkpoint"]?.stringValue)
    let (before, after) = (
      first["curve"]?[0]?["loss"]?.doubleValue, second["curve"]?[0]?["loss"]?.doubleValue
    )
    #expect(try #require(after) < #require(before) / 2)
  }
}

@Suite("Partitions")
struct PartitionTests {
  private func recipe(_ share: Double) -> TrainingRecipe { TrainingRecipe(validationShare: share) }

  @Test func everySampleIsOnOneSideAndTheSeedSaysWhich() {
    let partition = Partition(count: 1000, recipe: recipe(0.1), seed: 4, excluded: [])
    #expect(partition.validation.count == 100)
    #expect((partition.training + partition.validation).sorted() == Array(0..<1000))
    #expect(partition.training == partition.training.sorted())
    #expect(partition == Partition(count: 1000, recipe: recipe(0.1), seed: 4, excluded: []))
    #expect(partition != Partition(count: 1000, recipe: recipe(0.1), seed: 5, excluded: []))
  }

  @Test func leavingSamplesOutDoesNotMoveTheBorder() {
    let whole = Partition(count: 1000, recipe: recipe(0.2), seed: 1, excluded: [])
    let excluded = Array(stride(from: 0, to: 1000, by: 7))
    let part = Partition(count: 1000, recipe: recipe(0.2), seed: 1, excluded: excluded)
    #expect(part.validation == whole.validation)
    #expect(part.training == whole.training.filter { $0 % 7 != 0 })
  }

  @Test func aLargerShareHoldsOutTheSmallerOneToo() {
    let small = Partition(count: 500, recipe: recipe(0.1), seed: 2, excluded: [])
    let large = Partition(count: 500, recipe: recipe(0.3), seed: 2, excluded: [])
    #expect(Set(small.validation).isSubset(of: large.validation))
  }

  @Test func withoutARecipeAllIsForTraining() {
    let partition = Partition(count: 9, recipe: nil, seed: 0, excluded: [2])
    #expect(partition.training == [0, 1, 3, 4, 5, 6, 7, 8])
    #expect(partition.validation.isEmpty)
  }
}
