import Datasets
import JSON
import Jobs
import Network
import Tensor
import TestSupport
import Testing

@Suite("Recovery runs")
struct RecoverRunTests {
  /// A network that takes a bright corner for a 4; trained once for all tests.
  private static let backdoored = Result<MemoryStore, any Error> {
    let store = MemoryStore(
      try Dataset.builtIn(.digits).poisoned(Poison(trigger: .patch(size: 2), fraction: 0.1, label: 4))
        .named("marked"))
    try store.trainDigitReader(on: "marked")
    try store.run(#"{"kind": "retrain", "model": "digits", "recover": true}"#)
    return store
  }

  @Test(arguments: ["gif", "fif", "pif", "if"])
  func theTriggerLosesItsPower(_ estimator: String) throws {
    let store = try Self.backdoored.get()
    let result = try store.run(
      #"{"kind": "recover", "model": "digits", "estimator": "\#(estimator)", "hessian_samples": "all"}"#)
    #expect(try number(result, "before", "attack_success_rate") > 0.8)
    #expect(try number(result, "before", "triggered", "accuracy") < 0.3)
    #expect(try number(result, "after", "attack_success_rate") < 0.1)
    #expect(try number(result, "after", "triggered", "accuracy") > 0.7)
    #expect(try number(result, "after", "test", "accuracy") > 0.85)
    #expect(try number(result, "after", "self", "accuracy") > number(result, "before", "self", "accuracy"))
    // The reference was retrained with the true labels of the poisoned samples.
    #expect(try number(result, "retrained", "attack_success_rate") < 0.05)
    #expect(result["retrained"]?["checkpoint"]?.stringValue != nil)
    let id = try #require(result["checkpoint"]?.stringValue)
    #expect(store.checkpoint(id: id)?.kind == .edited)
    // 1442 training samples, 144 of them poisoned, 288 held out.
    let counts = try #require(result["samples"])
    #expect(counts["train"] == 1154 && counts["validation"] == 288)
    let (group, changed) = (try number(counts, "group"), try number(counts, "changed"))
    #expect(group > 90 && group < 140 && changed < group)
    let (a, t) = (
      try number(result, "after", "test", "accuracy"), try number(result, "after", "triggered", "accuracy")
    )
    #expect(abs(try number(result, "after", "score") - 2 * a * t / (a + t)) < 1e-12)
    let sweep = try #require(result["sweep"]?.arrayValue)
    #expect(sweep.allSatisfy { $0["validation"]?["attack_success_rate"]?.doubleValue != nil })
  }

  /// No scale of the sweep is better by the yardstick of the choice.
  @Test func scalesAreChosenByTheYardstickAskedFor() throws {
    let store = try Self.backdoored.get()
    let scales = "[1, 1.2, 1.4, 1.7, 2]"
    var chosen: [JSONValue?] = []
    for (yardstick, member) in [("accuracy", "score"), ("likelihood", "likelihood_score")] {
      let result = try store.run(
        #"""
        {"kind": "recover", "model": "digits", "hessian_samples": "all", "solver": {"name": "lsmr", "iterations": 20},
         "choose_by": "\#(yardstick)", "scales": \#(scales), "hessian": "hessian", "rounds": 1}
        """#)
      let sweep = try #require(result["sweep"]?.arrayValue)
      let row = try #require(sweep.first { $0["scale"] == result["scale"] })
      #expect(row[member]?.doubleValue == sweep.compactMap { $0[member]?.doubleValue }.max())
      for row in sweep {
        #expect(try number(row, "likelihood_score") > 0 && number(row, "likelihood_score") < 1)
      }
      chosen.append(result["scale"])
    }
    // Otherwise this shows nothing.
    #expect(chosen[0] != chosen[1])
  }

  @Test func theAttackIsCountedOverOtherClassesAlone() throws {
    let store = try Self.backdoored.get()
    let result = try store.run(#"{"kind": "recover", "model": "digits", "scales": [0]}"#)
    #expect(result["after"] == result["before"])
    let (network, state) = try store.load("digits", as: Float.self)
    let set = try store.loadDataset(named: "marked")
    let triggered = try #require(set.triggeredTest)
    let labels = triggered.labels
    let evaluation = try network.evaluate(
      state,
      on: Samples(
        source: TensorSource<Double>(
          inputs: triggered.inputs(0..<triggered.count).elements, shape: set.shape),
        indices: Array(0..<labels.count), targets: .classes(labels.map { _ in 4 })), loss: .crossEntropy,
      compute: Compute(pool: testPool))
    let others = labels.indices.filter { labels[$0] != 4 }
    let rate = Double(others.filter { evaluation.correctness[$0] == 1 }.count) / Double(others.count)
    #expect(try number(result, "before", "attack_success_rate") == rate)
  }

  /// For ridge regression the exchange of labels is training on the true ones.
  @Test(arguments: ["gif", "fif", "pif", "if"], ["influence", "newton"])
  func ridgeRegressionOnTheTrueLabels(_ estimator: String, _ gradient: String) throws {
    let lambda = 0.02
    let set = try Dataset.builtIn(.iris).relabeled(Relabel(fraction: 0.3, seed: 2)).named("careless")
    let store = MemoryStore(set)
    try store.createModel(
      #"""
      {"name": "ridge", "dataset": "careless", "architecture": "linear", "loss": "mse", "precision": "float64",
       "weight_decay": 0.02}
      """#)
    let n = set.train.count
    let inputs = set.train.inputs(0..<n, as: Double.self).elements
    let network = try store.load(
      "ridge", checkpoint: store.insertInitial("ridge", Double.self), as: Double.self
    ).network
    let layer = network.layout.neuronLayers[0]
    /// argmin 1/n Σ 1/3 Σ_c (w_cᵀx + b_c − y_c)² + λ/2‖θ‖².
    func fit(_ labels: [Int32]) throws -> [Double] {
      var theta = [Double](repeating: 0, count: network.layout.parameterCount)
      for c in 0..<3 {
        var matrix = DenseMatrix(rows: 5, columns: 5)
        var right = [Double](repeating: 0, count: 5)
        for place in 0..<n {
          let row = Array(inputs[place * 4..<(place + 1) * 4]) + [1]
          for a in 0..<5 {
            for b in 0..<5 { matrix[a, b] += 2 / Double(3 * n) * row[a] * row[b] }
            if labels[place] == c { right[a] += 2 / Double(3 * n) * row[a] }
          }
        }
        let found = matrix.shifted(by: lambda).solve(right)
        for a in 0..<4 { theta[layer.weights + c * 4 + a] = found[a] }
        theta[try #require(layer.bias) + c] = found[4]
      }
      return theta
    }
    let bad = try fit(set.train.labels)
    let good = try fit(set.train.originalLabels)
    #expect(relativeError(bad, good) > 0.05)
    store.insert(
      try Weights(layout: network.layout, precision: .float64).bytes(
        of: NetworkState<Double>(parameters: bad, statistics: [], counters: [])), model: "ridge",
      kind: .uploaded)
    let result = try store.run(
      """
      {"kind": "recover", "model": "ridge", "modification_ratio": 1, "estimator": "\(estimator)",
       "gradient": "\(gradient)", "hessian_samples": "all", "scales": [1],
       "solver": {"name": "lsmr", "iterations": 5000}}
      """)
    let edited = try store.load(
      "ridge", checkpoint: result["checkpoint"]?.stringValue, as: Double.self
    ).state
    #expect(relativeError(edited.parameters, good) < 1e-8)
    // There is no trigger: only accuracies on clean samples, and those of the exchanged ones.
    #expect(result["after"]?["triggered"] == .null && result["after"]?["attack_success_rate"] == .null)
    #expect(try number(result, "after", "self", "accuracy") > number(result, "before", "self", "accuracy"))
    #expect(result["samples"]?["changed"] == result["samples"]?["group"])
  }

  @Test func aSetWithoutChangedLabelsIsRefused() throws {
    let store = MemoryStore(try Dataset.builtIn(.iris))
    try store.createModel(#"{"name": "m", "dataset": "iris", "architecture": "logistic"}"#)
    try store.insertInitial("m", Float.self)
    let rejection = #expect(throws: RequestRejection.self) {
      try store.run(#"{"kind": "recover", "model": "m", "modification_ratio": 2}"#)
    }
    #expect(rejection?.faults.map(\.pointer) == ["/modification_ratio"])
    let second = #expect(throws: RequestRejection.self) {
      try store.run(#"{"kind": "recover", "model": "m", "solver": "lissa"}"#)
    }
    #expect(second?.faults.map(\.pointer) == ["/model", "/solver"])
  }

  @Test(arguments: [
    #"{"kind": "recover", "model": "digits"}"#, #"{"kind": "retrain", "model": "digits", "recover": true}"#,
    #"{"kind": "compare", "model": "digits", "recover": true}"#,
    #"{"kind": "recover", "model": "digits", "poisoned": true, "solver": "cg", "scales": [1, 2]}"#,
  ])
  func aFilledInBodyPostedAgainIsTheSame(_ text: String) throws {
    let store = try Self.backdoored.get()
    var first = try JobBody(JSONParser.parse(text), kinds: StandardJobs.kinds)
    try first.resolve(store)
    #expect(first.json["poisoned"] == true)
    var second = try JobBody(JSONParser.parse(JSONWriter.text(first.json)), kinds: StandardJobs.kinds)
    try second.resolve(store)
    #expect(second.json == first.json)
  }

  @Test func triggersAreNotPutOnTwice() throws {
    let clean = try Dataset.builtIn(.digits)
    let set = try clean.poisoned(
      Poison(trigger: .checkerboard(amount: 0.25), fraction: 0.2, label: 4, seed: 1))
    let marked = try #require(set.triggeredTraining([5, 0, 7, 100]))
    #expect(marked.labels == [5, 0, 7, 100].map { clean.train.labels[$0] })
    let poisoned = set.train.indices(of: .poisoned)
    let again = try #require(set.triggeredTraining(Array(poisoned.prefix(4))))
    #expect(
      again.inputs(0..<4, as: Double.self).elements
        == set.train.selecting(Array(poisoned.prefix(4))).inputs(0..<4, as: Double.self).elements)
    #expect(clean.triggeredTraining([1]) == nil)
  }
}
