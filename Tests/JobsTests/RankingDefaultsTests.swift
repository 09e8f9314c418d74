import Datasets
import Foundation
import Influence
import JSON
import Jobs
import Network
import Tensor
import TestSupport
import Testing

/// The defaults of jobs that rank samples: the damping, the refusal of unreliable answers, the meaning of a
/// score.
@Suite("Defaults of rankings")
struct RankingDefaultsTests {
  /// 200 digits, and a model that is trained as each test says. With 180 samples in minibatches of 32 an
  /// epoch has six steps.
  private func store(
    _ training: [String], architecture: String = #"{"name": "mlp", "hidden": [6]}"#, decay: Double = 0.01,
    precision: String = "float64"
  ) throws -> MemoryStore {
    let store = MemoryStore(
      try Dataset.builtIn(.digits).taking(Take(train: 200, test: 40)).named("few"))
    try store.createModel(
      #"{"name": "m", "dataset": "few", "architecture": \#(architecture), "precision": "\#(precision)", "weight_decay": \#(decay)}"#
    )
    for members in training { try store.run(#"{"kind": "train", "model": "m", \#(members)}"#) }
    return store
  }

  private func damping(
    _ store: MemoryStore, _ kind: String = "influence", _ members: String = ""
  ) throws -> (value: Double, rule: String, time: Double?) {
    let result = try store.run(#"{"kind": "\#(kind)", "model": "m"\#(members)}"#)
    let curvature =
      result["curvature"] ?? result["tests"]?[0]?["curvature"] ?? result["rows"]?[0] ?? .null
    let damping = try #require(curvature["damping"])
    return (
      try #require(damping["value"]?.doubleValue), try #require(damping["rule"]?.stringValue),
      damping["T"]?.doubleValue
    )
  }

  private func isNear(_ found: Double?, _ expected: Double) -> Bool {
    guard let found else { return false }
    return abs(found - expected) <= 1e-11 * abs(expected)
  }

  private static let descent =
    #""learning_rate": 0.02, "epochs": 5, "batch_size": 32, "schedule": "constant", "optimizer": "sgd", "momentum": 0.5, "validation": 0.1"#

  // MARK: Damping

  /// T = 30 steps of 0.02 over 1 − 0.5; a second training adds its own.
  @Test func ofADescentItIsOneOverItsLength() throws {
    let once = try store([Self.descent])
    let first = try damping(once)
    #expect(first.rule == "1/T")
    #expect(isNear(first.time, 1.2))
    #expect(isNear(first.value, 1 / 1.2))
    let twice = try store([
      Self.descent,
      #""learning_rate": 0.01, "epochs": 2, "batch_size": "all", "validation": 0, "schedule": "constant""#,
    ])
    let second = 2 * 0.01 / 0.1
    let both = try damping(twice).time
    #expect(isNear(both, 1.2 + second))
    // An edit has no length.
    let edited = try once.run(#"{"kind": "remove", "model": "m", "indices": [1, 2], "scales": [1]}"#)
    let checkpoint = try #require(edited["checkpoint"]?.stringValue)
    let later = try damping(once, "influence", #", "checkpoint": "\#(checkpoint)""#)
    #expect(later.time == first.time)
    for (kind, members) in [("domain_mismatch", ""), ("mislabeled", #", "method": "self_influence""#)] {
      let time = try damping(once, kind, members).time
      #expect(time == first.time, "\(kind)")
    }
  }

  /// The damping of a validation is that of its own trainings: 12 steps at a tenth of a cosine's rate, or the
  /// recipe from scratch.
  @Test func ofAValidationItIsThatOfItsOwnTrainings() throws {
    let store = try store([
      #""learning_rate": 0.02, "epochs": 5, "batch_size": 32, "optimizer": "sgd", "momentum": 0.5, "validation": 0.1"#
    ])
    let candidates = #", "candidates": {"indices": [\#(try trained(store))]}, "#
    func time(_ members: String) throws -> Double {
      try #require(damping(store, "validate", candidates + members).time)
    }
    /// The sum of a cosine's rates over `steps` steps, divided by 1 − 0.5.
    func cosine(_ steps: Int, _ rate: Double) -> Double {
      var sum = 0.0
      for step in 0..<steps {
        let angle = Double.pi * Double(step) / Double(steps)
        sum += rate * (1 + cos(angle))
      }
      return sum
    }
    let standard = try time(#""newton": true"#)
    #expect(isNear(standard, cosine(12, 0.002)))
    let short = try time(#""retrain_steps": 7, "retrain_rate": 1"#)
    #expect(isNear(short, cosine(7, 0.02)))
    let whole = try time(#""from": "scratch""#)
    #expect(isNear(whole, cosine(30, 0.02)))
    let minimized = try damping(store, "validate", #", "count": 1, "training": {"optimizer": "lbfgs"}"#)
    #expect(minimized.rule == "minimum")
  }

  private func trained(_ store: MemoryStore) throws -> Int {
    Partition(count: 200, recipe: store.model(named: "m")?.training, seed: 0, excluded: []).training[0]
  }

  /// For weights whose training has no length, δ is a thousandth of the largest eigenvalue, which the dense
  /// matrix gives.
  @Test(arguments: ["initial", "adam"]) func otherwiseItFollowsTheLargestEigenvalue(_ origin: String) throws {
    let store = try store(
      origin == "adam" ? [#""optimizer": "adam", "learning_rate": 0.01, "epochs": 2, "validation": 0"#] : [])
    if origin == "initial" { try store.insertInitial("m", Double.self) }
    let found = try damping(store)
    #expect(found.rule == "largest_eigenvalue" && found.time == nil)
    let spectrum = try store.run(
      #"{"kind": "spectrum", "model": "m", "count": 1, "hessian": "gauss_newton", "hessian_samples": "all"}"#)
    let largest = try #require(spectrum["spectra"]?[0]?["eigenvalues"]?[0]?.doubleValue)
    let share = found.value / largest
    #expect(abs(share - 1e-3) < 2e-5, "\(found.value) \(largest)")
  }

  /// At a minimum δ is 0 if weight decay keeps the matrix definite; otherwise it is as small as rounding
  /// allows.
  @Test func ofAMinimumItIsNone() throws {
    let logistic = try damping(
      store([#""optimizer": "newton", "validation": 0"#], architecture: #""logistic""#))
    #expect(logistic.rule == "minimum" && logistic.value == 0)
    let body = #"{"kind": "influence", "model": "ridge"}"#
    let plain = try Ridge.trained(decay: 0).store.run(body)["curvature"]?["damping"]
    #expect(plain?["rule"] == "minimum")
    let share = (plain?["value"]?.doubleValue ?? 1) / (plain?["largest_eigenvalue"]?.doubleValue ?? 0)
    #expect(abs(share - 1e-12) < 1e-18)
    let deep = try damping(store([#""optimizer": "lbfgs", "epochs": 20, "validation": 0"#], decay: 0))
    #expect(deep.rule == "minimum" && deep.value > 1e-7 && deep.value < 1e-3)
  }

  /// For least squares, Gauss–Newton is the Hessian: the defaults are the normal equations, exactly.
  @Test(arguments: [0.1, 0]) func theDefaultsAreExactOnRidgeRegression(_ decay: Double) throws {
    let (store, ridge) = try Ridge.trained(decay: decay)
    let context = MemoryContext()
    try store.run(#"{"kind": "influence", "model": "ridge", "test": {"indices": [3]}}"#, context: context)
    let theta = try ridge.minimum()
    let error = ridge.test[3].row.dot(theta) - ridge.test[3].target
    let factor = try DenseAlgebra.solvePositiveDefinite(
      ridge.system().hessian, order: 5, rightHandSides: [ridge.test[3].row.map { 2 * error * $0 }])[0]
    let scores = ridge.rows.indices.map { place in
      2 * (ridge.rows[place].dot(theta) - ridge.targets[place]) * factor.dot(ridge.rows[place])
    }
    #expect(relativeError(context.doubles("scores.npy"), scores) < 1e-9)
  }

  @Test func theRequestKeepsWhatItSays() throws {
    let store = try store([Self.descent])
    func request(_ members: String) throws -> JSONValue {
      var job = try JobBody(
        JSONParser.parse(#"{"kind": "influence", "model": "m", \#(members)}"#), kinds: StandardJobs.kinds)
      try job.resolve(store)
      return job.json
    }
    let standard = try request(#""top": 10"#)
    #expect(standard["damping"] == "auto" && standard["hessian"] == "gauss_newton")
    #expect(standard["hessian_samples"] == "all")
    #expect(try request(#""damping": "auto""#) == standard)
    #expect(try request(#""damping": 0.5"#)["damping"] == 0.5)
    // Each option by itself.
    let options = [
      (#""hessian": "hessian""#, "hessian"), (#""solver": "minres""#, "solver"),
      (#""damping": 0"#, "damping"),
      (#""hessian_samples": 50"#, "hessian_samples"),
      (#""require_convergence": false"#, "require_convergence"),
    ]
    for (members, name) in options {
      for member in try #require(request(members).objectValue).members where member.name != name {
        #expect(member.value == standard[member.name], "\(members) changes \(member.name)")
      }
    }
    let own = try request(#""self_influence": true"#)
    #expect(try request(#""self_influence": true, "solver": "minres""#)["self_solver"] == own["self_solver"])
  }

  /// Small networks afford all samples, large ones few.
  @Test func theCurvatureSamplesFollowTheNetwork() throws {
    let store = MemoryStore(
      try Dataset.synthetic(
        SyntheticBlobs(
          samples: 6000, testSamples: 4, classes: 2, pictures: Shape(height: 28, width: 28, channels: 1)),
        name: "many"))
    func samples(_ architecture: String) throws -> JSONValue? {
      try store.createModel(
        #"{"name": "\#(architecture)", "dataset": "many", "architecture": "\#(architecture)"}"#)
      try store.insertInitial(architecture, Float.self)
      var job = try JobBody(
        JSONParser.parse(#"{"kind": "influence", "model": "\#(architecture)"}"#), kinds: StandardJobs.kinds)
      try job.resolve(store)
      return job.json["hessian_samples"]
    }
    #expect(try samples("logistic") == "all")
    #expect(try samples("cnn") == 2048)
    #expect(try samples("resnet18") == 256)
  }

  @Test(arguments: [
    #"{"kind": "influence", "model": "m", "damping": "much"}"#,
    #"{"kind": "influence", "model": "m", "damping": -1}"#,
    #"{"kind": "remove", "model": "m", "class": 1, "damping": "auto"}"#,
  ]) func aDampingThatIsNoneIsRefused(_ body: String) throws {
    let store = try store([Self.descent])
    let rejection = #expect(throws: RequestRejection.self) { _ = try store.run(body) }
    #expect(rejection?.faults.map(\.pointer) == ["/damping"])
  }

  // MARK: Answers that are no ranking

  private static let kinds: [(kind: String, members: String)] = [
    ("influence", ""), ("domain_mismatch", ""), ("validate", #", "count": 2, "norms": false"#),
    (
      "mislabeled",
      #", "method": "self_influence", "fix_at": [], "solver": {"name": "cg", "iterations": 1}"#
    ),
    (
      "attack",
      #", "test": {"indices": [1]}, "iterations": 1, "training": {"optimizer": "lbfgs", "epochs": 5}"#
    ),
  ]

  /// One step of a solver is no solution: the job fails and says what to change; or gives it, marked.
  @Test(arguments: kinds.indices) func anAnswerThatIsNoRankingIsRefusedOrMarked(_ index: Int) throws {
    let (kind, members) = Self.kinds[index]
    let store = try store([Self.descent])
    let solver = kind == "mislabeled" ? "" : #", "solver": {"name": "cg", "iterations": 1}"#
    let body = #"{"kind": "\#(kind)", "model": "m", "damping": 0.001\#(solver)\#(members)"#
    for demand in ["", #", "require_convergence": true"#] {
      let failure = #expect(throws: JobFailure.self, "\(kind)") { _ = try store.run(body + demand + "}") }
      #expect(failure?.reason == .notConverged)
      #expect(failure?.advice.isEmpty == false)
      if demand.isEmpty { #expect(failure?.advice.contains("require_convergence") == true) }
    }
    let result = try store.run(body + #", "require_convergence": false}"#)
    let reliable = result["reliable"] ?? result["tests"]?[0]?["reliable"]
    #expect(reliable == false, "\(kind)")
    #expect(result["warnings"]?.arrayValue?.isEmpty == false)
    if kind == "validate" {
      #expect(result["tests"]?[0]?["pairs"]?[0]?["reliable"] == false)
      #expect(result["pearson"] == .null)
    }
    // By the defaults it is one.
    let standard = try store.run(
      #"{"kind": "\#(kind)", "model": "m"\#(kind == "mislabeled" ? #", "method": "self_influence""# : members)}"#
    )
    let good = standard["reliable"] ?? standard["tests"]?[0]?["reliable"]
    #expect(good == true, "\(kind)")
  }

  // MARK: The meaning of a score

  /// effect = scale · score + offset equals the estimate of `validate`. It is near the true effect of leaving
  /// out a sample of a ridge regression.
  @Test func anEffectIsWhatLeavingTheSampleOutDoes() throws {
    let (store, ridge) = try Ridge.trained(decay: 0.1)
    let context = MemoryContext()
    let result = try store.run(
      #"{"kind": "influence", "model": "ridge", "test": {"indices": [7]}, "top": 60}"#, context: context)
    let test = try #require(result["tests"]?[0])
    let scale = try #require(test["effect"]?["scale"]?.doubleValue)
    let offset = try #require(test["effect"]?["offset"]?.doubleValue)
    let scores = context.doubles("scores.npy")
    #expect(abs(scale - 1.0 / 59) < 1e-15)
    let rows = ["helpful", "harmful"].flatMap { test[$0]?.arrayValue ?? [] }
    #expect(rows.count == 60)
    let validated = try store.run(
      #"{"kind": "validate", "model": "ridge", "test": {"indices": [7]}, "candidates": {"indices": \#(Array(0..<59))}}"#
    )
    let pairs = try #require(validated["tests"]?[0]?["pairs"]?.arrayValue)
    let whole = try ridge.minimum()
    var effects = [Double](repeating: 0, count: 60)
    for row in rows {
      let index = try #require(row["index"]?.integerValue)
      let effect = try #require(row["effect"]?.doubleValue)
      effects[index] = effect
      let linear = scale * scores[index] + offset
      #expect(abs(effect - linear) < 1e-12)
      guard index < 59 else { continue }
      let estimated = try #require(
        pairs.first { $0["train"]?.integerValue == index }?["estimated"]?.doubleValue)
      #expect(abs(effect - estimated) < 1e-9 * abs(estimated) + 1e-12)
    }
    #expect((test["helpful"]?.arrayValue ?? []).allSatisfy { $0["effect"]?.doubleValue ?? 0 > 0 })
    #expect((test["harmful"]?.arrayValue ?? []).allSatisfy { $0["effect"]?.doubleValue ?? 0 < 0 })
    // At a minimum the gradient of the whole risk is zero, and with it the sum of all effects.
    #expect(abs(effects.reduce(0, +)) < 1e-9)
    let truth = try (0..<60).map {
      try ridge.testLoss(7, ridge.minimum(without: [$0])) - ridge.testLoss(7, whole)
    }
    #expect(try #require(Correlation.pearson(effects, truth)) > 0.98)
  }

  /// The same of the sample's own loss, which rises without it.
  @Test func aSelfInfluenceMeansTheChangeOfTheOwnLoss() throws {
    let (store, ridge) = try Ridge.trained(decay: 0.1)
    let result = try store.run(
      #"{"kind": "influence", "model": "ridge", "self_influence": true, "top": 60}"#)
    let whole = try ridge.minimum()
    let rows = try #require(result["self_influence"]?["largest"]?.arrayValue)
    #expect(result["self_influence"]?["reliable"] == true)
    for row in rows.prefix(10) {
      let index = try #require(row["index"]?.integerValue)
      let own = try store.run(
        #"{"kind": "influence", "model": "ridge", "test": {"split": "train", "indices": [\#(index)]}, "train": {"indices": [\#(index)]}}"#
      )
      let row2 = try #require((own["tests"]?[0]?["helpful"]?[0]) ?? own["tests"]?[0]?["harmful"]?[0])
      let effect = try #require(row["effect"]?.doubleValue)
      let other = try #require(row2["effect"]?.doubleValue)
      #expect(abs(effect - other) < 1e-9 * abs(effect))
      let without = try ridge.minimum(without: [index])
      func loss(_ theta: [Double]) -> Double {
        let error = ridge.rows[index].dot(theta) - ridge.targets[index]
        return error * error
      }
      let change = loss(without) - loss(whole)
      #expect(abs(effect - change) < 0.5 * change)
    }
  }

  /// Samples that the model never saw cannot be left out.
  @Test func whatWasNotTrainedOnHasNoEffect() throws {
    let store = try store([Self.descent])
    let held = Partition(count: 200, recipe: store.model(named: "m")?.training, seed: 0, excluded: [])
      .validation
    let result = try store.run(
      #"{"kind": "influence", "model": "m", "train": {"indices": \#(held)}}"#)
    let rows = ["helpful", "harmful"].flatMap { result["tests"]?[0]?[$0]?.arrayValue ?? [] }
    #expect(!rows.isEmpty)
    for row in rows { #expect(row["effect"] == .null && row["trained"] == false) }
  }
}
