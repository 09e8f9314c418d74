import Datasets
import Influence
import JSON
import Jobs
import Network
import Tensor
import TestSupport
import Testing

@Suite("Trajectory runs")
struct TrajectoryRunTests {
  /// 120 points, 24 of them heterogeneous, with a ridge regression fitted to all of them and its risks in
  /// closed form.
  private struct Line: Sendable {
    let store: MemoryStore
    let inputs: [Double]
    let targets: [Double]
    private(set) var fitted: [Double] = []
    static let lambda = 0.02

    init() throws {
      let set = try Dataset.synthetic(
        SyntheticLinearRegression(samples: 120, heterogeneous: 24, seed: 3), name: "points")
      store = MemoryStore(set)
      inputs = set.train.inputs(0..<120, as: Double.self).elements
      targets = try #require(set.train.targets).elements
      try store.createModel(
        #"""
        {"name": "ridge", "dataset": "points", "architecture": "linear", "loss": "mse", "precision": "float64",
         "weight_decay": 0.02}
        """#)
      let network = try store.load(
        "ridge", checkpoint: store.insertInitial("ridge", Double.self), as: Double.self
      ).network
      let whole = quadratic(Array(0..<120))
      let best = whole.matrix.solve(whole.right)
      store.insert(
        try Weights(layout: network.layout, precision: .float64).bytes(
          of: NetworkState<Double>(parameters: best, statistics: [], counters: [])), model: "ridge",
        kind: .uploaded)
      fitted = best
    }

    /// The remaining risk is ½θᵀHθ − bᵀθ + c: H and b, five weights and the bias.
    func quadratic(_ places: [Int]) -> (matrix: DenseMatrix, right: [Double]) {
      var matrix = DenseMatrix(rows: 6, columns: 6)
      var right = [Double](repeating: 0, count: 6)
      for place in places {
        let row = Array(inputs[place * 5..<(place + 1) * 5]) + [1]
        for a in 0..<6 {
          for b in 0..<6 { matrix[a, b] += 2 / Double(places.count) * row[a] * row[b] }
          right[a] += 2 / Double(places.count) * row[a] * targets[place]
        }
      }
      return (matrix.shifted(by: Self.lambda), right)
    }

    func gradient(_ theta: [Double], _ quadratic: (matrix: DenseMatrix, right: [Double])) -> [Double] {
      (0..<6).map { row in
        (0..<6).reduce(-quadratic.right[row]) { $0 + quadratic.matrix[row, $1] * theta[$1] }
      }
    }

    /// θ̂ with θ_J at the minimum of the remaining risk (`fif`), or of the norm of its whole gradient
    /// (`gif`).
    func best(_ estimator: String, _ j: [Int], _ places: [Int]) -> [Double] {
      let quadratic = quadratic(places)
      let g = gradient(fitted, quadratic)
      let change =
        estimator == "fif"
        ? quadratic.matrix.selecting(rows: j, columns: j).solve(j.map { g[$0] })
        : quadratic.matrix.selecting(columns: j).leastSquares(g)
      var theta = fitted
      for (place, index) in j.enumerated() { theta[index] -= change[place] }
      return theta
    }
  }

  private static let line = Result { try Line() }

  private func follow(
    _ members: String, of model: String = "ridge", context: MemoryContext = MemoryContext(),
    store: MemoryStore? = nil
  ) throws -> JSONValue {
    try (store ?? Self.line.get().store).run(
      #"{"kind": "trajectory", "model": "\#(model)", \#(members)}"#, context: context)
  }

  private func array(_ context: MemoryContext, _ name: String) throws -> [Double] {
    try #require(context.artifacts[name]).bytes.withUnsafeBytes { Array($0.bindMemory(to: Double.self)) }
  }

  /// On a quadratic risk FIF reaches the constrained optimum and GIF the least gradient, at every step. This
  /// holds both from θ̂ and along the path.
  @Test(arguments: [1, 5], [#""lsmr""#, #""direct""#])
  func everyPathIsTheClosedFormOfItsCriterion(_ step: Int, _ solver: String) throws {
    let line = try Self.line.get()
    for gradient in ["newton", "influence"] {
      let context = MemoryContext()
      let result = try follow(
        #"""
        "heterogeneous": true, "order": "descending", "step": \#(step), "parameters": [1, 4], "gradient": "\#(gradient)",
        "solver": \#(solver)
        """#, context: context)
      let steps = (24 + step - 1) / step
      #expect(result["steps"]?.integerValue == steps)
      let names = result["paths"]?.arrayValue?.compactMap { $0["path"]?.stringValue }
      #expect(
        names == [
          "gif_cumulative", "gif_sequential", "fif_cumulative", "fif_sequential", "pif_cumulative",
          "pif_sequential", "optimum",
        ])
      let points = try array(context, "trajectories.npy")
      let norms = try array(context, "gradient_norms.npy")
      #expect(context.artifacts["trajectories.npy"]?.shape == [7, steps + 1, 2])
      #expect(context.artifacts["removed.npy"]?.shape == [24])
      for at in 0...steps {
        let places = Array(0..<120 - min(24, at * step))
        func point(_ path: Int) -> [Double] {
          let start = (path * (steps + 1) + at) * 2
          var theta = line.fitted
          (theta[1], theta[4]) = (points[start], points[start + 1])
          return theta
        }
        let (gif, fif) = (line.best("gif", [1, 4], places), line.best("fif", [1, 4], places))
        // Along a path only a Newton step takes up what earlier steps left of the gradient.
        let gifPaths = gradient == "newton" ? [0, 1] : [0]
        let fifPaths = gradient == "newton" ? [2, 3, 6] : [2, 6]
        for path in gifPaths { #expect(relativeError(point(path), gif) < 1e-8, "\(at) \(path)") }
        for path in fifPaths { #expect(relativeError(point(path), fif) < 1e-8, "\(at) \(path)") }
        let quadratic = line.quadratic(places)
        for path in 0..<7 {
          let norm = line.gradient(point(path), quadratic).norm
          #expect(abs(norms[path * (steps + 1) + at] - norm) < 1e-9)
        }
      }
    }
  }

  @Test func eachMinimisesItsOwnCriterion() throws {
    let context = MemoryContext()
    let result = try follow(
      #""heterogeneous": true, "step": 4, "parameters": [{"tensor": "0.weight", "indices": [2, 0]}], "modes": ["cumulative"]"#,
      context: context)
    #expect(
      result["parameters"] == [["tensor": "0.weight", "index": 2], ["tensor": "0.weight", "index": 0]])
    let norms = try array(context, "gradient_norms.npy")
    let risks = try array(context, "risks.npy")
    let names = ["gif", "fif", "pif", "optimum"]
    #expect(result["paths"]?.arrayValue?.compactMap { $0["path"]?.stringValue } == names)
    for step in 1...6 {
      let norm = (0..<4).map { norms[$0 * 7 + step] }
      let risk = (0..<4).map { risks[$0 * 7 + step] }
      #expect(norm[0] < norm[1] && norm[0] < norm[2])
      #expect(risk[1] < risk[0] && risk[1] < risk[2] && abs(risk[1] - risk[3]) < 1e-12)
    }
    // The curve equals the arrays, in the request's order of parameters.
    let points = try array(context, "trajectories.npy")
    let last = try #require(result["curve"]?[6])
    #expect(last["removed"] == 24)
    #expect(last["gif"]?["theta_1"]?.doubleValue == points[12])
    #expect(last["gif"]?["theta_2"]?.doubleValue == points[13])
    #expect(last["optimum"]?["risk"]?.doubleValue == risks[27])
    let row = try #require(result["paths"]?[1])
    #expect(row["converged"] == true && (row["largest_distance"]?.doubleValue ?? 1) < 1e-8)
  }

  @Test func aBrokenOffRunGoesOn() throws {
    let members =
      #""heterogeneous": true, "order": "random", "seed": 5, "step": 3, "parameters": [0, 5], "modes": ["sequential"]"#
    let whole = MemoryContext()
    let result = try follow(members, context: whole)
    let broken = MemoryContext { _, detail in detail.hasPrefix("step 5 ") ? .stopping : nil }
    #expect(throws: JobInterruption.stopping) { try follow(members, context: broken) }
    let resumed = MemoryContext(resuming: broken)
    #expect(try follow(members, context: resumed) == result)
    #expect(!resumed.details.contains { $0.contains("step 2 of") })
    for name in ["trajectories.npy", "risks.npy", "removed.npy"] {
      #expect(resumed.artifacts[name]?.bytes == whole.artifacts[name]?.bytes)
    }
    // The counts of the solves are part of the result. A saved state without them is not gone on with.
    var saved = try JSONParser.parse(try #require(broken.resumeStages["paths"])).objectValue
    for solves in [[], [JSONValue](repeating: [0, 0], count: 4), nil] {
      saved?["solves"] = solves.map { .array($0) }
      let damaged = MemoryContext(resuming: broken)
      damaged.resumeStages["paths"] = JSONWriter.bytes(.object(try #require(saved)))
      let failure = #expect(throws: JobFailure.self) { try follow(members, context: damaged) }
      #expect(failure?.reason == .corrupt)
    }
    let ascending = MemoryContext()
    _ = try follow(#""heterogeneous": true, "parameters": [0]"#, context: ascending)
    #expect(
      Set(try array(whole, "removed.npy").map(\.bitPattern))
        == Set(try array(ascending, "removed.npy").map(\.bitPattern)))
    #expect(whole.artifacts["removed.npy"]?.bytes != ascending.artifacts["removed.npy"]?.bytes)
  }

  /// Of a network the optimum is found by Newton steps, and no path is below it.
  @Test func aNetworkIsFollowedToo() throws {
    let store = MemoryStore(try Dataset.builtIn(.iris))
    try store.createModel(
      #"""
      {"name": "net", "dataset": "iris", "precision": "float64", "weight_decay": 0.01,
       "architecture": {"name": "mlp", "hidden": [4], "activation": "tanh"}}
      """#)
    try store.run(
      #"{"kind": "train", "model": "net", "validation": 0, "epochs": 200, "batch_size": "all", "learning_rate": 0.1}"#
    )
    let context = MemoryContext()
    let result = try follow(
      #""indices": [3, 50, 90, 110], "step": 2, "parameters": [{"tensor": "2.bias", "indices": [0, 1, 2]}]"#,
      of: "net", context: context, store: store)
    let risks = try array(context, "risks.npy")
    for path in 0..<6 {
      for step in 1...2 { #expect(risks[path * 3 + step] >= risks[18 + step] - 1e-12) }
    }
    #expect(result["paths"]?[6]?["converged"] == true)
    #expect(result["warnings"] == [])
  }

  @Test func faultsOfABodyAreNamed() throws {
    let rejection = #expect(throws: RequestRejection.self) {
      try follow(
        #""step": 0, "estimators": ["if"], "modes": [], "heterogeneous": true, "solver": {"name": "cg", "iterations": "auto"}"#
      )
    }
    let pointers = Set(rejection?.faults.map(\.pointer) ?? [])
    #expect(pointers == ["/step", "/estimators", "/modes", "/parameters", "/solver/iterations"])
    let second = #expect(throws: RequestRejection.self) {
      try follow(
        #""indices": [500], "parameters": [6, {"tensor": "1.weight", "indices": [0]}, {"tensor": "0.bias", "indices": [1]}, 0, 0]"#
      )
    }
    #expect(
      second?.faults.map(\.pointer) == [
        "/indices", "/parameters/0", "/parameters/1/tensor", "/parameters/2/indices/0", "/parameters",
      ])
  }
}
