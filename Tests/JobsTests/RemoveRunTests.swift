import Datasets
import JSON
import Jobs
import Network
import Synchronization
import Tensor
import TestSupport
import Testing

@Suite("Removal runs")
struct RemoveRunTests {
  /// A network that reads digits; trained once for all tests.
  private static let trained = Result<(MemoryStore), any Error> {
    let store = MemoryStore(try Dataset.builtIn(.digits))
    try store.trainDigitReader(on: "digits")
    try store.run(#"{"kind": "retrain", "model": "digits", "class": 8}"#)
    // Small enough for dense matrices: 650 parameters.
    try store.createModel(
      #"{"name": "flat", "dataset": "digits", "weight_decay": 0.0005, "architecture": "logistic"}"#)
    try store.run(#"{"kind": "train", "model": "flat", "epochs": 3}"#)
    return store
  }

  private func remove(
    _ members: String, from model: String = "digits", threads: Int = 2,
    context: MemoryContext = MemoryContext()
  ) throws -> JSONValue {
    try Self.trained.get().run(
      #"{"kind": "remove", "model": "\#(model)", \#(members)}"#, context: context, threads: threads)
  }

  @Test(arguments: ["gif", "fif", "pif", "if"])
  func aClassIsForgottenAndTheRestIsNot(_ estimator: String) throws {
    let context = MemoryContext()
    let result = try remove(#""class": 8, "estimator": "\#(estimator)""#, context: context)
    #expect(try number(result, "before", "self", "accuracy") > 0.8)
    #expect(try number(result, "after", "self", "accuracy") < 0.1)
    let lost = try number(result, "before", "test", "accuracy") - number(result, "after", "test", "accuracy")
    #expect(lost < 0.02)
    #expect(try number(result, "retrained", "self", "accuracy") == 0)
    #expect(try number(result, "retrained", "test", "accuracy") > 0.9)
    #expect(context.fractions == context.fractions.sorted())
    let store = try Self.trained.get()
    let id = try #require(result["checkpoint"]?.stringValue)
    let record = try #require(store.checkpoint(id: id))
    #expect(record.kind == .edited)
    // An edited checkpoint is never taken for the model's own.
    #expect(store.latestCheckpoint(ofModel: "digits")?.id == record.parent)
    // The metrics are those of the saved weights.
    let evaluated = try store.run(#"{"kind": "evaluate", "model": "digits", "checkpoint": "\#(id)"}"#)
    #expect(
      evaluated["per_class"]?[8]?["accuracy"]?.doubleValue
        == (try number(result, "after", "self", "accuracy")))
  }

  @Test func scalesAreChosenByTheYardstickAskedFor() throws {
    let store = try Self.trained.get()
    let scales = "[0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1, 1.4, 2]"
    var chosen: [Double] = []
    for (yardstick, member) in [("accuracy", "score"), ("likelihood", "likelihood_score")] {
      let options =
        #""class": 8, "choose_by": "\#(yardstick)", "solver": {"name": "lsmr", "iterations": 20}, "scales": \#(scales)"#
      let result = try remove(options, from: "flat")
      let sweep = try #require(result["sweep"]?.arrayValue)
      let best = try #require(sweep.max { ($0[member]?.doubleValue ?? 0) < ($1[member]?.doubleValue ?? 0) })
      let row = try #require(sweep.first { $0["scale"] == result["scale"] })
      #expect(row[member] == best[member])
      chosen.append(try number(result, "scale"))
      let compared = try store.run(#"{"kind": "compare", "model": "flat", \#(options)}"#)
      #expect(compared["rows"]?[0]?["scale"]?["mean"] == result["scale"])
      #expect(compared["rows"]?[0]?["validation_score"]?["mean"] == best[member])
    }
    // Otherwise this shows nothing.
    #expect(chosen[0] != chosen[1])
  }

  /// Of the steps of the solver's path too: here the two end at different ones.
  @Test func stepsAreChosenByTheYardstickAskedFor() throws {
    let solved = try ["accuracy", "likelihood"].map { yardstick in
      try remove(#""class": 8, "estimator": "if", "choose_by": "\#(yardstick)""#, from: "flat")["solver"]
    }
    #expect(solved[0] != solved[1])
  }

  @Test func theResultSaysWhatWasDone() throws {
    let result = try remove(#""class": 8, "modification_ratio": 0.1"#)
    let rows = try #require(result["layers"]?.arrayValue)
    #expect(rows.map { $0["parameters"]?.integerValue } == [120, 2616, 970])
    #expect(rows.map { $0["selected"]?.integerValue } == [12, 261, 97])
    #expect(
      result["parameters"] == ["total": 3706, "selectable": 3706, "selected": 370])
    // 1442 training samples, of which 288 are held out.
    #expect(result["samples"]?["validation"]?.integerValue == 288)
    #expect(result["samples"]?["train"]?.integerValue == 1154)
    let sweep = try #require(result["sweep"]?.arrayValue)
    let best = sweep.compactMap { $0["score"]?.doubleValue }.max()
    let chosen = sweep.first { $0["scale"] == result["scale"] }
    #expect(chosen?["score"]?.doubleValue == best)
    let score = try number(result, "after", "score")
    let (a, s) = (
      try number(result, "after", "test", "accuracy"), try number(result, "after", "self", "accuracy")
    )
    #expect(abs(score - 2 * a * (1 - s) / (a + 1 - s)) < 1e-12)
    let solver = try #require(result["solver"])
    #expect(solver["name"] == "lsmr")
    #expect(solver["iterations"]!.integerValue! <= solver["path_iterations"]!.integerValue!)
    #expect(solver["residual_history"]?.arrayValue?.count == solver["path_iterations"]?.integerValue)
    // The path was left on purpose, which is neither a failure nor a warning.
    #expect(solver["ended"] == "best on validation samples")
    #expect(solver["converged"] == nil)
    #expect(result["warnings"] == [])
    // Change and relative change of a layer are those of the weights.
    let store = try Self.trained.get()
    let before = try store.load("digits", as: Float.self)
    let after = try store.load("digits", checkpoint: result["checkpoint"]?.stringValue, as: Float.self).state
    let layer = before.network.layout.neuronLayers[1]
    let places = layer.weights..<layer.weights + layer.parameters
    let difference = places.map {
      Double(after.parameters[$0]) - Double(before.state.parameters[$0])
    }
    #expect(abs((try number(rows[1], "change")) / difference.norm - 1) < 1e-5)
  }

  /// The Hessian of a network is indefinite: the path of CG ends there, and its best step is taken.
  @Test func aPathThatEndsAtNegativeCurvatureSaysSo() throws {
    let result = try remove(#""class": 8, "estimator": "fif", "solver": "cg", "modification_ratio": 0.5"#)
    #expect(result["solver"]?["reason"] == "negative_curvature")
    #expect(result["solver"]?["ended"] == "best on validation samples")
    #expect(try number(result, "after", "self", "accuracy") < 0.2)
  }

  @Test(arguments: ["gif", "pif"]) func threadsAndRepetitionChangeNothing(_ estimator: String) throws {
    let members = #""class": 8, "estimator": "\#(estimator)", "hessian_samples": 300, "gradient_samples": 50"#
    let store = try Self.trained.get()
    func run(_ threads: Int) throws -> (bytes: [UInt8], result: JSONValue) {
      let result = try remove(members, threads: threads)
      let bytes = try store.weights(ofCheckpoint: #require(result["checkpoint"]?.stringValue))
      var object = try #require(result.objectValue)
      object["checkpoint"] = nil
      return (bytes, .object(object))
    }
    let first = try run(1)
    for threads in [1, 2, 3] {
      let again = try run(threads)
      #expect(again.bytes == first.bytes)
      #expect(again.result == first.result)
    }
  }

  @Test(arguments: [
    "top_outputs", "top_gradients", "threshold", "random", "lowest_outputs", "lowest_gradients",
  ])
  func everySelectionChangesItsShareAlone(_ selection: String) throws {
    let result = try remove(
      #""class": 8, "modification_ratio": 0.3, "selection": "\#(selection)", "seed": 3"#)
    #expect(result["parameters"]?["selected"]?.integerValue == 36 + 784 + 291)
    let store = try Self.trained.get()
    let before = try store.load("digits", as: Float.self).state.parameters
    let after = try store.load("digits", checkpoint: result["checkpoint"]?.stringValue, as: Float.self).state
      .parameters
    let changed = before.indices.filter { before[$0] != after[$0] }.count
    #expect(changed <= 36 + 784 + 291 && changed > 500)
    #expect(try number(result, "after", "score") >= number(result, "before", "score"))
  }

  @Test(arguments: ["lsmr", "cg", "minres", "neumann", "arnoldi", "lissa", "direct"], ["fif", "pif", "gif"])
  func everySolverGivesAnUpdate(_ solver: String, _ estimator: String) throws {
    let options =
      switch solver {
      case "direct": ""
      case "lissa", "arnoldi": #", "iterations": 50"#
      default: #", "iterations": 12"#
      }
    let members =
      #""class": 8, "estimator": "\#(estimator)", "modification_ratio": 0.05, "hessian_samples": 200, "damping": 0.05, "#
      + #""hessian": "gauss_newton", "solver": {"name": "\#(solver)"\#(options)}"#
    if solver == "lissa", estimator == "gif" {
      #expect(throws: RequestRejection.self) { try remove(members, from: "flat") }
      return
    }
    let result = try remove(members, from: "flat")
    #expect(result["solver"]?["name"]?.stringValue == solver)
    let residual = try number(result, "solver", "relative_residual")
    #expect(residual < (solver == "direct" ? 1e-6 : 1))
    let converged = try #require(result["solver"]?["converged"]) == .bool(true)
    #expect(result["warnings"]?.arrayValue?.isEmpty == converged)
    #expect((result["solver"]?["reason"] == .null) == converged)
  }

  @Test func aGroupOfSamplesIsMeasuredOnItself() throws {
    let store = try Self.trained.get()
    let partition = Partition(
      count: 1442, recipe: store.model(named: "digits")?.training, seed: 0, excluded: [])
    let group = Array(partition.training.prefix(20)) + Array(partition.validation.prefix(3))
    let result = try remove(#""indices": \#(group)"#)
    // Held-out samples were never trained on: they are no part of the group.
    #expect(result["samples"]?["group"]?.integerValue == 20)
    #expect(try number(result, "before", "self", "accuracy") > 0.9)
    #expect(try number(result, "after", "self", "loss") > number(result, "before", "self", "loss"))
    #expect(result["retrained"] == .null)
    let failure = #expect(throws: JobFailure.self) {
      try remove(#""indices": \#(Array(partition.validation.prefix(3)))"#)
    }
    #expect(failure?.reason == .unacceptable)
  }

  @Test func givenScalesAreTriedEachFromTheOriginalWeights() throws {
    let result = try remove(#""class": 8, "scales": [0, 8, 16]"#)
    #expect(result["sweep"]?.arrayValue?.compactMap { $0["scale"]?.doubleValue } == [0, 8, 16])
    let nothing = try remove(#""class": 8, "scales": [0]"#)
    #expect(nothing["after"] == nothing["before"])
    let store = try Self.trained.get()
    #expect(
      try store.weights(ofCheckpoint: #require(nothing["checkpoint"]?.stringValue))
        == store.weights(ofCheckpoint: #require(store.latestCheckpoint(ofModel: "digits")?.id)))
  }

  /// Every kept round is better on validation samples, and all rounds move the same parameters. The round
  /// that gained nothing is reported with its cost.
  @Test func roundsMoveTheSameParametersAndGain() throws {
    let result = try remove(#""class": 8, "modification_ratio": 0.05, "rounds": 6"#)
    let rounds = try #require(result["rounds"]?.arrayValue)
    let kept = rounds.map { $0["kept"] == true }
    #expect((1...6).contains(rounds.count) && kept[0])
    #expect(!kept.dropLast().contains(false) && (kept.last == false || rounds.count == 6))
    let scores = zip(rounds, kept).filter(\.1).compactMap { $0.0["validation_score"]?.doubleValue }
    #expect(scores == scores.sorted())
    #expect(rounds.allSatisfy { ($0["curvature_products"]?.integerValue ?? 0) > 0 })
    let store = try Self.trained.get()
    func parameters(_ checkpoint: JSONValue?) throws -> [Float] {
      try store.load("digits", checkpoint: checkpoint?.stringValue, as: Float.self).state.parameters
    }
    let start = try parameters(nil)
    func changed(_ result: JSONValue) throws -> Set<Int> {
      let edited = try parameters(result["checkpoint"])
      return Set(start.indices.filter { start[$0] != edited[$0] })
    }
    let once = try remove(#""class": 8, "modification_ratio": 0.05"#)
    #expect(once["rounds"] == nil)
    let selected = try #require(result["parameters"]?["selected"]?.integerValue)
    #expect(try changed(result).union(changed(once)).count <= selected)
    #expect(try number(result, "after", "score") >= number(once, "after", "score") - 0.02)
  }

  /// A round whose solve fails ends the search. The earlier rounds are kept.
  @Test(arguments: [
    (#""estimator": "if", "solver": {"name": "neumann", "scale": 1}"#, "has grown"),
    (
      #""require_convergence": true, "solver": {"name": "lsmr", "iterations": 10, "tolerance": 0.001}"#,
      "The solve stopped"
    ),
  ])
  func aRoundThatFailsEndsThem(_ solve: String, _ reason: String) throws {
    let once = try remove(#""class": 8, \#(solve)"#, from: "flat")
    let result = try remove(#""class": 8, "rounds": 3, \#(solve)"#, from: "flat")
    #expect(result["rounds"]?.arrayValue?.count == 1)
    #expect(result["after"] == once["after"])
    let warnings = result["warnings"]?.arrayValue?.compactMap(\.stringValue) ?? []
    #expect(warnings.contains { $0.hasPrefix("Round 2 was not made:") && $0.contains(reason) }, "\(warnings)")
    let compared = try Self.trained.get().run(
      #"{"kind": "compare", "model": "flat", "class": 8, "rounds": 3, \#(solve)}"#)
    #expect(compared["rows"]?[0]?["failed"] == 0)
    #expect(compared["rows"]?[0]?["score"]?["mean"] == once["after"]?["score"])
    let told = compared["warnings"]?.arrayValue?.compactMap(\.stringValue) ?? []
    #expect(told.count == 1 && told[0].hasPrefix("seed 0, ") && told[0].contains(": Round 2 was"), "\(told)")
  }

  /// The curve measures as the report does: at 0 nothing has changed, and at the chosen scale it equals the
  /// result.
  @Test func theCurveIsMeasuredOnTestSamples() throws {
    let context = MemoryContext()
    let result = try remove(#""class": 8, "scales": [8], "curve": [0, 4, 8]"#, context: context)
    let curve = try #require(result["curve"]?.arrayValue)
    #expect(curve.map { $0["scale"]?.doubleValue } == [0, 4, 8])
    for (row, report) in [(curve[0], "before"), (curve[2], "after")] {
      #expect(row["self_loss"] == result[report]?["self"]?["loss"])
      #expect(row["test_accuracy"] == result[report]?["test"]?["accuracy"])
      #expect(row["score"] == result[report]?["score"])
    }
    #expect(curve[1]["self_loss"] != curve[0]["self_loss"])
    let artifact = try #require(context.artifacts["curve.npy"])
    #expect(artifact.shape == [3, 6])
    #expect(try remove(#""class": 8, "scales": [8]"#)["curve"] == nil)
  }

  @Test(arguments: ["select", "linearize", "solve", "scale", "measure"])
  func anInterruptionEndsTheRunAndLeavesNothing(_ phase: String) throws {
    let context = MemoryContext { now, _ in now == phase ? .cancelled : nil }
    #expect(throws: JobInterruption.cancelled) { try remove(#""class": 8"#, context: context) }
    #expect(context.outputs.isEmpty)
  }

  @Test func aRetrainedModelIsTheReferenceOfItsModelAndGroup() throws {
    let store = try Self.trained.get()
    let reference = try #require(store.model(named: "digits-without-class-8"))
    #expect(
      reference.reference
        == RetrainReference(model: "digits", group: .label(8), recovers: false))
    let made = try #require(store.latestCheckpoint(ofModel: "digits-without-class-8"))
    #expect(made.record.edits.map(\.group) == [.label(8)])
    #expect(made.record.counts?.absentClasses == [8])
    let result = try store.run(
      #"{"kind": "evaluate", "model": "digits-without-class-8", "split": "test"}"#)
    #expect(result["per_class"]?[8]?["accuracy"] == 0.0)
    #expect(try number(result, "accuracy") > 0.8)
  }

  /// A later training that holds out and leaves out other samples says nothing of the weights before it.
  @Test func aCheckpointIsReadByTheRecipeThatTrainedIt() throws {
    let store = MemoryStore(try Dataset.builtIn(.iris))
    try store.createModel(#"{"name": "m", "dataset": "iris", "architecture": "logistic"}"#)
    func train(_ options: String) throws -> String {
      let result = try store.run(#"{"kind": "train", "model": "m", "epochs": 1, \#(options)}"#)
      return try #require(result["checkpoint"]?.stringValue)
    }
    func counts(_ checkpoint: String) throws -> [Int?] {
      let result = try store.run(
        #"{"kind": "remove", "model": "m", "checkpoint": "\#(checkpoint)", "class": 2, "scales": [1]}"#)
      let edited = try #require(result["checkpoint"]?.stringValue)
      #expect(store.checkpoint(id: edited)?.training == store.checkpoint(id: checkpoint)?.training)
      return ["train", "group", "validation"].map { result["samples"]?[$0]?.integerValue }
    }
    let first = try train(#""validation": 0.25"#)
    let before = try counts(first)
    let second = try train(#""checkpoint": "\#(first)", "validation": 0, "exclude": {"class": 2}"#)
    #expect(try counts(first) == before)
    #expect(before[2] == 30)
    #expect(throws: JobFailure.self) { try counts(second) }
    // Weights that were not trained here may have been trained on anything.
    #expect(try counts(try store.insertInitial("m", Float.self)) == [120, 40, 0])
  }

  /// A retrained model is a reference for checkpoints of the same samples alone.
  @Test func aReferenceIsOneOfTheSameSamples() throws {
    let store = MemoryStore(try Dataset.builtIn(.iris))
    try store.createModel(#"{"name": "m", "dataset": "iris", "architecture": "logistic"}"#)
    var checkpoints: [String] = []
    for validation in [0.25, 0.1] {
      let trained = try store.run(
        #"{"kind": "train", "model": "m", "checkpoint": "initial", "epochs": 1, "validation": \#(validation)}"#
      )
      checkpoints.append(try #require(trained["checkpoint"]?.stringValue))
    }
    func reference(_ checkpoint: String) throws -> JSONValue? {
      let result = try store.run(
        #"{"kind": "remove", "model": "m", "checkpoint": "\#(checkpoint)", "class": 2, "scales": [1]}"#)
      return result["retrained"]?["checkpoint"]
    }
    func retrain(_ checkpoint: String, seed: Int = 0) throws -> JSONValue? {
      try store.run(
        #"{"kind": "retrain", "model": "m", "checkpoint": "\#(checkpoint)", "class": 2, "seed": \#(seed)}"#)[
          "checkpoint"]
    }
    // Its seed holds out others.
    _ = try retrain(checkpoints[0], seed: 5)
    #expect(try reference(checkpoints[0]) == nil)
    let first = try retrain(checkpoints[0])
    #expect(try reference(checkpoints[0]) == first)
    #expect(try reference(checkpoints[1]) == nil)
    let second = try retrain(checkpoints[1])
    #expect(second != first)
    #expect(try reference(checkpoints[0]) == first)
    #expect(try reference(checkpoints[1]) == second)
  }

  /// Samples that the recipe leaves out stay out.
  @Test func retrainingJoinsTheGroupAndWhatTheRecipeLeavesOut() throws {
    let iris = try Dataset.builtIn(.iris)
    let store = MemoryStore(iris)
    try store.createModel(#"{"name": "m", "dataset": "iris", "architecture": "logistic"}"#)
    try store.run(
      #"{"kind": "train", "model": "m", "epochs": 1, "validation": 0, "exclude": {"class": 2}}"#)
    let result = try store.run(
      #"{"kind": "retrain", "model": "m", "indices": [0, 1, 2], "name": "again"}"#)
    #expect(result["samples"]?["train"]?.integerValue == 77)
    let made = try #require(store.latestCheckpoint(ofModel: "again"))
    #expect(made.training?.excluded == .label(2))
    #expect(made.record.edits.map(\.group) == [.indices([0, 1, 2])])
    #expect(made.record.counts?.trained == 77)
  }
}
