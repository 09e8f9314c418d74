import Datasets
import JSON
import Jobs
import Network
import Tensor
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

@Suite("Evaluation runs")
struct EvaluateRunTests {
  /// Softmax regression on irises, evaluated by hand from the weights.
  @Test(arguments: ["test", "train", "validation"])
  func everyNumberIsThatOfADirectComputation(_ split: String) throws {
    let iris = try Dataset.builtIn(.iris)
    let store = MemoryStore(iris)
    try store.createModel(
      #"{"name": "m", "dataset": "iris", "architecture": "logistic", "precision": "float64", "weight_decay": 0.01}"#
    )
    try store.run(
      #"{"kind": "train", "model": "m", "learning_rate": 0.1, "epochs": 4, "batch_size": 20, "validation": 0.2}"#
    )
    let context = MemoryContext()
    let result = try store.run(
      #"{"kind": "evaluate", "model": "m", "split": "\#(split)"}"#, context: context)

    let part = split == "test" ? iris.test : iris.train
    let held = Partition(
      count: 120, recipe: store.model(named: "m")?.training, seed: 0, excluded: [])
    let places = split == "validation" ? held.validation : Array(0..<part.count)
    let (network, state) = try store.load("m", as: Double.self)
    let layer = network.layout.neuronLayers[0]
    let inputs = part.inputs(places, as: Double.self).elements
    var (losses, outputs): ([Double], [Double]) = ([], [])
    var gradient = state.parameters.map { 0.01 * $0 }
    var confusion = Array(repeating: [0, 0, 0], count: 3)
    for (row, place) in places.enumerated() {
      let x = Array(inputs[row * 4..<row * 4 + 4])
      let f = (0..<3).map { c in
        state.parameters[layer.bias! + c]
          + (0..<4).reduce(0.0) { $0 + x[$1] * state.parameters[layer.weights + c * 4 + $1] }
      }
      let sum = f.reduce(0) { $0 + exp($1) }
      let label = Int(part.labels[place])
      losses.append(log(sum) - f[label])
      outputs += f
      confusion[label][f.firstIndex(of: f.max()!)!] += 1
      for c in 0..<3 {
        let slope = (exp(f[c]) / sum - (c == label ? 1 : 0)) / Double(places.count)
        gradient[layer.bias! + c] += slope
        for k in 0..<4 { gradient[layer.weights + c * 4 + k] += slope * x[k] }
      }
    }
    func expect(_ value: JSONValue?, _ expected: Double) {
      #expect(abs((value?.doubleValue ?? .nan) - expected) < 1e-12 * (1 + expected), "\(expected)")
    }
    expect(result["loss"], losses.reduce(0, +) / Double(places.count))
    expect(result["gradient_norm"], gradient.norm)
    expect(
      result["accuracy"], Double(confusion[0][0] + confusion[1][1] + confusion[2][2]) / Double(places.count))
    #expect(result["samples"]?.integerValue == places.count)
    #expect(result["split"]?.stringValue == split)
    #expect(result["confusion"] == .array(confusion.map { JSONValue($0) }))
    for label in 0..<3 {
      let row = result["per_class"]?[label]
      let own = places.indices.filter { Int(part.labels[places[$0]]) == label }
      #expect(row?["class"]?.integerValue == label)
      #expect(row?["samples"]?.integerValue == own.count)
      expect(row?["loss"], own.reduce(0) { $0 + losses[$1] } / Double(own.count))
      expect(row?["accuracy"], Double(confusion[label][label]) / Double(own.count))
    }
    let saved = try #require(context.artifacts["outputs.npy"])
    #expect(saved.type == .float64 && saved.shape == [places.count, 3])
    #expect(relativeError(values(saved), outputs) < 1e-12)
    let kept = try #require(context.artifacts["losses.npy"])
    #expect(kept.type == .float64 && kept.shape == [places.count])
    #expect(relativeError(values(kept), losses) < 1e-12)
  }

  private func values(_ artifact: MemoryContext.Artifact) -> [Double] {
    artifact.bytes.withUnsafeBytes { bytes in
      (0..<bytes.count / 8).map { bytes.loadUnaligned(fromByteOffset: $0 * 8, as: Double.self) }
    }
  }

  @Test func regressionHasNoAccuracy() throws {
    let points = try Dataset.synthetic(SyntheticLinearRegression(samples: 60, seed: 1), name: "points")
    let store = MemoryStore(points)
    try store.createModel(#"{"name": "m", "dataset": "points", "architecture": "linear", "loss": "mse"}"#)
    try store.insertInitial("m", Float.self)
    let result = try store.run(#"{"kind": "evaluate", "model": "m"}"#)
    #expect(result["accuracy"] == .null)
    #expect(result["confusion"] == nil)
    #expect(try #require(result["loss"]?.doubleValue) > 0)
  }

  /// Weights that were finite when stored, and outputs that are not.
  @Test func aLossThatIsNotANumberFailsTheJob() throws {
    let store = MemoryStore(try Dataset.builtIn(.iris))
    try store.createModel(
      #"{"name": "m", "dataset": "iris", "architecture": {"name": "mlp", "hidden": [4]}}"#)
    let id = try store.insertInitial("m", Float.self)
    var (network, state) = try store.load("m", checkpoint: id, as: Float.self)
    for index in state.parameters.indices { state.parameters[index] *= 1e30 }
    store.insert(
      try Weights(layout: network.layout, precision: .float32).bytes(of: state), model: "m", kind: .uploaded)
    for kind in [#""evaluate""#, #""remove", "class": 1"#] {
      let failure = #expect(throws: JobFailure.self) { try store.run(#"{"kind": \#(kind), "model": "m"}"#) }
      #expect(failure?.reason == .nonFinite, "\(failure.map(String.init(describing:)) ?? "")")
      #expect(failure?.description.isEmpty == false)
    }
  }

  @Test func aStoredNaNIsSaidToBeDamage() throws {
    let store = MemoryStore(try Dataset.builtIn(.iris))
    try store.createModel(#"{"name": "m", "dataset": "iris", "architecture": "logistic"}"#)
    let id = try store.insertInitial("m", Float.self)
    var (network, state) = try store.load("m", checkpoint: id, as: Float.self)
    state.parameters[3] = .nan
    store.insert(
      try Weights(layout: network.layout, precision: .float32).bytes(of: state), model: "m", kind: .uploaded)
    let failure = #expect(throws: JobFailure.self) { try store.run(#"{"kind": "evaluate", "model": "m"}"#) }
    #expect(failure?.reason == .corrupt)
    #expect(failure?.message.contains("/0.weight has the value nan at [0, 3]") == true)
  }
}
