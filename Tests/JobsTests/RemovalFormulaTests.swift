import Datasets
import Influence
import Jobs
import Network
import Tensor
import TestSupport
import Testing

/// The change of the weights by `remove`, against the formulas of the estimators on a dense Hessian. The
/// Hessian comes from differences of the gradient.
@Suite("Removals against dense formulas")
struct RemovalFormulaTests {
  /// A trained float64 model, a group and the dense Hessians around it.
  struct Subject: Sendable {
    let store: MemoryStore
    let model: String
    let weightDecay: Double
    let network: Network<Double>
    let state: NetworkState<Double>
    let wholeHessian: DenseMatrix
    let remainingHessian: DenseMatrix
    /// ∇L of the mean loss over the group and over the rest.
    let groupGradient: [Double]
    let remainingGradient: [Double]
    let members: Int
    let total: Int
    let group: Samples
    /// The member of the request that names the group.
    let groupMember: String

    /// - Parameters:
    ///   - indices: the group; nil is class 1.
    ///   - augment: the random changes of the recipe in `training`, which gradients and Hessians see too.
    init(
      _ dataset: Dataset, model body: String, training: String, weightDecay: Double, indices: [Int]? = nil,
      augment: Set<TrainingOptions.Augmentation> = []
    ) throws {
      store = MemoryStore(dataset)
      model = try store.createModel(body).name
      self.weightDecay = weightDecay
      try store.run(#"{"kind": "train", "model": "\#(model)", "validation": 0, \#(training)}"#)
      (network, state) = try store.load(model)
      let labels = dataset.train.labels
      let source = TensorSource<Double>(
        inputs: dataset.train.inputs(0..<dataset.train.count).elements, shape: dataset.shape)
      groupMember = indices.map { "\"indices\": \($0)" } ?? "\"class\": 1"
      let named = Set(indices ?? dataset.train.indices(ofClass: 1))
      func samples(_ isMember: (Int) -> Bool) -> Samples {
        let indices = labels.indices.filter(isMember)
        return Samples(source: source, indices: indices, targets: .classes(indices.map { labels[$0] }))
      }
      let (network, state) = (network, state)
      let compute = Compute(pool: testPool)
      func gradient(_ samples: Samples, at theta: [Double]) throws -> [Double] {
        var moved = state
        moved.parameters = theta
        let seen = samples.augmented(by: augment, seed: 0)
        return try network.gradient(moved, on: seen, loss: .crossEntropy, compute: compute).gradient
      }
      func hessian(_ samples: Samples) throws -> DenseMatrix {
        try DenseMatrix.hessian(at: state.parameters) { try gradient(samples, at: $0) }
          .shifted(by: weightDecay)
      }
      group = samples(named.contains)
      let rest = samples { !named.contains($0) }
      wholeHessian = try hessian(samples { _ in true })
      remainingHessian = try hessian(rest)
      groupGradient = try gradient(group, at: state.parameters)
      remainingGradient = try gradient(rest, at: state.parameters)
      members = group.count
      total = labels.count
    }

    /// Δ_J of DESIGN's §3.
    func update(
      _ estimator: Estimator, _ j: [Int], groupTerm: Bool, newton: Bool, damping: Double
    ) -> [Double] {
      var g = newton ? remainingGradient.map { -$0 } : groupGradient
      g.add(newton ? -weightDecay : weightDecay, times: state.parameters)
      let share = Double(members) / Double(total)
      let factor = newton ? 1 : share / (1 - share)
      let h = groupTerm ? remainingHessian : wholeHessian
      let x =
        switch estimator {
        case .gif: h.selecting(columns: j).stacked(over: damping).leastSquares(g)
        case .fif: h.selecting(rows: j, columns: j).shifted(by: damping).solve(j.map { g[$0] })
        case .pif:
          { x in j.map { x[$0] } }(h.shifted(by: damping).solve(g))
        case .if: h.shifted(by: damping).solve(g)
        }
      return x.map { factor * $0 }
    }

    /// Posts the removal and compares the weights it leaves.
    func check(
      _ estimator: Estimator, solver: String, groupTerm: Bool = true, newton: Bool = false,
      damping: Double = 0, tolerance: Double = 1e-6
    ) throws {
      let result = try store.run(
        """
        {"kind": "remove", "model": "\(model)", \(groupMember), "estimator": "\(estimator.rawValue)",
         "modification_ratio": 0.4, "solver": \(solver), "scales": [1], "hessian_samples": "all",
         "gradient": "\(newton ? "newton" : "influence")", "group_term": \(groupTerm), "damping": \(damping)}
        """)
      #expect(result["solver"]?["converged"] == true, "\(result["solver"]!)")
      let edited = try store.load(
        model, checkpoint: result["checkpoint"]?.stringValue, as: Double.self
      ).state
      let means = try network.meanOutputs(state, on: group, compute: Compute(pool: testPool))
      let j =
        estimator == .if
        ? Array(state.parameters.indices)
        : ParameterSelection(
          .topOutputs, ratio: 0.4, layout: network.layout, means: means, parameters: state.parameters, seed: 0
        ).indices
      #expect(result["parameters"]?["selected"]?.integerValue == j.count)
      var difference = edited.parameters
      difference.add(-1, times: state.parameters)
      let changed = Set(difference.indices.filter { difference[$0] != 0 })
      #expect(changed.isSubset(of: j))
      let expected = update(estimator, j, groupTerm: groupTerm, newton: newton, damping: damping)
      let error = relativeError(j.map { difference[$0] }, expected)
      #expect(error < tolerance, "\(estimator) by \(solver): \(error)")
      #expect(edited.statistics == state.statistics)
    }
  }

  private static func perceptron(_ indices: [Int]?) -> Result<Subject, any Error> {
    Result {
      try Subject(
        Dataset.builtIn(.iris),
        model: #"""
          {"name": "m", "dataset": "iris", "precision": "float64", "weight_decay": 0.05,
           "architecture": {"name": "mlp", "hidden": [5], "activation": "tanh"}}
          """#,
        training: #""learning_rate": 0.2, "epochs": 300, "batch_size": "all""#, weightDecay: 0.05,
        indices: indices)
    }
  }

  /// Without class 1 the Hessian of the rest is indefinite; without some samples of every class it is not.
  private static let withoutClass = perceptron(nil)
  private static let withoutSome = perceptron(Array(stride(from: 3, to: 120, by: 12)))

  /// Convolutions with and without bias, batch normalization, an average pool and a residual block.
  private static let pictures = Result { try convolutional([]) }
  private static let augmentedPictures = Result { try convolutional([.flip, .crop]) }

  private static func convolutional(_ augment: Set<TrainingOptions.Augmentation>) throws -> Subject {
    let names = augment.map { "\"\($0.rawValue)\"" }.sorted().joined(separator: ", ")
    return try Subject(
      Dataset.builtIn(.digits).taking(Take(train: 120, test: 40)).named("some-digits"),
      model: #"""
        {"name": "m", "dataset": "some-digits", "precision": "float64", "weight_decay": 0.1,
         "architecture": {"layers": [
           {"type": "conv2d", "out_channels": 3, "kernel_size": 3, "stride": 2, "padding": 1},
           {"type": "batch_norm2d"}, {"type": "tanh"},
           {"type": "residual", "layers": [
             {"type": "conv2d", "out_channels": 3, "kernel_size": 3, "padding": 1, "bias": false},
             {"type": "tanh"}]},
           {"type": "avg_pool2d", "kernel_size": 2}, {"type": "flatten"}, {"type": "linear", "out_features": 10}]}}
        """#,
      training: #""learning_rate": 0.1, "epochs": 40, "batch_size": 40, "augment": [\#(names)]"#,
      weightDecay: 0.1, augment: augment)
  }

  private static let lsmr = #"{"name": "lsmr", "iterations": 20000}"#
  private static let cg = #"{"name": "cg", "iterations": 20000}"#

  @Test(arguments: Estimator.allCases, [true, false])
  func everyFormOfAPerceptron(_ estimator: Estimator, _ groupTerm: Bool) throws {
    for newton in [false, true] {
      for solver in [Self.lsmr, #""direct""#] {
        try Self.withoutClass.get().check(estimator, solver: solver, groupTerm: groupTerm, newton: newton)
      }
      for solver in [Self.lsmr, Self.cg, #""direct""#] {
        try Self.withoutSome.get().check(estimator, solver: solver, groupTerm: groupTerm, newton: newton)
      }
    }
  }

  /// Rounds are Newton's method on the remaining risk. With every parameter free they end at the retrained
  /// weights, which a single update misses.
  @Test func roundsEndWhereRetrainingDoes() throws {
    let store = try MemoryStore(Dataset.builtIn(.iris))
    try store.createModel(
      #"""
      {"name": "m", "dataset": "iris", "precision": "float64", "weight_decay": 0.02, "architecture": "logistic"}
      """#)
    try store.run(#"{"kind": "train", "model": "m", "optimizer": "newton", "validation": 0}"#)
    let group = #""indices": \#(Array(0..<25))"#
    let retrained = try store.run(#"{"kind": "retrain", "model": "m", \#(group)}"#)
    let reference = try store.load(
      #require(retrained["model"]?.stringValue), as: Double.self
    ).state.parameters
    func distance(_ rounds: Int) throws -> Double {
      let result = try store.run(
        #"""
        {"kind": "remove", "model": "m", \#(group), "estimator": "if", "solver": "direct", "hessian_samples": "all",
         "scales": [1], "rounds": \#(rounds)}
        """#)
      #expect(result["rounds"]?.arrayValue?.count == (rounds > 1 ? rounds : nil))
      let edited = try store.load("m", checkpoint: result["checkpoint"]?.stringValue, as: Double.self).state
      return relativeError(edited.parameters, reference)
    }
    #expect(try distance(1) > 1e-3)
    #expect(try distance(8) < 1e-8)
  }

  @Test(arguments: Estimator.allCases)
  func dampingIsThatOfTheContract(_ estimator: Estimator) throws {
    for solver in [Self.lsmr, Self.cg, #""direct""#, #"{"name": "neumann", "iterations": 100000}"#] {
      try Self.withoutSome.get().check(estimator, solver: solver, damping: 0.3)
    }
  }

  /// Conjugate gradients meet negative curvature, say so and leave the last step before it.
  @Test(arguments: ["fif", "pif", "if"])
  func conjugateGradientsTellOfAnIndefiniteHessian(_ estimator: String) throws {
    let subject = try Self.withoutClass.get()
    let body =
      #""kind": "remove", "model": "m", "class": 1, "estimator": "\#(estimator)", "modification_ratio": 0.4, "#
      + #""solver": {"name": "cg", "iterations": 1000}, "hessian_samples": "all""#
    let result = try subject.store.run("{\(body)}")
    #expect(result["solver"]?["converged"] == false)
    #expect(result["solver"]?["reason"] == "negative_curvature")
    let warning = try #require(result["warnings"]?[0]?.stringValue)
    #expect(warning.contains("negative_curvature") && warning.contains("damping"), "\(warning)")
    let failure = #expect(throws: JobFailure.self) {
      try subject.store.run("{\(body), \"require_convergence\": true}")
    }
    #expect(failure?.reason == .notConverged)
    #expect(failure?.advice.contains("damping") == true)
  }

  @Test(arguments: Estimator.allCases)
  func everyEstimatorOfAConvolutionalNetwork(_ estimator: Estimator) throws {
    for solver in [Self.lsmr, #""direct""#] {
      try Self.pictures.get().check(estimator, solver: solver)
      try Self.pictures.get().check(estimator, solver: solver, groupTerm: false, newton: true)
    }
  }

  /// The weights minimise the risk over augmented pictures. Gradient and curvature must see the same
  /// augmentations, each once.
  @Test(arguments: [false, true])
  func picturesAreSeenAsTheRecipeAugmentsThem(_ newton: Bool) throws {
    let subject = try Self.augmentedPictures.get()
    for estimator in Estimator.allCases { try subject.check(estimator, solver: Self.lsmr, newton: newton) }
    // The update is the same if the request names the augmentations, and another one without augmentations.
    let request =
      #""kind": "remove", "model": "m", "class": 1, "solver": \#(Self.lsmr), "scales": [1], "hessian_samples": "all""#
    func weights(_ augment: String) throws -> [UInt8] {
      let result = try subject.store.run("{\(request)\(augment)}")
      return try subject.store.weights(ofCheckpoint: #require(result["checkpoint"]?.stringValue))
    }
    let trained = try weights("")
    #expect(try weights(#", "augment": "as_trained""#) == trained)
    #expect(try weights(#", "augment": ["crop", "flip"]"#) == trained)
    #expect(try weights(#", "augment": []"#) != trained)
  }

  /// For ridge regression the removal is the retraining (DESIGN §3).
  @Test(arguments: ["gif", "fif", "pif", "if"], ["influence", "newton"])
  func ridgeRegressionIsRetrainedExactly(_ estimator: String, _ gradient: String) throws {
    let lambda = 0.02
    let dataset = try Dataset.synthetic(
      SyntheticLinearRegression(samples: 200, heterogeneous: 30, seed: 3), name: "points")
    let store = MemoryStore(dataset)
    try store.createModel(
      #"""
      {"name": "ridge", "dataset": "points", "architecture": "linear", "loss": "mse", "precision": "float64",
       "weight_decay": 0.02}
      """#)
    let targets = try #require(dataset.train.targets).elements
    let inputs = dataset.train.inputs(0..<200, as: Double.self).elements
    /// argmin 1/n Σ (wᵀx + b − y)² + λ/2(‖w‖² + b²), the bias last.
    func fit(_ places: [Int]) -> [Double] {
      var matrix = DenseMatrix(rows: 6, columns: 6)
      var right = [Double](repeating: 0, count: 6)
      for place in places {
        let row = Array(inputs[place * 5..<(place + 1) * 5]) + [1]
        for a in 0..<6 {
          for b in 0..<6 { matrix[a, b] += 2 / Double(places.count) * row[a] * row[b] }
          right[a] += 2 / Double(places.count) * row[a] * targets[place]
        }
      }
      return matrix.shifted(by: lambda).solve(right)
    }
    let group = dataset.train.indices(of: .heterogeneous)
    let rest = (0..<200).filter { !Set(group).contains($0) }
    let fitted = NetworkState<Double>(parameters: fit(Array(0..<200)), statistics: [], counters: [])
    let network = try store.load(
      "ridge", checkpoint: store.insertInitial("ridge", Double.self), as: Double.self
    ).network
    let weights = Weights(layout: network.layout, precision: .float64)
    store.insert(try weights.bytes(of: fitted), model: "ridge", kind: .uploaded)
    let result = try store.run(
      """
      {"kind": "remove", "model": "ridge", "indices": \(group), "modification_ratio": 1,
       "estimator": "\(estimator)", "gradient": "\(gradient)", "hessian_samples": "all", "scales": [1]}
      """)
    let edited = try store.load(
      "ridge", checkpoint: result["checkpoint"]?.stringValue, as: Double.self
    ).state
    #expect(relativeError(edited.parameters, fit(rest)) < 1e-8)
    #expect(relativeError(fitted.parameters, fit(rest)) > 1e-2)
  }
}
