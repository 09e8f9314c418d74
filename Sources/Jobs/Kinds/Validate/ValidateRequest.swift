import JSON
import Tensor

/// `validate`: estimates of what removing training samples does to the loss of test points, against training without
/// them.
public struct ValidateRequest: JobRequest, Hashable {
  public static let kind = "validate"

  public var target: ModelReference
  public var plan: ValidationPlan
  /// What it is computed in; by default the model's. A float32 model in float64 has differences of losses that float32
  /// would round away.
  public var precision: Precision?
  public var seed: Int
  public var convergence: ConvergenceDemand
  /// The model's data set, known after `resolve`.
  public var dataset = ""

  public init(
    model: String, checkpoint: String? = nil, plan: ValidationPlan = ValidationPlan(),
    precision: Precision? = nil, seed: Int = 0, convergence: ConvergenceDemand = .reliable
  ) {
    target = ModelReference(model: model, checkpoint: checkpoint)
    self.plan = plan
    self.precision = precision
    self.seed = seed
    self.convergence = convergence
  }

  public static func read(_ reader: FieldReader) -> ValidateRequest {
    let target = ModelReference.read(reader)
    return ValidateRequest(
      model: target.model, checkpoint: target.checkpoint, plan: ValidationPlan.read(reader),
      precision: reader.choice("precision", Precision.self),
      seed: reader.integer("seed", in: 0...Int.max, default: 0),
      convergence: .read(reader))
  }

  public mutating func resolve(_ catalog: any Catalog, _ faults: RequestFaults) throws {
    let model = try target.resolve(catalog, faults)
    dataset = model.dataset
    let set = try catalog.usableDataset(dataset, at: .root.appending("model"), faults)
    if precision == .float32, model.precision == .float64 {
      faults.add(
        "must be \"float64\": the model is one of float64", at: .root.appending("precision"))
    }
    precision = precision ?? model.precision
    plan.resolve(
      model, set, removed: try catalog.editedData(of: model)?.removed ?? [], at: .root, faults)
  }

  public var members: JSONObject {
    target.members.merging(plan.members).merging([
      "precision": JSONValue(precision?.rawValue), "seed": JSONValue(seed),
      "require_convergence": convergence.json,
    ])
  }

  public var uses: JobUses { target.uses(dataset) }
}
