import Datasets
import JSON
import Jobs
import Tensor
import Testing

@Suite("Comparison runs")
struct CompareRunTests {
  private static let trained = Result<MemoryStore, any Error> {
    let clean = try Dataset.builtIn(.digits)
    let store = MemoryStore(
      clean, try clean.poisoned(Poison(trigger: .patch(size: 2), fraction: 0.1, label: 4)).named("marked"))
    for (name, dataset) in [("digits", "digits"), ("backdoored", "marked")] {
      try store.createModel(
        #"{"name": "\#(name)", "dataset": "\#(dataset)", "weight_decay": 0.0005, "architecture": {"name": "mlp", "hidden": [32]}}"#
      )
      try store.run(
        #"{"kind": "train", "model": "\#(name)", "epochs": 8, "batch_size": 64, "validation": 0.2}"#)
    }
    try store.run(#"{"kind": "retrain", "model": "digits", "class": 8}"#)
    return store
  }

  private func compare(
    _ members: String, of model: String = "digits", context: MemoryContext = MemoryContext()
  ) throws -> JSONValue {
    try Self.trained.get().run(
      #"{"kind": "compare", "model": "\#(model)", \#(members)}"#, context: context)
  }

  /// The value without seconds, which differ between any two runs.
  private func withoutSeconds(_ value: JSONValue) -> JSONValue {
    switch value {
    case .array(let elements): .array(elements.map(withoutSeconds))
    case .object(let object):
      .object(
        JSONObject(
          object.members.filter { $0.name != "seconds" }.map { ($0.name, withoutSeconds($0.value)) }))
    default: value
    }
  }

  @Test func everyCellIsTheRemovalByItself() throws {
    let store = try Self.trained.get()
    let result = try compare(
      #"""
      "class": 8, "estimator": ["gif", "fif", "pif", "if"], "modification_ratio": [0.1, 0.3],
      "selection": ["top_outputs", "random"], "hessian_samples": 300, "seed": 3
      """#)
    let rows = try #require(result["rows"]?.arrayValue)
    #expect(rows.count == 3 * 4 + 1)
    var products = 0
    for (place, row) in rows.enumerated() {
      let estimator = try #require(row["estimator"]?.stringValue)
      let choice =
        estimator == "if"
        ? ""
        : #", "modification_ratio": \#(JSONWriter.text(row["modification_ratio"] ?? .null)), "selection": \#(JSONWriter.text(row["selection"] ?? .null))"#
      let alone = try store.run(
        #"{"kind": "remove", "model": "digits", "class": 8, "estimator": "\#(estimator)", "hessian_samples": 300, "seed": 3\#(choice)}"#
      )
      for (name, path) in [
        ("self_accuracy", ["self", "accuracy"]), ("test_loss", ["test", "loss"]), ("score", ["score"]),
      ] {
        let expected = path.reduce(alone["after"]) { $0?[$1] }
        #expect(row[name]?["mean"] == expected, "\(estimator) \(name)")
        #expect(row[name]?["deviation"] == .null)
      }
      #expect(row["scale"]?["mean"] == alone["scale"])
      let run = try #require(result["runs"]?[place])
      #expect(run["iterations"] == alone["solver"]?["iterations"])
      #expect(run["relative_residual"] == alone["solver"]?["relative_residual"])
      products += try #require(alone["solver"]?["curvature_products"]?.integerValue)
      #expect(result["before"] == alone["before"] && result["retrained"] == alone["retrained"])
    }
    // The cells of pif and if share one solution.
    #expect(try #require(result["curvature_products"]?.integerValue) < products)
  }

  @Test func repeatsHaveMeansAndDeviations() throws {
    let context = MemoryContext()
    let members =
      #""class": 8, "estimator": ["fif", "pif"], "repeats": 3, "hessian_samples": 100, "damping": [0, 0.01]"#
    let result = try compare(members, context: context)
    let rows = try #require(result["rows"]?.arrayValue)
    #expect(rows.map { $0["damping"]?.doubleValue } == [0, 0, 0.01, 0.01])
    for (place, row) in rows.enumerated() {
      let runs = try #require(result["runs"]?.arrayValue).filter { $0["row"]?.integerValue == place }
      #expect(runs.map { $0["seed"]?.integerValue } == [0, 1, 2])
      let values = runs.compactMap { $0["test_loss"]?.doubleValue }
      let mean = values.reduce(0, +) / 3
      let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 2).squareRoot()
      #expect(abs(try #require(row["test_loss"]?["mean"]?.doubleValue) - mean) < 1e-12)
      #expect(abs(try #require(row["test_loss"]?["deviation"]?.doubleValue) - deviation) < 1e-12)
      // Each seed draws other samples for the curvature.
      #expect(deviation > 0)
    }
    #expect(context.fractions == context.fractions.sorted())
    // An interrupted job that continues gives the same table.
    let broken = MemoryContext { phase, detail in
      phase == "solve" && detail.contains("seed 1") ? .stopping : nil
    }
    #expect(throws: JobInterruption.stopping) { try compare(members, context: broken) }
    let resumed = MemoryContext(resuming: broken)
    #expect(withoutSeconds(try compare(members, context: resumed)) == withoutSeconds(result))
    #expect(!resumed.details.contains { $0.contains("seed 0") })
  }

  @Test func recoveriesAreComparedToo() throws {
    let result = try compare(
      #""recover": true, "estimator": ["gif", "fif"], "modification_ratio": 0.5, "hessian_samples": "all", "repeats": 2"#,
      of: "backdoored")
    let rows = try #require(result["rows"]?.arrayValue)
    #expect(rows.count == 2)
    for row in rows {
      let rate = try #require(row["attack_success_rate"]?["mean"]?.doubleValue)
      #expect(rate < (try #require(result["before"]?["attack_success_rate"]?.doubleValue)))
      #expect(row["triggered_accuracy"]?["mean"]?.doubleValue != nil)
    }
    #expect(result["retrained"] == .null)
  }

  @Test func aRunThatFailsIsTold() throws {
    let result = try compare(
      #""class": 8, "estimator": ["fif"], "solver": [{"name": "lsmr", "iterations": 2}, {"name": "lsmr"}], "require_convergence": true, "damping": 1"#
    )
    #expect(result["rows"]?[0]?["failed"] == 1)
    #expect(result["runs"]?[0]?["failure"]?.stringValue?.contains("residual") == true)
    #expect(result["rows"]?[1]?["failed"] == 0)
    #expect(result["warnings"]?.arrayValue?.count == 1)
  }

  @Test func faultsOfABodyAreNamed() throws {
    let rejection = #expect(throws: RequestRejection.self) {
      try compare(
        #""estimator": ["gif", "gift"], "modification_ratio": [0, 0.1], "selection": [], "solver": ["cg", {"name": "cgs"}], "repeats": 0"#
      )
    }
    #expect(
      Set(rejection?.faults.map(\.pointer) ?? []) == [
        "", "/estimator/1", "/modification_ratio/0", "/selection", "/solver/1/name", "/repeats",
      ])
    let second = #expect(throws: RequestRejection.self) {
      try compare(#""class": 8, "solver": ["lissa"], "recover": true"#)
    }
    #expect(second?.faults.map(\.pointer) == ["/recover", "/solver"])
  }

  @Test func aGridIsMeasuredBeforeItIsMade() throws {
    // Millions of cells out of a short body, and seeds beyond the largest number.
    let hundred = "[" + (1...100).map { "\(Double($0) / 100)" }.joined(separator: ", ") + "]"
    let solvers =
      "[" + (1...100).map { #"{"name": "cg", "iterations": \#($0)}"# }.joined(separator: ", ") + "]"
    let rejection = #expect(throws: RequestRejection.self) {
      try compare(
        #""class": 8, "modification_ratio": \#(hundred), "damping": \#(hundred), "solver": \#(solvers)"#)
    }
    #expect(rejection?.faults.map(\.pointer) == ["/repeats"])
    let seeds = #expect(throws: RequestRejection.self) {
      try compare(#""class": 8, "seed": 9223372036854775807, "repeats": 2"#)
    }
    #expect(seeds?.faults.map(\.pointer) == ["/seed"])
  }
}
