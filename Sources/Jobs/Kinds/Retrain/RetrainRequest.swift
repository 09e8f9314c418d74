import JSON

/// `retrain`: trains the model again from its initial weights, on the data that a checkpoint stands for,
/// without a group or with the group's true labels. The result is the reference of `remove` and `recover`.
public struct RetrainRequest: JobRequest, Hashable {
  public static let kind = "retrain"

  /// The model, and the checkpoint whose recipe is used.
  public var target: ModelReference
  /// The group. For a recovery without a group, `resolve` fills in the changed samples. Nil trains on exactly
  /// the data of an edited checkpoint.
  public var group: GroupChoice?
  /// The group gets its true labels instead of being left out.
  public var recovers: Bool
  /// The seed of the training, by default the model's.
  public var seed: Int?
  /// The name of the new model. Nil takes a free name made from the model's name and the group.
  public var name: String?
  /// A recipe in place of the checkpoint's.
  public var training: TrainingRecipe?
  /// The model's data set, known after `resolve`.
  public var dataset = ""

  public init(
    model: String, checkpoint: String? = nil, group: GroupChoice?, recovers: Bool = false, seed: Int? = nil,
    name: String? = nil, training: TrainingRecipe? = nil
  ) {
    target = ModelReference(model: model, checkpoint: checkpoint)
    self.group = group
    self.recovers = recovers
    self.seed = seed
    self.name = name
    self.training = training
  }

  public static let summary = "Trains a model again without a group, as the reference of a removal."
  public static let details =
    "A group is required, unless recover is true, or the checkpoint is an edited one: then training is on just what that "
    + "checkpoint stands for."
  public static let standard = RetrainRequest(model: "", group: nil)

  public static let fields = Fields<RetrainRequest>([
    .part(\.target, ModelReference.fields()), GroupChoice.optional(\.group),
    .flag("recover", \.recovers, "The group gets its true labels instead of being left out."),
    .optional(
      "seed", \.seed, .integer(0...Int.max), standard: "the model's",
      "Seeds the initial weights and the training."),
    .optional(
      "name", \.name, .resourceName, standard: "made of the model's name and the group",
      "The new model's name."),
    .optional(
      "training", \.training, TrainingRecipe.member, standard: "the checkpoint's", "The recipe."),
  ])

  public mutating func resolve(_ catalog: any Catalog, _ faults: RequestFaults) throws {
    let model = try target.resolve(catalog, faults, needsWeights: false)
    dataset = model.dataset
    let set = try catalog.usableDataset(dataset, at: .root.appending("model"), faults)
    let data = faults.isEmpty ? try catalog.editedData(of: model) : nil
    if recovers { group = group ?? data?.changedGroup(set) ?? set.changedGroup }
    if let group {
      if !recovers || set.poisonedCount + set.relabelledCount > 0 { group.check(set, at: .root, faults) }
      if faults.isEmpty {
        group.checkPresent(
          in: data, at: .root, faults, advice: ", or name no group to train on what the checkpoint stands for"
        )
      }
    } else if model.record.edits.isEmpty {
      faults.add(GroupChoice.missing, at: .root)
    }
    if recovers, set.poisonedCount + set.relabelledCount == 0 {
      faults.add(
        "must be false: the data set \"\(set.name)\" has no samples with a changed label",
        at: .root.appending("recover"))
    }
    if var training {
      training.check(set, at: .root.appending("training"), faults)
      training.check(model.network(for: set, faults), of: set, at: .root.appending("training"), faults)
      self.training = training
    } else if let own = model.training {
      training = own
    } else {
      faults.add(TrainingRecipe.missing(of: model), at: .root.appending("training"))
    }
    seed = seed ?? model.seed
    if let name, try catalog.model(named: name) != nil { throw NameTaken(.model, name) }
  }

  public var uses: JobUses { target.uses(dataset) }
}

// MARK: - Estimate

extension RetrainRequest {
  public func estimate(_ catalog: any Catalog, _ machine: Machine) throws -> JobEstimate? {
    var work = try Work(target, catalog, machine)
    if let training { work.train(training) }
    work.leaveCheckpoint()
    return work.estimate
  }
}
