import Datasets
import JSON
import Jobs
import Network
import Tensor
import TestSupport
import Testing

/// The kind `influence` against the formulas on a dense Hessian.
@Suite("Influence runs")
struct InfluenceRunTests {
  private static let shared = Result { try InfluenceSubject() }

  /// Differences of the gradient leave about 1e-9 of the Hessian.
  private static let tolerance = 1e-7
  private static let tight = #""solver": {"name": "cg", "tolerance": 1e-11}"#

  /// +∇ℓ_testᵀ(H + δI)⁻¹∇ℓ_train, a row for each test sample.
  private func expected(
    _ subject: InfluenceSubject, _ tests: [Int], _ train: [Int], damping: Double = 0
  ) throws -> [Double] {
    let gradients = try train.map { try subject.gradient(subject.dataset.train, $0) }
    return try tests.flatMap { test in
      let factor = subject.hessian.shifted(by: damping).solve(
        try subject.gradient(subject.dataset.test, test))
      return gradients.map { factor.dot($0) }
    }
  }

  @Test(arguments: [
    #"{"name": "cg", "tolerance": 1e-11}"#, #""direct""#, #"{"name": "minres", "tolerance": 1e-11}"#,
    #"{"name": "lsmr", "iterations": 5000, "tolerance": 1e-11}"#,
    #"{"name": "arnoldi", "rank": 5, "tolerance": 1e-11}"#,
  ])
  func scoresAndFactorsAreThoseOfTheDenseHessian(_ solver: String) throws {
    let subject = try Self.shared.get()
    let (result, context) = try subject.post(
      #""test": {"indices": [7, 2]}, "train": {"indices": [50, 3, 4, 11]}, "damping": 0.05, "solver": \#(solver)"#
    )
    let scores = context.doubles("scores.npy")
    #expect(context.artifacts["scores.npy"]?.shape == [2, 4])
    #expect(
      relativeError(scores, try expected(subject, [7, 2], [50, 3, 4, 11], damping: 0.05)) < Self.tolerance)
    let factors = context.doubles("factors.npy")
    let count = subject.network.layout.parameterCount
    #expect(context.artifacts["factors.npy"]?.shape == [2, count])
    for (row, test) in [7, 2].enumerated() {
      let factor = subject.hessian.shifted(by: 0.05).solve(try subject.gradient(subject.dataset.test, test))
      #expect(
        relativeError(
          Array(factors[row * count..<(row + 1) * count]), subject.network.layout.exported(factor))
          < Self.tolerance)
      let solve = result["tests"]?[row]?["solver"]
      #expect(solve?["converged"] == true)
      #expect((solve?["relative_residual"]?.doubleValue ?? 1) < 1e-9)
    }
    #expect(result["warnings"]?.arrayValue?.isEmpty == true)
    #expect((result["solver"]?["curvature_products"]?.integerValue ?? 0) > 0)
  }

  @Test func everySampleIsScoredAndTheEndsAreNamed() throws {
    let subject = try Self.shared.get()
    let losses = try subject.losses(subject.dataset.test)
    let worst = losses.indices.max { losses[$0] < losses[$1] } ?? 0
    let (result, context) = try subject.post(#""top": 3, \#(Self.tight)"#)
    let scores = try expected(subject, [worst], Array(0..<60))
    #expect(relativeError(context.doubles("scores.npy"), scores) < Self.tolerance)
    let row = result["tests"]?[0]
    #expect(row?["index"]?.integerValue == worst)
    #expect(abs((row?["loss"]?.doubleValue ?? 0) - losses[worst]) < 1e-12)
    #expect(row?["label"]?.integerValue == Int(subject.dataset.test.labels[worst]))
    let order = scores.indices.sorted { scores[$0] > scores[$1] }
    func named(_ list: String) -> [Int] {
      row?[list]?.arrayValue?.compactMap { $0["index"]?.integerValue } ?? []
    }
    #expect(named("helpful") == Array(order.prefix(3)))
    #expect(named("harmful") == Array(order.suffix(3).reversed()))
    let first = row?["helpful"]?[0]
    #expect(first?["picture"]?.stringValue == "/v1/datasets/two/train/\(order[0])")
    #expect(first?["label"]?.integerValue == Int(subject.dataset.train.labels[order[0]]))
    #expect(abs((first?["score"]?.doubleValue ?? 0) - scores[order[0]]) < 1e-6)
    #expect(row?["harmful"]?[0]?["score"]?.doubleValue ?? 0 < 0)
  }

  @Test func theMeanOfASplitIsOneTarget() throws {
    let subject = try Self.shared.get()
    let (result, context) = try subject.post(#""test": {"mean": true}, \#(Self.tight)"#)
    let all = try expected(subject, Array(0..<25), Array(0..<60))
    let mean = (0..<60).map { place in (0..<25).reduce(0) { $0 + all[$1 * 60 + place] } / 25 }
    #expect(relativeError(context.doubles("scores.npy"), mean) < Self.tolerance)
    #expect(result["tests"]?.arrayValue?.count == 1)
    #expect(result["tests"]?[0]?["index"] == .null)
    #expect(result["tests"]?[0]?["samples"]?.integerValue == 25)
    let losses = try subject.losses(subject.dataset.test)
    #expect(abs((result["tests"]?[0]?["loss"]?.doubleValue ?? 0) - losses.reduce(0, +) / 25) < 1e-12)
  }

  @Test func picksGoByLossAndIndex() throws {
    let subject = try Self.shared.get()
    func picked(_ test: String) throws -> [Int] {
      let (result, _) = try subject.post(
        #""test": \#(test), "solver": {"name": "cg", "iterations": 1}, "train": {"indices": [0]}, "require_convergence": false"#
      )
      return result["tests"]?.arrayValue?.compactMap { $0["index"]?.integerValue } ?? []
    }
    let losses = try subject.losses(subject.dataset.test)
    let rising = losses.indices.sorted { (losses[$0], $0) < (losses[$1], $1) }
    #expect(try picked(#"{"pick": "highest_loss", "count": 3}"#) == rising.suffix(3).reversed())
    #expect(try picked(#"{"pick": "lowest_loss", "count": 2}"#) == Array(rising.prefix(2)))
    #expect(try picked(#"{"pick": "median_loss"}"#) == [rising[12]])
    let train = try subject.losses(subject.dataset.train)
    #expect(
      try picked(#"{"pick": "highest_loss", "split": "train"}"#) == [
        train.indices.max { train[$0] < train[$1] } ?? 0
      ])
    let evaluation = try subject.network.evaluate(
      subject.state, on: InfluenceSubject.samples(subject.dataset.test), loss: .crossEntropy,
      compute: Compute(pool: testPool))
    let wrong = rising.reversed().filter { evaluation.correctness[$0] == 0 }
    #expect(!wrong.isEmpty)
    #expect(try picked(#"{"pick": "misclassified", "count": 25}"#) == wrong)
  }

  /// The derivative of each score by each input value, by central differences of the gradient.
  @Test func perturbationsAreDerivativesOfTheScore() throws {
    let subject = try Self.shared.get()
    let (result, context) = try subject.post(
      #""influence": "perturbation", "test": {"indices": [4, 9]}, "train": {"indices": [8, 1]}, \#(Self.tight)"#
    )
    #expect(context.artifacts["scores.npy"]?.shape == [2, 2, 2, 4, 3])
    let values = context.doubles("scores.npy")
    let shape = InfluenceSubject.shape
    var expected: [Double] = []
    for test in [4, 9] {
      let factor = subject.hessian.solve(try subject.gradient(subject.dataset.test, test))
      for train in [8, 1] {
        let inputs: [Double] = subject.dataset.train.inputs([train]).elements
        func score(_ moved: [Double]) throws -> Double {
          let sample = Samples(
            source: TensorSource<Double>(inputs: moved, shape: shape), indices: [0],
            targets: .classes([subject.dataset.train.labels[train]]))
          return factor.dot(
            try subject.network.gradient(
              subject.state, on: sample, loss: .crossEntropy, compute: Compute(pool: testPool)
            ).gradient)
        }
        for channel in 0..<2 {
          for position in 0..<12 {
            var (up, down) = (inputs, inputs)
            up[position * 2 + channel] += 1e-4
            down[position * 2 + channel] -= 1e-4
            expected.append((try score(up) - score(down)) / 2e-4)
          }
        }
      }
    }
    #expect(relativeError(values, expected) < 1e-6)
    let norms = (0..<2).map { Array(expected[$0 * 24..<($0 + 1) * 24]).norm }
    let largest = result["tests"]?[0]?["largest"]?[0]
    #expect(largest?["index"]?.integerValue == (norms[0] > norms[1] ? 8 : 1))
    #expect(abs((largest?["norm"]?.doubleValue ?? 0) / (norms.max() ?? 1) - 1) < 1e-5)
  }

  @Test func threadsChangeNoBit() throws {
    let subject = try Self.shared.get()
    let body = #""test": {"pick": "highest_loss", "count": 5}, "self_influence": true, "damping": 0.02"#
    let one = try subject.post(body, threads: 1).context
    let three = try subject.post(body, threads: 3).context
    for name in ["scores.npy", "factors.npy", "self_influence.npy"] {
      #expect(one.artifacts[name]?.bytes == three.artifacts[name]?.bytes, "\(name)")
      #expect(one.artifacts[name] != nil)
    }
  }

  /// The same samples in another order; sums are made in that order, so that rounding differs.
  @Test func permutingSamplesPermutesScores() throws {
    let subject = try Self.shared.get()
    var stream = RandomStream(seed: 1, purpose: "order")
    let order = stream.permutation(60)
    let permuted = try InfluenceSubject(order: order, state: subject.state)
    let body = #""self_influence": true, "test": {"indices": [3]}, \#(Self.tight)"#
    let (_, plain) = try subject.post(body)
    let (_, other) = try permuted.post(body)
    for name in ["scores.npy", "self_influence.npy"] {
      let values = plain.doubles(name)
      #expect(relativeError(other.doubles(name), order.map { values[$0] }) < 1e-9, "\(name)")
    }
  }

  @Test func storedFactorsGiveTheSameBits() throws {
    let subject = try Self.shared.get()
    let (first, whole) = try subject.post(#""test": {"pick": "highest_loss", "count": 2}"#, id: "first")
    let (second, again) = try subject.post(#""factors": "first""#, id: "second")
    #expect(again.doubles("scores.npy") == whole.doubles("scores.npy"))
    #expect(again.artifacts["factors.npy"] == nil)
    #expect(second["solver"]?["curvature_products"]?.integerValue == 0)
    #expect(second["tests"] == first["tests"])
    let (_, some) = try subject.post(
      #""factors": "first", "train": {"indices": [5, 59]}, "top": 1"#, id: "third")
    let scores = whole.doubles("scores.npy")
    #expect(
      relativeError(some.doubles("scores.npy"), [scores[5], scores[59], scores[65], scores[119]]) < 1e-13)
    #expect(
      try rejection(#""factors": "second""#) == [
        "/factors must name the job that made the factors, which is first"
      ])
    #expect(
      try rejection(#""factors": "first", "solver": "cg", "test": {"indices": [1]}, "damping": 1"#).map {
        $0.prefix { $0 != " " }
      } == ["/test", "/solver", "/damping"])
    #expect(throws: UnknownResource.self) { _ = try subject.post(#""factors": "nobody""#) }
  }

  private func rejection(_ members: String) throws -> [String] {
    do {
      _ = try Self.shared.get().post(members)
      return []
    } catch let rejection as RequestRejection {
      return rejection.faults.map(\.description)
    }
  }

  @Test func everyFaultOfABodyIsNamed() throws {
    let pointers = try rejection(
      #"""
      "test": {"indices": [1, 1]}, "train": {"indices": [60, 60]}, "influence": "up", "top": -1,
      "self_solver": "direct", "solver": {"name": "cg", "iterations": "auto"}, "damping": -1,
      "require_convergence": "maybe"
      """#
    ).map { String($0.prefix { $0 != " " }) }
    #expect(
      Set(pointers) == [
        "/damping", "/self_solver", "/solver/iterations", "/train/indices", "/influence", "/top",
        "/test/indices", "/require_convergence",
      ])
    for (body, pointer) in [
      (#""test": {"indices": []}"#, "/test/indices"), (#""test": {"indices": [25]}"#, "/test/indices"),
      (#""test": {"indices": [1], "mean": true}"#, "/test"),
      (#""test": {"indices": [1], "count": 2}"#, "/test/count"),
      (#""test": {"pick": "best"}"#, "/test/pick"),
      (#""test": {"pick": "lowest_loss", "count": 26}"#, "/test/count"),
      (#""test": {"split": "validation"}"#, "/test/split"), (#""test": [1]"#, "/test"),
      (#""train": {"indices": [60]}"#, "/train/indices"), (#""train": "some""#, "/train"),
      (#""train": {}"#, "/train/indices"),
      (#""test": {"indices": [1]}, "top": 100000"#, "/top"), (#""group": [1]"#, "/group"),
    ] {
      let faults = try rejection(body)
      #expect(faults.count == 1 && faults[0].hasPrefix(pointer + " "), "\(body): \(faults)")
    }
  }

  /// A body with every default filled in gives the same result.
  @Test func theFilledInBodyIsReadAgain() throws {
    let subject = try Self.shared.get()
    for members in [
      "", #""self_influence": true"#, #""self_influence": true, "test": {"mean": true}, "solver": "minres""#,
      #""test": {"pick": "median_loss", "count": 4, "split": "train"}, "train": {"indices": [2]}, "top": 0"#,
    ] {
      let separator = members.isEmpty ? "" : ", "
      var body = try JobBody(
        JSONParser.parse(#"{"kind": "influence", "model": "m"\#(separator)\#(members)}"#),
        kinds: StandardJobs.kinds)
      try body.resolve(subject.store)
      var again = try JobBody(body.json, kinds: StandardJobs.kinds)
      try again.resolve(subject.store)
      #expect(again.json == body.json)
      #expect(again.request as? InfluenceRequest == body.request as? InfluenceRequest)
    }
  }

  @Test func aPerturbationThatDoesNotFitIsRefused() throws {
    let store = MemoryStore(
      try Dataset.synthetic(SyntheticBlobs(samples: 2000, classes: 2, dimensions: 300), name: "wide"))
    try store.createModel(#"{"name": "d", "dataset": "wide", "architecture": "logistic"}"#)
    try store.insertInitial("d", Float.self)
    let rejection = #expect(throws: RequestRejection.self) {
      _ = try store.run(
        #"""
        {"kind": "influence", "model": "d", "influence": "perturbation", "top": 1,
         "test": {"split": "train", "pick": "highest_loss", "count": 1000}, "damping": 1}
        """#)
    }
    #expect(rejection?.faults.map(\.pointer) == ["/influence"])
  }

  /// Weights like these are no minimum: the Hessian has negative curvature, and the job says what to do.
  @Test func negativeCurvatureIsToldOf() throws {
    let subject = try Self.shared.get()
    var state = subject.state
    var stream = RandomStream(seed: 9, purpose: "anywhere")
    for index in state.parameters.indices { state.parameters[index] = 2 * stream.normal() }
    let store = subject.store
    let id = store.insert(
      try Weights(layout: subject.network.layout, precision: .float64).bytes(of: state), model: "m",
      kind: .edited)
    let body =
      #""kind": "influence", "model": "m", "checkpoint": "\#(id)", "hessian": "hessian", "damping": 0"#
    let result = try store.run("{\(body), \"require_convergence\": false}")
    #expect(result["tests"]?[0]?["solver"]?["reason"] == "negative_curvature")
    let residual = try #require(result["tests"]?[0]?["solver"]?["relative_residual"]?.doubleValue)
    #expect(residual > 0.1)
    #expect(result["tests"]?[0]?["reliable"] == false)
    let warnings = try #require(result["warnings"]?.arrayValue).compactMap(\.stringValue)
    #expect(warnings[0].contains("negative_curvature") && warnings[0].contains("damping"))
    #expect(warnings.contains { $0.contains("reliable") })
    for demand in ["", ", \"require_convergence\": true"] {
      let failure = #expect(throws: JobFailure.self) { _ = try store.run("{\(body)\(demand)}") }
      #expect(failure?.reason == .notConverged)
      #expect(failure?.description.contains("negative_curvature") == true)
    }
    // The default curvature has none.
    let standard = try store.run(#"{"kind": "influence", "model": "m", "checkpoint": "\#(id)"}"#)
    #expect(standard["tests"]?[0]?["reliable"] == true)
    #expect(standard["warnings"] == [])
  }

  @Test func aSolveIsNotRepeatedAfterAStop() throws {
    let subject = try Self.shared.get()
    let stopped = MemoryContext { phase, _ in phase == "score" ? .stopping : nil }
    let body = #"{"kind": "influence", "model": "m", "test": {"pick": "highest_loss", "count": 3}}"#
    #expect(throws: JobInterruption.self) { _ = try subject.store.run(body, context: stopped) }
    let resumed = MemoryContext(resuming: stopped)
    let whole = MemoryContext()
    let result = try subject.store.run(body, context: resumed)
    #expect(try subject.store.run(body, context: whole) == result)
    #expect(resumed.artifacts["scores.npy"]?.bytes == whole.artifacts["scores.npy"]?.bytes)
    #expect(!resumed.details.contains { $0.hasPrefix("solve") })
    #expect(whole.details.contains { $0.hasPrefix("solve") })
    #expect(whole.fractions == whole.fractions.sorted())
  }

  /// Ridge regression left one out in closed form: θ̂₋ᵢ − θ̂ is H⁻¹∇ℓᵢ/n over 1 − hᵢ. So the score over n(1 −
  /// hᵢ) is the change of the linearized test loss by the removal, with its sign.
  @Test func ridgeScoresAreThoseOfLeavingOneOut() throws {
    let (n, lambda) = (40, 0.05)
    let dataset = try Dataset.synthetic(
      SyntheticLinearRegression(samples: n, heterogeneous: 5, seed: 3), name: "points")
    let store = MemoryStore(dataset)
    try store.createModel(
      #"""
      {"name": "ridge", "dataset": "points", "architecture": "linear", "loss": "mse", "precision": "float64",
       "weight_decay": 0.05}
      """#)
    let targets = try #require(dataset.train.targets).elements
    let inputs = dataset.train.inputs(0..<n, as: Double.self).elements
    let rows = (0..<n).map { Array(inputs[$0 * 5..<($0 + 1) * 5]) + [1] }
    /// The Hessian of 1/n Σ (wᵀx + b − y)² + λ/2‖θ‖², and its minimum, without one sample.
    func fit(without left: Int?) -> (hessian: DenseMatrix, theta: [Double]) {
      var matrix = DenseMatrix(rows: 6, columns: 6)
      var right = [Double](repeating: 0, count: 6)
      for place in 0..<n where place != left {
        for a in 0..<6 {
          for b in 0..<6 { matrix[a, b] += 2 / Double(n) * rows[place][a] * rows[place][b] }
          right[a] += 2 / Double(n) * rows[place][a] * targets[place]
        }
      }
      let hessian = matrix.shifted(by: lambda)
      return (hessian, hessian.solve(right))
    }
    let whole = fit(without: nil)
    let layout = try store.load(
      "ridge", checkpoint: store.insertInitial("ridge", Double.self), as: Double.self
    ).network.layout
    store.insert(
      try Weights(layout: layout, precision: .float64).bytes(
        of: NetworkState(parameters: whole.theta, statistics: [], counters: [])),
      model: "ridge", kind: .uploaded)
    let context = MemoryContext()
    let result = try store.run(
      #"{"kind": "influence", "model": "ridge", "test": {"indices": [2], "split": "train"}, "solver": "direct"}"#,
      context: context)
    // The weights were fitted elsewhere, and minimise the risk: nothing is added to its Hessian.
    #expect(result["curvature"]?["damping"]?["rule"] == "minimum")
    #expect(result["curvature"]?["damping"]?["value"]?.doubleValue == 0)
    let scores = context.doubles("scores.npy")
    let error = rows[2].dot(whole.theta) - targets[2]
    for place in 0..<n {
      let leverage = 2 / Double(n) * rows[place].dot(whole.hessian.solve(rows[place]))
      let change = zip(fit(without: place).theta, whole.theta).map { $0 - $1 }
      let expected = 2 * error * rows[2].dot(change)
      let estimate = scores[place] / Double(n) / (1 - leverage)
      #expect(abs(estimate - expected) < 1e-10 * (1 + abs(expected)), "\(place)")
    }
  }
}
