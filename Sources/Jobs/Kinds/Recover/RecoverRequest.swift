import Influence
import JSON

/// `recover`: exchanges training samples with a changed label (poisoned or relabelled) for samples with their
/// true label, without training again.
public struct RecoverRequest: JobRequest, Hashable {
  public static let kind = "recover"

  public var target: ModelReference
  /// The group. Without one, `resolve` fills in the samples whose label was changed.
  public var group: GroupChoice?
  public var update: UpdateRequest
  /// The model's data set, known after `resolve`.
  public var dataset = ""

  public init(
    model: String, checkpoint: String? = nil, group: GroupChoice? = nil,
    update: UpdateRequest = .recovery
  ) {
    target = ModelReference(model: model, checkpoint: checkpoint)
    self.group = group
    self.update = update
  }

  public static let summary =
    "Exchanges poisoned or relabelled training samples for their true labels without retraining."
  public static let details =
    "The group defaults to the samples whose label was changed by poison, or else by relabel."
  public static let standard = RecoverRequest(model: "")

  public static let fields = Fields<RecoverRequest>([
    .part(\.target, ModelReference.fields()), GroupChoice.optional(\.group),
    .part(\.update, UpdateRequest.fields),
  ])

  public mutating func resolve(_ catalog: any Catalog, _ faults: RequestFaults) throws {
    let model = try target.resolve(catalog, faults)
    dataset = model.dataset
    let set = try catalog.usableDataset(dataset, at: .root.appending("model"), faults)
    if set.poisonedCount + set.relabelledCount == 0 {
      faults.add(
        "was trained on \"\(set.name)\", which has no samples with a changed label; take one derived by poison or relabel",
        at: .root.appending("model"))
    } else {
      let data = try catalog.editedData(of: model)
      let chosen = group ?? data?.changedGroup(set) ?? set.changedGroup
      group = chosen
      chosen.check(set, at: .root, faults)
      if faults.isEmpty {
        chosen.checkPresent(
          in: data, at: .root, faults, advice: ", or leave the group out for all that are to be put right")
      }
    }
    update.check(set, faults)
  }

  public var uses: JobUses { target.uses(dataset) }
}

// MARK: - Estimate

extension RecoverRequest {
  public func estimate(_ catalog: any Catalog, _ machine: Machine) throws -> JobEstimate? {
    try update.estimate(target, group, catalog, machine)
  }
}
