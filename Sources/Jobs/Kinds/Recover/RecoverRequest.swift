import JSON

/// `recover`: exchanges training samples with a changed label (poisoned or relabelled ones) for their true labels,
/// without training again.
public struct RecoverRequest: JobRequest, Hashable {
  public static let kind = "recover"

  public var target: ModelReference
  /// `resolve` fills in the samples whose label was changed.
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

  public static func read(_ reader: FieldReader) -> RecoverRequest {
    let target = ModelReference.read(reader)
    return RecoverRequest(
      model: target.model, checkpoint: target.checkpoint, group: GroupChoice.read(reader, required: false),
      update: UpdateRequest.read(reader, default: .recovery))
  }

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

  public var members: JSONObject {
    var object = target.members
    if let member = group?.member { object[member.name] = member.value }
    return object.merging(update.members)
  }

  public var uses: JobUses { target.uses(dataset) }
}
