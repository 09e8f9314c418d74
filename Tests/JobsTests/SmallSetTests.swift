import Datasets
import Formats
import Foundation
import JSON
import Jobs
import Testing

/// A default fits any number of samples, so no fault names a number that the client did not send.
@Suite("Defaults fit any n")
struct SmallSetTests {
  private func store(_ count: Int, values: Bool) throws -> MemoryStore {
    let x = (0..<2 * count).map { sin(Double(3 * $0)) }
    let set =
      values
      ? try TrainingVerdictTests.dataset(
        "d", inputs: x, shape: [count, 2], targets: (0..<count).map { cos(Double($0)) })
      : try TrainingVerdictTests.dataset(
        "d", inputs: x, shape: [count, 2], labels: (0..<count).map { $0 % 2 })
    let store = MemoryStore(set)
    let kind = values ? #""architecture": "linear", "loss": "mse""# : #""architecture": "logistic""#
    try store.createModel(
      #"{"name": "m", "dataset": "d", \#(kind), "weight_decay": 0.01, "precision": "float64", "training": {}}"#
    )
    try store.run(#"{"kind": "train", "model": "m"}"#)
    return store
  }

  @Test(arguments: 1...4, [false, true]) func everyKindByDefaults(_ count: Int, _ values: Bool) throws {
    let store = try store(count, values: values)
    #expect(store.model(named: "m")?.training?.validationShare == 0)
    var bodies = [
      #"{"kind": "train", "model": "m", "optimizer": "adam"}"#,
      #"{"kind": "train", "model": "m", "optimizer": "lbfgs"}"#,
      #"{"kind": "train", "model": "m", "optimizer": "newton"}"#, #"{"kind": "evaluate", "model": "m"}"#,
      #"{"kind": "influence", "model": "m"}"#,
      #"{"kind": "influence", "model": "m", "self_influence": true, "self_solver": "arnoldi"}"#,
      #"{"kind": "influence", "model": "m", "solver": "lissa", "damping": 1}"#,
      #"{"kind": "influence", "model": "m", "solver": {"name": "cg", "preconditioner": "nystrom"}}"#,
      #"{"kind": "influence", "model": "m", "solver": {"name": "cg", "preconditioner": "jacobi"}}"#,
      #"{"kind": "domain_mismatch", "model": "m", "groups": [{"indices": [0]}]}"#,
      #"{"kind": "spectrum", "model": "m"}"#, #"{"kind": "spectrum", "model": "m", "density": {}}"#,
      #"{"kind": "spectrum", "model": "m", "retrain": true}"#,
    ]
    // One sample must remain when another is left out.
    if count > 1 {
      bodies += [
        #"{"kind": "validate", "model": "m"}"#,
        #"{"kind": "validate", "model": "m", "candidates": "percentile"}"#,
        #"{"kind": "validate", "model": "m", "candidates": "random", "solver": "direct"}"#,
        #"{"kind": "validate", "model": "m", "groups": {"count": 2, "size": 1}}"#,
        #"{"kind": "retrain", "model": "m", "indices": [0]}"#,
        #"{"kind": "remove", "model": "m", "indices": [0], "modification_ratio": 1}"#,
        #"{"kind": "remove", "model": "m", "indices": [0], "estimator": "if"}"#,
        #"{"kind": "sweep", "dataset": "d", "architectures": ["linear"], "weight_decays": [0.01], "loss": "mse", "training": {}}"#,
      ]
    }
    if !values { bodies.append(#"{"kind": "attack", "model": "m", "test": {}, "iterations": 1}"#) }
    for body in bodies {
      #expect(throws: Never.self, "\(body) of \(count)") { try store.run(body) }
    }
  }

  @Test func aSingleSampleCannotBeLeftOut() throws {
    let store = try store(1, values: true)
    let refusal = #expect(throws: RequestRejection.self) {
      try store.run(#"{"kind": "validate", "model": "m"}"#)
    }
    #expect(refusal?.faults.first?.detail.contains("single sample") == true)
  }

  /// All of six, one at a time, by name, by number and by default; a group of all six stays refused.
  @Test func everySampleOneAtATime() throws {
    let store = try store(6, values: true)
    try store.run(#"{"kind": "train", "model": "m", "optimizer": "newton", "validation": 0}"#)
    let ridge = try Ridge(store.loadDataset(named: "d"), decay: 0.01)
    let whole = try ridge.testLoss(0, ridge.minimum())
    for members in [#""count": 6"#, #""candidates": {"indices": [0, 1, 2, 3, 4, 5]}"#, #""seed": 0"#] {
      let result = try store.run(
        #"{"kind": "validate", "model": "m", "test": {"indices": [0]}, "solver": "direct", \#(members)}"#)
      let pairs = try #require(result["tests"]?[0]?["pairs"]?.arrayValue)
      #expect(Set(pairs.compactMap { $0["train"]?.integerValue }) == Set(0..<6), "\(members)")
      for pair in pairs {
        let index = try #require(pair["train"]?.integerValue)
        let change = try ridge.testLoss(0, ridge.minimum(without: [index])) - whole
        #expect(abs(try #require(pair["retrained"]?.doubleValue) - change) < 1e-9)
      }
    }
    let refusal = #expect(throws: RequestRejection.self) {
      try store.run(#"{"kind": "validate", "model": "m", "groups": [[0, 1, 2, 3, 4, 5]]}"#)
    }
    #expect(refusal?.faults.first?.detail.contains("at most 5 of the 6") == true)
  }

  @Test(arguments: [
    (3, 0.1, "0.1 leaves no validation sample of 3; use at least 0.34, or 0 for none"),
    (600, 0.0005, "0.0005 leaves no validation sample of 600; use at least 0.0017, or 0 for none"),
    (3, 0.9, "0.9 leaves no sample to train on of 3; use at most 0.66, or 0 for none"),
    (1, 0.6, "0.6 leaves no sample to train on of 1; use 0 for none"),
  ]) func aShareThatIsGivenIsTold(_ count: Int, _ share: Double, _ detail: String) throws {
    var recipe = try TrainingRecipe(json: ["validation": .number(share)])
    let set = CatalogDataset(
      name: "d", inputShape: [2], targets: .values(1), trainCount: count, testCount: 0)
    let faults = RequestFaults()
    recipe.check(set, at: .root, faults)
    #expect(faults.list.map(\.detail) == [detail])
    // The value that the message advises is accepted.
    var given = try TrainingRecipe(json: ["optimizer": "adam"])
    let none = RequestFaults()
    given.check(set, at: .root, none)
    #expect(none.isEmpty)
  }
}
