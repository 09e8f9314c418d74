import Datasets
import Influence
import JSON
import Jobs
import Network
import Tensor
import TestSupport
import Testing

/// Jobs of the kind `mislabeled` on irises with flipped labels.
@Suite("Mislabeled runs")
struct MislabeledRunTests {
  private static let recipe =
    #""learning_rate": 0.3, "epochs": 60, "batch_size": "all", "schedule": "constant", "validation": 0.1"#

  private static let shared = Result {
    let iris = try Dataset.builtIn(.iris)
    let flipped = try iris.relabeled(Relabel(fraction: 0.15, seed: 2)).named("flipped")
    let store = MemoryStore(iris, flipped)
    for (name, set) in [("m", "flipped"), ("clean", "iris")] {
      try store.createModel(
        #"{"name": "\#(name)", "dataset": "\#(set)", "architecture": "logistic", "precision": "float64", "weight_decay": 0.01}"#
      )
      try store.run(#"{"kind": "train", "model": "\#(name)", \#(recipe)}"#)
    }
    return (store: store, dataset: flipped)
  }

  private func post(_ members: String) throws -> (result: JSONValue, context: MemoryContext) {
    let context = MemoryContext()
    let result = try Self.shared.get().store.run(
      #"{"kind": "mislabeled", "model": "m", \#(members)}"#, context: context)
    return (result, context)
  }

  /// Indices in the training split in the order of inspection.
  private func order(_ context: MemoryContext) -> [Int] {
    context.artifacts["order.npy"]?.bytes.withUnsafeBytes { raw in
      (0..<raw.count / 8).map { Int(raw.loadUnaligned(fromByteOffset: 8 * $0, as: Int64.self)) }
    } ?? []
  }

  @Test(arguments: ["self_influence", "loss", "random"])
  func theCurveCountsWhatTheOrderFinds(_ method: String) throws {
    let (store, dataset) = try Self.shared.get()
    let (result, context) = try post(#""method": "\#(method)", "fix_at": []"#)
    let held = Partition(count: 120, recipe: store.model(named: "m")?.training, seed: 0, excluded: [])
    let order = order(context)
    #expect(order.sorted() == held.training)
    let flipped = Set(dataset.train.indices(of: .relabeled)).intersection(held.training)
    #expect(result["samples"]?["flipped"]?.integerValue == flipped.count)
    let curve = try #require(result["curve"]?.arrayValue)
    #expect(curve.count == 101)
    for (step, row) in curve.enumerated() {
      let inspected = step * order.count / 100
      let found = Double(order.prefix(inspected).filter(flipped.contains).count) / Double(flipped.count)
      #expect(row["found"]?.doubleValue == found)
      #expect(row["inspected"]?.doubleValue == Double(inspected) / Double(order.count))
    }
    let area = try #require(result["area"]?.doubleValue)
    if method == "random" { #expect(abs(area - 0.5) < 0.2) } else { #expect(area > 0.85) }
    if method == "loss" {
      let (network, state) = try store.load("m", as: Double.self)
      let losses = try network.evaluate(
        state, on: InfluenceSubject.samples(dataset.train), loss: .crossEntropy,
        compute: Compute(pool: testPool)
      ).losses
      #expect(order == held.training.sorted { (-losses[$0], $0) < (-losses[$1], $1) })
    }
  }

  /// All inspected is the training on the true labels.
  @Test func whatIsFoundIsPutRight() throws {
    let (store, _) = try Self.shared.get()
    let (result, _) = try post(#""fix_at": [0.3, 1]"#)
    let clean = try store.run(#"{"kind": "evaluate", "model": "clean"}"#)
    let last = result["fixed"]?[1]
    #expect(last?["found"]?.doubleValue == 1)
    // The validation samples keep their labels, which trains nothing.
    #expect(
      abs((last?["test"]?["loss"]?.doubleValue ?? 0) - (clean["loss"]?.doubleValue ?? 1)) < 1e-9)
    let before = try store.run(#"{"kind": "evaluate", "model": "m"}"#)
    #expect(result["before"]?["loss"] == before["loss"])
    #expect(
      (result["fixed"]?[0]?["test"]?["loss"]?.doubleValue ?? 9) < (before["loss"]?.doubleValue ?? 0))
  }

  @Test func aFixIsNotRepeatedAfterAStop() throws {
    let (store, _) = try Self.shared.get()
    let body = #"{"kind": "mislabeled", "model": "m", "method": "loss", "fix_at": [0.1, 0.5]}"#
    let samples = try #require(
      store.run(#"{"kind": "mislabeled", "model": "m", "method": "loss", "fix_at": []}"#)["samples"]?[
        "train"]?
        .integerValue)
    let second = "\(samples / 2) samples inspected"
    let stopped = MemoryContext { phase, detail in
      phase == "train" && detail.hasPrefix(second) ? .stopping : nil
    }
    #expect(throws: JobInterruption.self) { _ = try store.run(body, context: stopped) }
    let resumed = MemoryContext(resuming: stopped)
    let result = try store.run(body, context: resumed)
    #expect(try store.run(body) == result)
    #expect(!resumed.details.contains { $0.contains("\(samples / 10) samples inspected") })
  }

  /// Every set has suspects. Only a set whose flips are known has counts of found flips.
  @Test func suspectsAreNamedWithTheClassThatTheyLookLike() throws {
    let (store, dataset) = try Self.shared.get()
    for model in ["m", "clean"] {
      let context = MemoryContext()
      let result = try store.run(
        #"{"kind": "mislabeled", "model": "\#(model)", "top": 30, "fix_at": []}"#, context: context)
      let suspects = try #require(result["suspects"]?.arrayValue)
      #expect(suspects.count == 30)
      let scores = suspects.compactMap { $0["score"]?.doubleValue }
      #expect(scores.count == 30 && scores == scores.sorted(by: >))
      #expect(suspects.allSatisfy { $0["label"] != $0["suggested"] })
      #expect(suspects.compactMap { $0["index"]?.integerValue } == Array(order(context).prefix(30)))
      #expect(suspects[0]["picture"]?.stringValue?.hasSuffix("/train/\(order(context)[0])") == true)
      for name in ["curve", "area", "fixed"] { #expect((result[name] == nil) == (model == "clean")) }
      #expect(result["warnings"] == [])
      guard model == "m" else { continue }
      // Nearly all flips among the suspects look like their true class.
      let flipped = suspects.filter { $0["true_label"] != nil }
      #expect(flipped.count > 10)
      let right = flipped.count { $0["suggested"] == $0["true_label"] }
      #expect(right * 10 >= flipped.count * 8)
      for row in flipped {
        let index = try #require(row["index"]?.integerValue)
        #expect(row["true_label"]?.integerValue == Int(dataset.train.originalLabels[index]))
      }
    }
  }

  @Test func theClassOfTheLargestOtherOutputIsSuggested() throws {
    func suggested(_ row: [Double], _ label: Int) -> Int {
      row.withUnsafeBufferPointer { LabelReadings.bestClass(of: $0, but: label) }
    }
    #expect(suggested([1, 5, 3], 1) == 2)
    #expect(suggested([1, 5, 3], 2) == 1)
    #expect(suggested([7, 5, 3], 0) == 1)
    #expect(suggested([0, 0, 0], 0) == 1)
    // One output parts two classes.
    #expect(suggested([-4], 0) == 1)
    #expect(suggested([-4], 1) == 0)
  }

  @Test func whatNeedsKnownFlipsIsRefusedWithoutThem() throws {
    let (store, _) = try Self.shared.get()
    func pointers(_ members: String) -> [String]? {
      let rejection = #expect(throws: RequestRejection.self) {
        _ = try store.run(#"{"kind": "mislabeled", "model": "clean", \#(members)}"#)
      }
      return rejection?.faults.map(\.pointer)
    }
    #expect(pointers(#""fix_at": [0, 2], "method": "guess""#) == ["/method", "/fix_at/0", "/fix_at/1"])
    #expect(pointers(#""fix_at": [0.1]"#) == ["/fix_at"])
    let store2 = MemoryStore(
      try Dataset.synthetic(SyntheticLinearRegression(samples: 30, testSamples: 5), name: "values"))
    try store2.createModel(#"{"name": "r", "dataset": "values", "architecture": "linear", "loss": "mse"}"#)
    try store2.insertInitial("r", Float.self)
    let rejection = #expect(throws: RequestRejection.self) {
      _ = try store2.run(#"{"kind": "mislabeled", "model": "r"}"#)
    }
    #expect(rejection?.faults.map(\.pointer) == ["/model"])
  }

  /// Naming the solver of the self-influence, or any of its options, leaves the others as they are.
  @Test func namingASolverChangesNoOtherDefault() throws {
    let (store, _) = try Self.shared.get()
    func request(_ solver: String) throws -> MislabeledRequest {
      var job = try JobBody(
        JSONParser.parse(#"{"kind": "mislabeled", "model": "m", "method": "self_influence", \#(solver)}"#),
        kinds: StandardJobs.kinds)
      try job.resolve(store)
      return try #require(job.request as? MislabeledRequest)
    }
    for solver in [#""arnoldi""#, #"{"name": "arnoldi"}"#] {
      let own = try request(#""solver": \#(solver)"#)
      #expect(own.solver?.solver as? ArnoldiSolver == ArnoldiSolver(rank: 100, complement: .constant))
    }
    let ranked = try request(#""solver": {"name": "arnoldi", "rank": 30}"#)
    #expect(ranked.solver?.solver as? ArnoldiSolver == ArnoldiSolver(rank: 30, complement: .constant))
    #expect(try ranked.curvature == request(#""solver": null"#).curvature)
  }
}
