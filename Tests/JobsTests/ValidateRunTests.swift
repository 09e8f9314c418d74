import Datasets
import Influence
import JSON
import Jobs
import Network
import Tensor
import Testing

@Suite("Validation runs")
struct ValidateRunTests {
  // MARK: Ridge regression in closed form

  private func column(_ test: JSONValue, _ name: String) throws -> [Double] {
    try #require(test["pairs"]?.arrayValue).map { try #require($0[name]?.doubleValue) }
  }

  /// Truth and estimate are those of the normal equations; so is the plain score.
  @Test(arguments: ["checkpoint", "scratch"], ["newton", "lbfgs"])
  func ridgeRegressionIsThatOfTheNormalEquations(_ from: String, _ optimizer: String) throws {
    let (store, ridge) = try Ridge.trained(decay: 0.1)
    let context = MemoryContext()
    let result = try store.run(
      #"{"kind": "validate", "model": "ridge", "from": "\#(from)", "test": {"indices": [3, 7]}, "candidates": {"indices": [0, 5, 59, 17]}, "solver": "direct", "training": {"optimizer": "\#(optimizer)"}}"#,
      context: context)
    let whole = try ridge.minimum()
    let h = ridge.system().hessian
    for (place, test) in [3, 7].enumerated() {
      let row = try #require(result["tests"]?[place])
      #expect(row["index"]?.integerValue == test)
      let error = ridge.test[test].row.dot(whole) - ridge.test[test].target
      let gradient = ridge.test[test].row.map { 2 * error * $0 }
      let factor = try DenseAlgebra.solvePositiveDefinite(h, order: 5, rightHandSides: [gradient])[0]
      for (pair, sample) in [0, 5, 17, 59].enumerated() {
        let pair = try #require(row["pairs"]?[pair])
        #expect(pair["train"]?.integerValue == sample)
        let without = try ridge.minimum(without: [sample])
        let own = ridge.rows[sample].dot(whole) - ridge.targets[sample]
        let ownGradient = ridge.rows[sample].map { 2 * own * $0 }
        let change = ridge.testLoss(test, without) - ridge.testLoss(test, whole)
        func expect(_ name: String, _ expected: Double, _ tolerance: Double) {
          let found = pair[name]?.doubleValue ?? .nan
          #expect(abs(found - expected) <= tolerance * abs(expected), "\(name) \(found) \(expected)")
        }
        let score = factor.dot(ownGradient)
        expect("score", score, 1e-10)
        expect("estimated", (score + 0.1 * factor.dot(whole)) / 59, 1e-10)
        expect("retrained", change, 1e-7)
        var moved = without
        moved.add(-1, times: whole)
        expect("retrained_norm", moved.norm, 1e-7)
      }
      #expect(try #require(row["pearson"]?.doubleValue) > 0.9)
      #expect(row["solver"]?["converged"] == true)
    }
    #expect(result["retraining"]?["converged"] == true)
    #expect(result["warnings"] == [])
    #expect(context.fractions == context.fractions.sorted())
    #expect(context.artifacts["estimated.npy"]?.shape == [2, 4])
    #expect(context.artifacts["train.npy"]?.type == .int64)
  }

  /// Without weight decay the change of θ is (1/n)H⁻¹∇ℓ/(1 − h), h = 2xᵀH⁻¹x/n. The estimate of the norm has
  /// 1/(n − 1), so it gives the truth times (n − 1)/n over 1 − h.
  @Test func leaveOneOutOfLeastSquaresByItsLeverage() throws {
    let (store, ridge) = try Ridge.trained(decay: 0)
    let result = try store.run(
      #"{"kind": "validate", "model": "ridge", "candidates": "random", "count": 12, "solver": "direct"}"#)
    let test = try #require(result["tests"]?[0])
    let samples = try #require(test["pairs"]?.arrayValue).map { try #require($0["train"]?.integerValue) }
    let (estimated, retrained) = (try column(test, "estimated_norm"), try column(test, "retrained_norm"))
    let h = ridge.system().hessian
    for (place, sample) in samples.enumerated() {
      let x = ridge.rows[sample]
      let solved = try DenseAlgebra.solvePositiveDefinite(h, order: 5, rightHandSides: [x])[0]
      let leverage = 2 * x.dot(solved) / 60
      let exact = estimated[place] * (59.0 / 60) / (1 - leverage)
      #expect(abs(retrained[place] - exact) < 1e-10 * exact)
    }
  }

  /// On a quadratic risk a group's Newton step equals retraining, and the second order is nearer to it than
  /// the first.
  @Test(arguments: [
    #"{"count": 6, "size": 5}"#, #"{"count": 6, "fraction": 0.1}"#, "[[1, 2, 3], [10, 3, 40, 41, 7], [9]]",
  ]) func groupsOfRidgeRegression(_ groups: String) throws {
    let (store, ridge) = try Ridge.trained(decay: 0.1)
    let context = MemoryContext()
    let result = try store.run(
      #"{"kind": "validate", "model": "ridge", "test": {"pick": "highest_loss", "count": 3}, "groups": \#(groups), "solver": "direct", "seed": 4}"#,
      context: context)
    let found = try #require(result["groups"])
    let rows = try #require(found["rows"]?.arrayValue)
    for row in rows {
      func norm(_ name: String) throws -> Double { try #require(row["norms"]?[name]?.doubleValue) }
      #expect(abs(try norm("newton") - norm("retrained")) < 1e-9 * (try norm("retrained")))
      #expect(
        abs(try norm("second_order") - norm("retrained")) < abs(try norm("first_order") - norm("retrained")))
    }
    if groups.hasPrefix("[") {
      // Indices in any order are a set.
      let without = try ridge.minimum(without: [3, 7, 10, 40, 41])
      let whole = try ridge.minimum()
      let test = try #require(result["tests"]?[0]?["index"]?.integerValue)
      let change = ridge.testLoss(test, without) - ridge.testLoss(test, whole)
      let retrained = try #require(rows[1]["retrained"]?[0]?.doubleValue)
      #expect(abs(retrained - change) < 1e-8 * abs(change))
    } else {
      #expect(rows.count == 6)
      #expect(Set(rows.map { $0["size"]?.integerValue }) == [groups.contains("size") ? 5 : 6])
      for order in ["first_order", "second_order", "newton"] {
        #expect(try #require(found["score"]?[order]?.doubleValue) > 0.9)
      }
    }
    #expect(result["tests"]?[0]?["pairs"] == [])
    #expect(context.artifacts["group_estimates.npy"]?.shape == [3, 3, rows.count])
  }

  // MARK: Classification

  private func digits(_ training: String?, precision: String = "float64", train: Int = 300) throws
    -> MemoryStore
  {
    let store = MemoryStore(
      try Dataset.builtIn(.digits).taking(Take(train: train, test: 60)).named("some-digits"))
    try store.createModel(
      #"{"name": "logistic", "dataset": "some-digits", "architecture": "logistic", "precision": "\#(precision)", "weight_decay": 0.1}"#
    )
    if let training { try store.run(training) }
    return store
  }

  private static let newton =
    #"{"kind": "train", "model": "logistic", "optimizer": "newton", "validation": 0}"#

  @Test func logisticRegressionOfDigitsFollowsNewtonRefits() throws {
    let store = try digits(Self.newton)
    let result = try store.run(
      #"{"kind": "validate", "model": "logistic", "test": {"pick": "highest_loss", "count": 2}, "count": 20}"#
    )
    for test in try #require(result["tests"]?.arrayValue) {
      #expect(try #require(test["pearson"]?.doubleValue) > 0.99)
      #expect(try #require(test["spearman"]?.doubleValue) > 0.97)
      // The most influential first, whichever way.
      let scores = try column(test, "score").map(\.magnitude)
      #expect(scores == scores.sorted(by: >))
      let (estimated, retrained) = (try column(test, "estimated_norm"), try column(test, "retrained_norm"))
      // Short by the leverage of points of large gradients.
      for (a, b) in zip(estimated, retrained) { #expect(a < b && a > 0.75 * b) }
    }
    #expect(result["retraining"]?["converged"] == true)
    #expect(result["solves"]?["converged"] == result["solves"]?["count"])
  }

  @Test func fromTheCheckpointAndFromScratchAgreeOnAConvexRisk() throws {
    let store = try digits(Self.newton)
    let results = try ["checkpoint", "scratch"].map { from in
      try store.run(
        #"{"kind": "validate", "model": "logistic", "from": "\#(from)", "candidates": "percentile", "count": 5}"#
      )
    }
    let tests = try results.map { try #require($0["tests"]?[0]) }
    let (a, b) = (try column(tests[0], "retrained"), try column(tests[1], "retrained"))
    for (a, b) in zip(a, b) { #expect(abs(a - b) <= 1e-6 * abs(a)) }
    #expect(try column(tests[0], "estimated") == column(tests[1], "estimated"))
  }

  private static let descent =
    #"{"kind": "train", "model": "logistic", "learning_rate": 0.05, "epochs": 4, "batch_size": 32, "validation": 0.1}"#

  /// The whole recipe from the initial weights without leaving anything out is the training itself.
  @Test func theControlFromScratchIsTheModel() throws {
    let store = try digits(Self.descent, precision: "float32")
    let result = try store.run(
      #"{"kind": "validate", "model": "logistic", "from": "scratch", "test": {"indices": [4, 2]}, "count": 2}"#
    )
    let tests = try #require(result["tests"]?.arrayValue)
    #expect(result["retraining"]?["control"]?["losses"]?.arrayValue == tests.map { $0["loss"] ?? .null })
    #expect(result["samples"] == 270)
    #expect(result["retraining"]?["steps"] == 36)
  }

  /// Unconverged weights drift further. The effect is the difference to a training with the same drift.
  @Test func theDriftOfUnconvergedWeightsCancels() throws {
    let store = try digits(Self.descent)
    let body =
      #"{"kind": "validate", "model": "logistic", "test": {"mean": true}, "count": 30, "retrain_steps": 300}"#
    let result = try store.run(body)
    let test = try #require(result["tests"]?[0])
    let control = try #require(result["retraining"]?["control"])
    let drift = try abs(#require(control["losses"]?[0]?.doubleValue) - #require(test["loss"]?.doubleValue))
    let changes = try column(test, "retrained")
    #expect(drift > 3 * changes.map(\.magnitude).max()!)
    #expect(try #require(test["pearson"]?.doubleValue) > 0.8)
  }

  @Test(arguments: [newton, descent]) func threadsAndInterruptionsChangeNothing(_ training: String) throws {
    let store = try digits(training, precision: "float32", train: 120)
    let body =
      #"{"kind": "validate", "model": "logistic", "candidates": "random", "count": 4, "retrain_fraction": 0.5, "groups": {"count": 2, "fraction": 0.1}}"#
    let expected = try store.run(body, threads: 1)
    #expect(try store.run(body, threads: 3) == expected)
    let first = MemoryContext { phase, detail in
      phase == "retrain" && detail.hasPrefix("3 of") ? .stopping : nil
    }
    #expect(throws: JobInterruption.stopping) { try store.run(body, context: first, threads: 1) }
    let second = MemoryContext(resuming: first)
    #expect(try store.run(body, context: second) == expected)
    // The control is trained again, three of the others are not.
    #expect(second.details.allSatisfy { !$0.hasPrefix("retrain: 0 of") && !$0.hasPrefix("retrain: 2 of") })
    var stages = first.resumeStages
    for (name, bytes) in stages { stages[name] = bytes.dropLast(3) }
    let third = MemoryContext()
    third.resumeStages = stages
    let failure = #expect(throws: JobFailure.self) { try store.run(body, context: third) }
    #expect(failure?.reason == .corrupt)
  }

  /// A float32 model in float64: differences that float32 rounds away.
  @Test func singlePrecisionIsWidened() throws {
    let store = try digits(Self.newton, precision: "float32", train: 120)
    let result = try store.run(
      #"{"kind": "validate", "model": "logistic", "precision": "float64", "count": 4}"#)
    #expect(result["precision"] == "float64")
    #expect(try #require(result["tests"]?[0]?["pairs"]?[0]?["estimated_norm"]?.doubleValue) > 0)
    let without = try store.run(
      #"{"kind": "validate", "model": "logistic", "precision": "float64", "count": 4, "norms": false}"#)
    #expect(without["tests"]?[0]?["pairs"]?[0]?["estimated_norm"] == .null)
    #expect(without["solves"]?["count"] == 1)
    #expect(without["tests"]?[0]?["pearson"] == result["tests"]?[0]?["pearson"])
    #expect(try #require(result["tests"]?[0]?["pearson"]?.doubleValue) > 0.99)
    #expect(result["retraining"]?["converged"] == true)
  }

  @Test func whatDoesNotConvergeIsSaid() throws {
    let store = try digits(Self.newton, train: 120)
    let body =
      #"{"kind": "validate", "model": "logistic", "count": 2, "retrain_steps": 1, "solver": {"name": "cg", "iterations": 2}"#
    let result = try store.run(body + #", "require_convergence": false}"#)
    let warnings = try #require(result["warnings"]?.arrayValue).compactMap(\.stringValue)
    #expect(warnings.contains { $0.contains("solves did not converge") })
    #expect(warnings.contains { $0.contains("trainings ended before their minimum") })
    let failure = #expect(throws: JobFailure.self) {
      try store.run(body + #", "require_convergence": true}"#)
    }
    #expect(failure?.reason == .notConverged)
  }

  @Test func aGroupOfAllThatIsLeftIsRefused() throws {
    let store = MemoryStore(try Dataset.builtIn(.iris))
    try store.createModel(
      #"{"name": "few", "dataset": "iris", "precision": "float64", "weight_decay": 0.1, "architecture": "logistic"}"#
    )
    try store.insertInitial("few", Double.self)
    let all = try (2..<store.loadDataset(named: "iris").train.count).map(String.init).joined(separator: ", ")
    let failure = #expect(throws: JobFailure.self) {
      try store.run(
        #"""
        {"kind": "validate", "model": "few", "groups": [[0, 1]],
         "training": {"optimizer": "newton", "validation": 0, "exclude": {"indices": [\#(all)]}}}
        """#)
    }
    #expect(failure?.reason == .unacceptable)
  }
}
