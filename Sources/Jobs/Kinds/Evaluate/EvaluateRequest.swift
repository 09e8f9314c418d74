import JSON

/// `evaluate`: loss, accuracy and outputs of a checkpoint on a split.
public struct EvaluateRequest: JobRequest, Hashable {
  public static let kind = "evaluate"

  public var target: ModelReference
  public var seed: Int
  /// The data set, by default the model's.
  public var dataset: String?
  public var split: TestChoice.Split

  public init(
    model: String, checkpoint: String? = nil, seed: Int = 0, dataset: String? = nil,
    split: TestChoice.Split = .test
  ) {
    target = ModelReference(model: model, checkpoint: checkpoint)
    self.seed = seed
    self.dataset = dataset
    self.split = split
  }

  public static let summary = "Measures a checkpoint on a split of a data set."
  public static let standard = EvaluateRequest(model: "")

  public static let fields = Fields<EvaluateRequest>([
    .part(\.target, ModelReference.fields()),
    .seed(\.seed, "Kept for requests of one shape; nothing is drawn."),
    .optional("dataset", \.dataset, .resourceName, standard: "the model's", "The data set."),
    .member(
      "split", \.split, .choice(listing: [.train, .test, .validation]),
      "`validation`: the training samples that the training held out."),
  ])

  public mutating func resolve(_ catalog: any Catalog, _ faults: RequestFaults) throws {
    let model = try target.resolve(catalog, faults)
    let name = dataset ?? model.dataset
    dataset = name
    let set = try catalog.usableDataset(name, at: .root.appending("dataset"), faults)
    func fault(_ detail: String) { faults.add(detail, at: .root.appending("split")) }
    switch split {
    case .train: break
    case .test:
      if set.testCount == 0 { fault("must be \"train\": the data set \"\(name)\" has no test samples") }
    case .validation:
      if name != model.dataset {
        fault("must be \"train\" or \"test\" for another data set than the model's")
      } else if model.training.map({ $0.validationShare == 0 }) ?? true {
        fault("must be \"train\" or \"test\": the training of \"\(model.name)\" held no samples out")
      }
    }
    guard name != model.dataset, set.incomplete == nil,
      let own = try catalog.dataset(named: model.dataset)
    else { return }
    let pointer = JSONPointer.root.appending("dataset")
    guard let contract = model.contract ?? own.contract, let other = set.contract else {
      if set.inputShape != own.inputShape || set.targets != own.targets {
        faults.add(
          "must have samples of the shape \(own.inputShape) and as many outputs as \"\(own.name)\", which the model is for",
          at: pointer)
      }
      return
    }
    for difference in contract.differences(from: other) {
      faults.add("does not fit the model: \"\(name)\" \(difference)", at: pointer)
    }
  }

  public var uses: JobUses {
    var uses = target.uses()
    if let dataset { uses.datasets = [dataset] }
    return uses
  }
}

// MARK: - Estimate

extension EvaluateRequest {
  public func estimate(_ catalog: any Catalog, _ machine: Machine) throws -> JobEstimate? {
    guard let model = try catalog.model(of: target) else {
      throw UnknownResource(.model, target.model)
    }
    let name = dataset ?? model.dataset
    guard let set = try catalog.dataset(named: name) else { throw UnknownResource(.dataset, name) }
    var work = try Work(model, set, machine)
    let count =
      switch split {
      case .train: work.trainCount
      case .test: work.testCount
      case .validation: work.heldCount
      }
    // The norm of the risk's gradient needs passes too.
    work.pass(count, times: 4)
    let outputs = count * work.network.outputs
    work.hold(outputs * (work.element + 8) + 16 * count)
    work.leave(outputs * work.element + 8 * count)
    return work.estimate
  }
}
