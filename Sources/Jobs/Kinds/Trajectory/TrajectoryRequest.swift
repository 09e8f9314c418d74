import Influence
import JSON

/// `trajectory`: how some free parameters move as training samples are taken out one after the other, by influence and
/// by minimising what remains.
public struct TrajectoryRequest: JobRequest, Hashable {
  public static let kind = "trajectory"

  /// What a path's next point is made from.
  public enum Mode: String, CaseIterable, Sendable {
    /// From θ̂, for all samples removed so far at once.
    case cumulative
    /// From the path's last point, for the samples of this step.
    case sequential
  }

  public enum Order: String, CaseIterable, Sendable { case ascending, descending, random }

  public var target: ModelReference
  public var group: GroupChoice
  public var order: Order
  /// Samples taken out at a time.
  public var step: Int
  /// What may move.
  public var parameters: [ParameterChoice]
  public var estimators: [Estimator]
  public var modes: [Mode]
  public var curvature: CurvatureRequest
  public var gradient: UpdateRequest.GradientForm
  public var seed: Int
  /// The model's data set, known after `resolve`.
  public var dataset = ""

  /// The most free parameters: the constrained optimum is found with a dense matrix of them.
  static let mostParameters = 1000
  static let mostSteps = 10_000
  private static let standardEstimators: [Estimator] = [.gif, .fif, .pif]
  private static let standardCurvature = CurvatureRequest(
    solver: SolverRequest(name: .lsmr, iterations: .standard), samples: .all)

  public static func read(_ reader: FieldReader) -> TrajectoryRequest {
    let target = ModelReference.read(reader)
    let request = TrajectoryRequest(
      target: target, group: GroupChoice.read(reader) ?? .heterogeneous,
      order: reader.choice("order", default: .ascending),
      step: reader.integer("step", in: 1...Int(Int32.max), default: 1), parameters: readParameters(reader),
      estimators: readChoices(reader, "estimators", standardEstimators),
      modes: readChoices(reader, "modes", Mode.allCases),
      curvature: CurvatureRequest.read(reader, default: standardCurvature),
      gradient: reader.choice("gradient", default: .influence),
      seed: reader.integer("seed", in: 0...Int.max, default: 0))
    if request.estimators.contains(.if) {
      reader.fault("estimators", "must be \"gif\", \"fif\" or \"pif\": \"if\" moves every parameter")
    }
    return request
  }

  private static func readParameters(_ reader: FieldReader) -> [ParameterChoice] {
    guard let value = reader.requiredValue("parameters") else { return [] }
    if value.arrayValue?.isEmpty ?? false { reader.fault("parameters", "must name at least one parameter") }
    return reader.list("parameters", maximumCount: mostParameters) {
      ParameterChoice.read($0, at: $1, reader.faults)
    } ?? []
  }

  private static func readChoices<Choice>(
    _ reader: FieldReader, _ name: String, _ standard: [Choice]
  ) -> [Choice] where Choice: RawRepresentable<String> & CaseIterable & Hashable {
    guard let value = reader.value(name) else { return standard }
    if value.arrayValue?.isEmpty ?? false { reader.fault(name, "must have at least one element") }
    let choices =
      reader.list(name, maximumCount: 16) {
        FieldReader.choice($0, Choice.self, at: $1, reader.faults)
      } ?? []
    if Set(choices).count != choices.count { reader.fault(name, "must name each once") }
    return choices
  }

  public mutating func resolve(_ catalog: any Catalog, _ faults: RequestFaults) throws {
    let model = try target.resolve(catalog, faults)
    dataset = model.dataset
    let set = try catalog.usableDataset(dataset, at: .root.appending("model"), faults)
    group.check(set, at: .root, faults)
    if faults.isEmpty { group.checkPresent(in: try catalog.editedData(of: model), at: .root, faults) }
    if set.incomplete == nil {
      let layout = try model.network(for: set).layout
      let named = layout.parameters(parameters, at: .root.appending("parameters"), faults)
      if named.count > Self.mostParameters {
        faults.add(
          "must name at most \(Self.mostParameters) parameters, got \(named.count)",
          at: .root.appending("parameters"))
      }
    }
    if curvature.solver.name == .lissa {
      faults.add(
        "cannot be \"lissa\": its answer is random; use lsmr or direct", at: .root.appending("solver"))
    }
  }

  public var members: JSONObject {
    var object = target.members
    object[group.member.name] = group.member.value
    object["order"] = .string(order.rawValue)
    object["step"] = JSONValue(step)
    object["parameters"] = .array(parameters.map(\.json))
    object["estimators"] = JSONValue(estimators.map(\.rawValue))
    object["modes"] = JSONValue(modes.map(\.rawValue))
    object = object.merging(curvature.members)
    object["gradient"] = .string(gradient.rawValue)
    object["seed"] = JSONValue(seed)
    return object
  }

  public var uses: JobUses { target.uses(dataset) }
}
