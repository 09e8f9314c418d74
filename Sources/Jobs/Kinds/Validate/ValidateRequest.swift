import JSON
import Tensor

/// `validate`: compares estimated effects of removing training samples on the loss of test points with real
/// trainings without the samples.
public struct ValidateRequest: JobRequest, Hashable {
  public static let kind = "validate"

  public var target: ModelReference
  public var plan: ValidationPlan
  /// The precision of the computation, by default the model's. A float32 model computed in float64 shows
  /// differences of losses that float32 would round away.
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

  public static let summary = "Measures estimates of influence against training without the samples."
  public static let details =
    "Estimates of what removing training samples does to the loss of test points, beside training without them and a control "
    + "training that leaves nothing out. A float32 model may be validated in float64."
  public static let standard = ValidateRequest(model: "")

  public static let fields = Fields<ValidateRequest>([
    .part(\.target, ModelReference.fields()), .part(\.plan, ValidationPlan.fields),
    .optional(
      "precision", \.precision, .choice, standard: "the model's", "The precision of everything computed."),
    .seed(\.seed, "Seeds what is drawn."), ConvergenceDemand.field(\.convergence),
  ])

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

  public var uses: JobUses { target.uses(dataset) }
}

// MARK: - Estimate

extension ValidateRequest {
  public func estimate(_ catalog: any Catalog, _ machine: Machine) throws -> JobEstimate? {
    var work = try Work(target, catalog, machine, precision: precision)
    work.validate(plan)
    return work.estimate
  }
}
