import Influence
import JSON

/// `remove`: takes a group of training samples out of a model without training it again.
public struct RemoveRequest: JobRequest, Hashable {
  public static let kind = "remove"

  public var target: ModelReference
  public var group: GroupChoice
  public var update: UpdateRequest
  /// Whether the group's own Hessian is taken out of the curvature.
  public var takesGroupOut: Bool
  /// The model's data set, known after `resolve`.
  public var dataset = ""

  public init(
    model: String, checkpoint: String? = nil, group: GroupChoice, update: UpdateRequest = .removal,
    takesGroupOut: Bool = true
  ) {
    target = ModelReference(model: model, checkpoint: checkpoint)
    self.group = group
    self.update = update
    self.takesGroupOut = takesGroupOut
  }

  public static let summary =
    "Takes a class or a group of training samples out of a model without retraining."
  public static let standard = RemoveRequest(model: "", group: .poisoned, update: .removal)

  public static let fields = Fields<RemoveRequest>([
    .part(\.target, ModelReference.fields()), GroupChoice.required(\.group),
    .part(\.update, UpdateRequest.fields),
    .flag("group_term", \.takesGroupOut, "The group's own Hessian is taken out of the curvature."),
  ])

  public mutating func resolve(_ catalog: any Catalog, _ faults: RequestFaults) throws {
    let model = try target.resolve(catalog, faults)
    dataset = model.dataset
    let set = try catalog.usableDataset(dataset, at: .root.appending("model"), faults)
    group.check(set, at: .root, faults)
    if faults.isEmpty { group.checkPresent(in: try catalog.editedData(of: model), at: .root, faults) }
    update.check(set, faults)
  }

  public var uses: JobUses { target.uses(dataset) }
}

// MARK: - Estimate

extension RemoveRequest {
  public func estimate(_ catalog: any Catalog, _ machine: Machine) throws -> JobEstimate? {
    try update.estimate(target, group, catalog, machine)
  }
}
