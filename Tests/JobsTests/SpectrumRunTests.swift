import Datasets
import JSON
import Jobs
import Network
import Tensor
import TestSupport
import Testing

@Suite("Spectrum runs")
struct SpectrumRunTests {
  private static let trained = Result<MemoryStore, any Error> {
    let store = MemoryStore(try Dataset.builtIn(.iris), try Dataset.builtIn(.digits))
    try store.createModel(
      #"""
      {"name": "net", "dataset": "iris", "precision": "float64", "weight_decay": 0.01,
       "architecture": {"name": "mlp", "hidden": [5], "activation": "tanh"}}
      """#)
    try store.run(
      #"{"kind": "train", "model": "net", "validation": 0, "epochs": 20, "batch_size": "all", "learning_rate": 0.1}"#
    )
    try store.createModel(
      #"{"name": "line", "dataset": "iris", "precision": "float64", "architecture": "linear", "loss": "mse"}"#
    )
    try store.run(#"{"kind": "train", "model": "line", "validation": 0, "epochs": 5}"#)
    try store.createModel(#"{"name": "flat", "dataset": "digits", "architecture": "logistic"}"#)
    try store.run(#"{"kind": "train", "model": "flat", "validation": 0, "epochs": 2}"#)
    return store
  }

  private func spectrum(
    _ members: String, of model: String = "net", threads: Int = 2, context: MemoryContext = MemoryContext()
  ) throws -> JSONValue {
    try Self.trained.get().run(
      #"{"kind": "spectrum", "model": "\#(model)"\#(members.isEmpty ? "" : ", ")\#(members)}"#,
      context: context,
      threads: threads)
  }

  private func numbers(_ row: JSONValue?, _ name: String) throws -> [Double] {
    try #require(row?[name]?.arrayValue).compactMap(\.doubleValue)
  }

  /// Eigenvalues by LAPACK of the Hessian made of differences of the gradient, without weight decay, rising.
  private func reference(_ model: String, _ loss: Loss) throws -> [Double] {
    let store = try Self.trained.get()
    let (network, state) = try store.load(model, as: Double.self)
    let set = try Dataset.builtIn(.iris)
    let labels = set.train.labels
    let samples = Samples(
      source: TensorSource<Double>(inputs: set.train.inputs(0..<set.train.count).elements, shape: set.shape),
      indices: Array(0..<labels.count), targets: .classes(labels))
    let dense = try DenseMatrix.hessian(at: state.parameters) { theta in
      var moved = state
      moved.parameters = theta
      return try network.gradient(moved, on: samples, loss: loss, compute: Compute(pool: testPool)).gradient
    }
    return try DenseAlgebra.eigen(dense.elements, order: dense.rows).values
  }

  @Test(arguments: [("cross_entropy", Loss.crossEntropy), ("mse", .meanSquaredError)])
  func theLargestAreThoseOfTheDenseHessian(_ name: String, _ loss: Loss) throws {
    let context = MemoryContext()
    let shifts = [0.01, 0, 0.2]
    let result = try spectrum(
      #""count": 7, "loss": "\#(name)", "l2": \#(shifts), "hessian_samples": "all""#, context: context)
    let all = try reference("net", loss)
    let rows = try #require(result["spectra"]?.arrayValue)
    #expect(rows.count == 3)
    var table: [Double] = []
    for (row, shift) in zip(rows, shifts) {
      let shifted = all.map { $0 + shift }
      let wanted = shifted.sorted { abs($0) > abs($1) }.prefix(7)
      let found = try numbers(row, "eigenvalues")
      #expect(found.count == 7 && zip(found, wanted).allSatisfy { abs($0 - $1) < 1e-7 }, "\(found) \(wanted)")
      #expect(row["l2"]?.doubleValue == shift && row["loss"]?.stringValue == name)
      #expect(row["converged"] == true)
      #expect(
        row["negative_share"]?.doubleValue == Double(wanted.filter { $0 < -1e-8 }.count) / 7)
      #expect(abs(try #require(row["largest"]?.doubleValue) - shifted[shifted.count - 1]) < 1e-6)
      #expect(abs(try #require(row["smallest"]?.doubleValue) - shifted[0]) < 1e-6)
      #expect(try numbers(row, "residuals").allSatisfy { $0 < 1e-7 })
      table += found
    }
    let artifact = try #require(context.artifacts["eigenvalues.npy"])
    #expect(artifact.shape == [3, 7])
    #expect(artifact.bytes.withUnsafeBytes { Array($0.bindMemory(to: Double.self)) } == table)
    // An early network is not convex in its weights, and a weight decay of 0.2 does not change this
    // everywhere.
    #expect(all[0] < -1e-3)
  }

  /// The Hessian of a linear model's squared error has a block an output, all the same.
  @Test func everyCopyOfAMultipleEigenvalueIsCounted() throws {
    let result = try spectrum(#""count": 9, "hessian_samples": "all""#, of: "line")
    let found = try numbers(result["spectra"]?[0], "eigenvalues")
    let all = try reference("line", .meanSquaredError)
    #expect(zip(found, all.reversed()).allSatisfy { abs($0 - $1) < 1e-7 })
    for first in [0, 3, 6] { #expect(abs(found[first] - found[first + 2]) < 1e-9 * found[0]) }
    #expect(result["spectra"]?[0]?["negative_share"] == 0.0)
    // Gauss–Newton is the Hessian here.
    let again = try spectrum(#""count": 9, "hessian_samples": "all", "hessian": "gauss_newton""#, of: "line")
    #expect(
      zip(try numbers(again["spectra"]?[0], "eigenvalues"), found).allSatisfy {
        abs($0 - $1) < 1e-9 * found[0]
      })
  }

  @Test func allEigenvaluesOfASmallModelAndItsDensity() throws {
    let context = MemoryContext()
    let result = try spectrum(
      #""count": 500, "loss": ["cross_entropy", "mse"], "hessian_samples": "all", "density": {"probes": 200, "points": 300}"#,
      context: context)
    let all = try reference("net", .crossEntropy).map { $0 + 0.01 }
    let row = try #require(result["spectra"]?[0])
    let found = try numbers(row, "eigenvalues")
    #expect(found.count == 43)
    #expect(zip(found.sorted(), all).allSatisfy { abs($0 - $1) < 1e-7 })
    #expect(context.artifacts["eigenvalues.npy"]?.shape == [2, 1, 43])
    let density = try #require(context.artifacts["density.npy"])
    #expect(density.shape == [2, 1, 2, 300])
    let values = density.bytes.withUnsafeBytes { Array($0.bindMemory(to: Double.self)) }
    let step = values[1] - values[0]
    #expect(abs(values[300..<600].reduce(0, +) * step - 1) < 0.02)
    let mean = all.reduce(0, +) / 43
    // Standard error of the trace by 200 probes of signs.
    let error = (2 * all.reduce(0) { $0 + $1 * $1 } / 200).squareRoot() / 43
    #expect(abs(try #require(row["density"]?["mean"]?.doubleValue) - mean) < 4 * error)
    #expect(row["density_values"] == nil)
  }

  @Test func threadsChangeNothingAndSinglePrecisionIsNear() throws {
    let members = #""count": 6, "hessian_samples": 500, "seed": 4"#
    let one = try spectrum(members, of: "flat", threads: 1)
    let three = try spectrum(members, of: "flat", threads: 3)
    #expect(one == three)
    let row = try #require(one["spectra"]?[0])
    #expect(row["converged"] == true && row["negative_share"] == 0.0)
    // A softmax regression is convex, and adding a constant to all logits changes nothing.
    let smallest = try #require(row["smallest"]?.doubleValue)
    let largest = try #require(row["largest"]?.doubleValue)
    #expect(abs(smallest) < 1e-4 * largest)
    #expect(largest == (try numbers(row, "eigenvalues"))[0])
  }

  @Test func aModelForEveryWeightAndWhatIsDoneStaysDone() throws {
    let members =
      #""count": 4, "l2": [0.001, 0.1], "loss": ["cross_entropy", "mse"], "retrain": true, "hessian_samples": "all""#
    let whole = try spectrum(members)
    let rows = try #require(whole["spectra"]?.arrayValue)
    #expect(rows.map { $0["l2"]?.doubleValue } == [0.001, 0.1, 0.001, 0.1])
    // More weight decay, smaller weights: another θ, not the same spectrum shifted.
    let (weak, strong) = (try numbers(rows[0], "eigenvalues"), try numbers(rows[1], "eigenvalues"))
    #expect(abs(strong[0] - weak[0] - 0.099) > 1e-3)
    let broken = MemoryContext { phase, detail in
      detail.contains("part 3 of 4") && phase == "eigenvalues" ? .stopping : nil
    }
    #expect(throws: JobInterruption.stopping) { try spectrum(members, context: broken) }
    let resumed = MemoryContext(resuming: broken)
    #expect(try spectrum(members, context: resumed) == whole)
    #expect(!resumed.details.contains { $0.contains("part 2 of 4") })
    #expect(!resumed.details.contains { $0.contains("part 3 of 4: epoch 1 ") })
    #expect(resumed.fractions == resumed.fractions.sorted())
  }

  @Test func faultsOfABodyAreNamed() throws {
    let rejection = #expect(throws: RequestRejection.self) {
      try spectrum(
        #""count": 0, "loss": ["mse", "mse"], "l2": [-1], "density": {"probe": 3}, "training": {"epochs": 0}"#
      )
    }
    let pointers = rejection?.faults.map(\.pointer) ?? []
    for pointer in ["/count", "/loss", "/l2/0", "/density/probe", "/training/epochs"] {
      #expect(pointers.contains(pointer), "\(pointer)")
    }
    #expect(throws: RequestRejection.self) { try spectrum(#""training": {"epochs": 3}"#) }
    let store = try Self.trained.get()
    store.insert(
      try Dataset.synthetic(SyntheticLinearRegression(samples: 20), name: "points"))
    try store.createModel(
      #"{"name": "points", "dataset": "points", "architecture": "linear", "loss": "mse"}"#)
    try store.insertInitial("points", Float.self)
    let loss = #expect(throws: RequestRejection.self) {
      try spectrum(#""loss": "cross_entropy""#, of: "points")
    }
    #expect(loss?.faults.map(\.pointer) == ["/loss"])
  }
}
