import Datasets
import JSON
import Jobs
import Testing

@Suite("Sweeps")
struct SweepRunTests {
  private static let architectures =
    #"[{"name": "mlp", "hidden": [3], "activation": "tanh"}, {"name": "mlp", "hidden": [4, 3], "activation": "tanh"}]"#
  private static let recipe =
    #"{"optimizer": "sgd", "learning_rate": 0.05, "epochs": 300, "batch_size": "all", "validation": 0}"#
  private static let plan =
    #""solver": "direct", "candidates": "top", "count": 6, "retrain_steps": 50, "test": {"pick": "highest_loss"}"#

  private func store() throws -> MemoryStore { MemoryStore(try Dataset.builtIn(.iris)) }

  private func sweep(
    _ store: MemoryStore, context: MemoryContext = MemoryContext(), threads: Int = 2
  ) throws -> JSONValue {
    try store.run(
      #"""
      {"kind": "sweep", "dataset": "iris", "architectures": \#(Self.architectures), "weight_decays": [0.01, 0],
       "seeds": [0, 3], "training": \#(Self.recipe), \#(Self.plan)}
      """#, context: context, threads: threads)
  }

  @Test func aRowIsWhatSeparateJobsGive() throws {
    let store = try store()
    let context = MemoryContext()
    let result = try sweep(store, context: context)
    #expect(context.fractions == context.fractions.sorted())
    let rows = try #require(result["rows"]?.arrayValue)
    #expect(rows.count == 8)
    // The second architecture, without weight decay, seed 3.
    let row = rows[7]
    #expect(row["weight_decay"]?.doubleValue == 0 && row["seed"]?.integerValue == 3)
    try store.createModel(
      #"""
      {"name": "one", "dataset": "iris", "precision": "float64", "seed": 3, "weight_decay": 0,
       "architecture": {"name": "mlp", "hidden": [4, 3], "activation": "tanh"}}
      """#)
    let members = Self.recipe.dropFirst().dropLast()
    let trained = try store.run(#"{"kind": "train", "model": "one", \#(members)}"#)
    let validated = try store.run(#"{"kind": "validate", "model": "one", "seed": 3, \#(Self.plan)}"#)
    let spectrum = try store.run(
      #"{"kind": "evaluate", "model": "one", "split": "train"}"#)
    #expect(row["pearson"] == validated["pearson"])
    #expect(row["spearman"] == validated["spearman"])
    #expect(row["test_loss"] == trained["metrics"]?["test"]?["loss"])
    let norm = try #require(row["gradient_norm"]?.doubleValue)
    #expect(abs(norm - (spectrum["gradient_norm"]?.doubleValue ?? 0)) <= 1e-12)

    let summary = try #require(result["summary"]?.arrayValue)
    #expect(summary.count == 4)
    let pair = [rows[6], rows[7]].compactMap { $0["loss"]?.doubleValue }
    let mean = try #require(summary[3]["loss"]?.doubleValue)
    #expect(abs(mean - (pair[0] + pair[1]) / 2) <= 1e-15)
    let deviation = try #require(summary[3]["loss_deviation"]?.doubleValue)
    #expect(abs(deviation - abs(pair[0] - pair[1]) / 2.0.squareRoot()) <= 1e-15)
    #expect(context.artifacts["measures.npy"]?.shape == [8, 8])
  }

  @Test func threadsAndABreakChangeNothing() throws {
    let store = try store()
    let whole = try sweep(store, threads: 1)
    let broken = MemoryContext { _, detail in detail.contains("model 4 of 8") ? .cancelled : nil }
    #expect(throws: JobInterruption.self) { try sweep(store, context: broken) }
    let second = MemoryContext(resuming: broken)
    #expect(try sweep(store, context: second, threads: 3) == whole)
    #expect(!second.details.contains { $0.contains("model 3 of 8") })
  }

  @Test(arguments: [
    (#""architectures": []"#, "/architectures must have at least one architecture"),
    (
      #""architectures": ["mlp", {"layers": [{"type": "linear", "out_features": 7}]}], "training": {}"#,
      "/architectures/1/layers"
    ),
    (#""architectures": ["mlp"], "seeds": [1, 1]"#, "/seeds must name each seed once"),
    (#""architectures": ["mlp"], "weight_decays": [-1]"#, "/weight_decays/0 must be"),
    (#""architectures": ["mlp"], "loss": "hinge", "seeds": 0"#, "/seeds must be between 1 and 1000, got 0"),
    (#""architectures": ["mlp"]"#, "/training is required"),
  ])
  func wrongBodiesAreNamed(_ members: String, _ expected: String) throws {
    let store = try store()
    do {
      _ = try JobBody(
        JSONParser.parse(#"{"kind": "sweep", "dataset": "iris", \#(members)}"#), kinds: StandardJobs.kinds,
        catalog: store)
      Issue.record("the body was accepted")
    } catch let rejection as RequestRejection {
      let faults = rejection.faults.map { "\($0.pointer) \($0.detail)" }
      #expect(faults.contains { $0.hasPrefix(expected) }, "\(faults)")
    }
  }
}
