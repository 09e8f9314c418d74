import Influence
import JSON

/// `attack`: small changes of training inputs that make the model, trained again, misread a test point.
public struct AttackRequest: JobRequest, Hashable {
  public static let kind = "attack"

  /// Which training points may be changed.
  public enum Choice: Hashable, Sendable {
    case indices([Int])
    /// Those whose inputs have the largest effect on the test point: by the 1-norm of the perturbation influence.
    case strongest(Int)
  }

  public var target: ModelReference
  /// Each is attacked by itself.
  public var test: TestChoice
  public var train: Choice
  /// The most that an input value may move by, before normalization: a share of the range of pictures and of bytes, units
  /// of a feature otherwise.
  public var epsilon: Double
  /// The move of one iteration, in the same units.
  public var step: Double
  public var iterations: Int
  public var curvature: CurvatureRequest
  /// How the model is trained again, from its checkpoint: to a minimum.
  public var training: TrainingRecipe
  public var seed: Int
  public var convergence: ConvergenceDemand
  /// The model's data set, known after `resolve`.
  public var dataset = ""

  /// The most test points of a request.
  static let mostTests = 1000
  /// The most training points that are changed together.
  static let mostPoints = 1000

  public static func read(_ reader: FieldReader) -> AttackRequest {
    let target = ModelReference.read(reader)
    _ = reader.requiredValue("test")
    let epsilon = reader.number("epsilon", .positive, default: 0.1)
    return AttackRequest(
      target: target, test: TestChoice.read(reader), train: readTrain(reader), epsilon: epsilon,
      step: reader.number("step", .positive, default: epsilon / 10),
      iterations: reader.integer("iterations", in: 1...10_000, default: 50),
      curvature: CurvatureRequest.read(reader, default: .ranking), training: readTraining(reader),
      seed: reader.integer("seed", in: 0...Int.max, default: 0), convergence: .read(reader))
  }

  private static func readTrain(_ reader: FieldReader) -> Choice {
    guard let own = reader.nested("train") else { return .strongest(1) }
    defer { own.finish() }
    switch own.onlyOne(of: ["indices", "count"]) {
    case "indices":
      let indices = own.list("indices", maximumCount: mostPoints) {
        FieldReader.integer($0, in: 0...Int(Int32.max), at: $1, own.faults)
      }
      guard let indices else { return .strongest(1) }
      if indices.isEmpty { own.fault("indices", "must name at least one sample") }
      if Set(indices).count != indices.count { own.fault("indices", "must name each sample once") }
      return .indices(indices)
    default: return .strongest(own.integer("count", in: 1...mostPoints, default: 1))
    }
  }

  static let standardTraining = TrainingRecipe(
    optimizer: .lbfgs(history: MinimizationMethod.standardHistory, gradientNorm: nil), epochs: 1000,
    batchSize: .all)

  private static func readTraining(_ reader: FieldReader) -> TrainingRecipe {
    guard let own = reader.nested("training") else { return standardTraining }
    defer { own.finish() }
    return TrainingRecipe.read(own)
  }

  public mutating func resolve(_ catalog: any Catalog, _ faults: RequestFaults) throws {
    let model = try target.resolve(catalog, faults)
    dataset = model.dataset
    let set = try catalog.usableDataset(dataset, at: .root.appending("model"), faults)
    let testPointer = JSONPointer.root.appending("test")
    test.check(set, model, at: testPointer, faults)
    curvature.settleSamples(try? model.network(for: set), set)
    if test.count > Self.mostTests {
      faults.add("must be at most \(Self.mostTests) points, got \(test.count)", at: testPointer)
    }
    if test.points == .mean {
      faults.add("cannot be the mean of a split: an attack is on single points", at: testPointer)
    }
    guard case .classes = set.targets else {
      faults.add(
        "must be a model that names classes: the data set \"\(set.name)\" has regression targets",
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
    training.check(try? model.network(for: set), of: set, at: pointer, faults)
  }

  public var members: JSONObject {
    var object = target.members
    object["test"] = test.json
    object["train"] =
      switch train {
      case .indices(let indices): ["indices": JSONValue(indices)]
      case .strongest(let count): ["count": JSONValue(count)]
      }
    object["epsilon"] = .number(epsilon)
    object["step"] = .number(step)
    object["iterations"] = JSONValue(iterations)
    object = object.merging(curvature.members)
    object["training"] = training.json
    object["seed"] = JSONValue(seed)
    object["require_convergence"] = convergence.json
    return object
  }

  public var uses: JobUses { target.uses(dataset) }
}
