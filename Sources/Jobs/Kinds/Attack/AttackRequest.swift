import Influence
import JSON
import Tensor

/// `attack`: small changes of training inputs that make the model, trained again, misread a test point.
public struct AttackRequest: JobRequest, Hashable {
  public static let kind = "attack"

  /// The training points that the attack may change.
  public enum Choice: Hashable, Sendable {
    case indices([Int])
    /// The points whose inputs have the largest effect on the test point, by the 1-norm of the perturbation
    /// influence.
    case strongest(Int)
  }

  public var target: ModelReference
  /// The test points, each attacked by itself.
  public var test: TestChoice
  public var train: Choice
  /// The most that an input value may move, before normalization. The unit is the range of pictures and of
  /// bytes, otherwise one unit of the feature.
  public var epsilon: Double
  /// The move in one iteration, in the same units.
  public var step: Double
  public var iterations: Int
  public var curvature: CurvatureRequest
  /// The training to a minimum from the checkpoint, after each change.
  public var training: TrainingRecipe
  public var seed: Int
  public var convergence: ConvergenceDemand
  /// The model's data set, known after `resolve`.
  public var dataset = ""

  /// The most test points of a request.
  static let mostTests = 1000
  /// The most training points changed together.
  static let mostPoints = 1000

  public static let summary =
    "Changes training inputs a little so that the model, trained again, misreads a test point."
  public static let standard = AttackRequest(
    target: .none, test: TestChoice(), train: .strongest(1), epsilon: 0.1, step: 0.01, iterations: 50,
    curvature: .ranking, training: standardTraining, seed: 0, convergence: .reliable)

  public static let fields = Fields<AttackRequest>([
    .part(\.target, ModelReference.fields()),
    .required(
      "test", \.test, TestChoice.form(atMost: mostTests, takesMean: false),
      "The test points, each attacked by itself."),
    .member(
      "train", \.train, trainForm,
      "The training samples that may change, by index, or how many of the strongest."),
    .number(
      "epsilon", \.epsilon, .positive,
      "The most that an input value may move before normalization: a share of the range of pictures and bytes, which no value "
        + "leaves, and units of a feature otherwise."),
    .member(
      "step", \.step, .number(.positive), standard: "a tenth of `epsilon`", "The move of one iteration."),
    .integer("iterations", \.iterations, 1...10_000, "Steps of the attack."),
    .part(\.curvature, CurvatureRequest.rankingFields),
    .member(
      "training", \.training, trainingForm, standard: "`lbfgs`",
      "How the model is trained again, from its checkpoint: by `lbfgs` or `newton`. `validation` and `exclude` are the model's."
    ),
    .seed(\.seed, "Seeds the samples that are drawn."), ConvergenceDemand.field(\.convergence),
  ])

  public mutating func settle(_ reader: FieldReader) {
    if !reader.has("step") { step = epsilon / 10 }
  }

  private static let indices = Form<[Int]>.list(
    of: .index, atMost: mostPoints, empty: "must name at least one sample",
    repeated: { _ in "must name each sample once" })
  private static let count = Form<Int>.integer(1...mostPoints)

  private static let trainForm = Form<Choice>(
    schema: Schema.anyOf(
      Schema.request(["indices": indices.schema]), Schema.request(["count": count.schema])),
    words: "object with `indices` or `count`",
    read: { value, pointer, faults in
      let own = FieldReader(value, at: pointer, faults: faults)
      defer { own.finish() }
      func member<Value>(_ name: String, _ form: Form<Value>) -> Value? {
        own.value(name).flatMap { form.read($0, pointer.appending(name), faults) }
      }
      switch own.onlyOne(of: ["indices", "count"]) {
      case "indices": return member("indices", indices).map(Choice.indices)
      default: return .strongest(member("count", count) ?? 1)
      }
    },
    write: { choice in
      switch choice {
      case .indices(let indices): ["indices": JSONValue(indices)]
      case .strongest(let count): ["count": JSONValue(count)]
      }
    })

  private static let trainingForm = TrainingRecipe.form.described(by: [
    "allOf": [
      Schema.ref("Training"),
      ["properties": ["optimizer": Schema.choice(["lbfgs", "newton"])], "required": ["optimizer"]],
    ]
  ])

  static let standardTraining = TrainingRecipe(
    optimizer: .lbfgs(history: MinimizationMethod.standardHistory, gradientNorm: nil), epochs: 1000,
    batchSize: .all)

  public mutating func resolve(_ catalog: any Catalog, _ faults: RequestFaults) throws {
    let model = try target.resolve(catalog, faults)
    dataset = model.dataset
    let set = try catalog.usableDataset(dataset, at: .root.appending("model"), faults)
    let testPointer = JSONPointer.root.appending("test")
    test.check(set, model, at: testPointer, faults)
    let network = model.network(for: set, faults)
    network?.checkInputsMayChange(model.name, faults)
    curvature.settleSamples(network, set)
    if test.count > Self.mostTests {
      faults.add("must be at most \(Self.mostTests) points, got \(test.count)", at: testPointer)
    }
    if test.points == .mean {
      faults.add("cannot be the mean of a split: an attack is on single points", at: testPointer)
    }
    guard case .classes = set.targets else {
      faults.add(
        "must be a model that names classes: the data set \"\(set.name)\" has \(set.targets.words)",
        at: .root.appending("model"))
      return
    }
    if case .indices(let indices) = train, let outside = indices.first(where: { $0 >= set.trainCount }) {
      faults.add(
        "must be between 0 and \(set.trainCount - 1), got \(outside)",
        at: .root.appending("train").appending("indices"))
    }
    let pointer = JSONPointer.root.appending("training")
    if !training.optimizer.name.minimizes {
      faults.add(
        "must be \"lbfgs\" or \"newton\": perturbations are followed from minimum to minimum",
        at: pointer.appending("optimizer"))
    }
    training = training.onSamples(of: model)
    training.check(set, at: pointer, faults)
    training.check(network, of: set, at: pointer, faults)
  }

  public var uses: JobUses { target.uses(dataset) }
}

// MARK: - Estimate

extension AttackRequest {
  public func estimate(_ catalog: any Catalog, _ machine: Machine) throws -> JobEstimate? {
    var work = try Work(target, catalog, machine)
    work.evaluate(work.testCount)
    work.apart(times: Double(test.count) * Double(iterations)) { work in
      let curvature = work.linearize(work.drawn(self.curvature.samples), matrix: self.curvature.matrix)
      work.solve(self.curvature.solver, curvature, usual: work.rankingSteps(self.curvature.solver))
      // Each training goes from one minimum to the next.
      work.pass(20 * work.trainedCount, times: 3)
    }
    if case .lbfgs(let history, _) = training.optimizer { work.hold(vectors: 2 * Double(history)) }
    return work.estimate
  }
}
