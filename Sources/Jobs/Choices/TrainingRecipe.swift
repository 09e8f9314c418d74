import Foundation
import Influence
import JSON
import Network

/// How a model is trained: everything but the model, the data set and the seed.
public struct TrainingRecipe: Hashable, Sendable {
  public var optimizer: OptimizerChoice
  public var learningRate: Double
  public var schedule: ScheduleChoice
  /// For `lbfgs` and `newton` the most iterations.
  public var epochs: Int
  /// Samples a step; `all` is full-batch descent.
  public var batchSize: SampleCount
  /// Each once.
  public var augmentations: [Augmentation]
  /// Whether batch normalization goes by its running statistics, which stay as they are.
  public var freezesStatistics: Bool
  /// The share of the training split held out for validation, drawn with the seed.
  public var validationShare: Double { didSet { validationIsStandard.value = false } }
  /// Whether no request named that share: then it gives way where it would hold out nothing, or all.
  private var validationIsStandard = Unwritten(false)
  /// Training samples left out.
  public var excluded: GroupChoice?

  public enum Augmentation: String, CaseIterable, Sendable {
    /// Left and right exchanged for half of the pictures.
    case flip
    /// Moved by up to 4 places in each direction, zeros coming in.
    case crop
  }

  public init(
    optimizer: OptimizerChoice = .standardSGD, learningRate: Double = 0.05,
    schedule: ScheduleChoice = .cosine(warmup: 0),
    epochs: Int = 5, batchSize: SampleCount = .count(128), augmentations: [Augmentation] = [],
    freezesStatistics: Bool = false, validationShare: Double = 0.1, excluded: GroupChoice? = nil
  ) {
    self.optimizer = optimizer
    self.learningRate = learningRate
    self.schedule = schedule
    self.epochs = epochs
    self.batchSize = batchSize
    self.augmentations = augmentations
    self.freezesStatistics = freezesStatistics
    self.validationShare = validationShare
    self.excluded = excluded
  }

  public static let standard = TrainingRecipe()

  /// The fault of a request that names no recipe for a model, or one of its checkpoints, that has none.
  static func missing(of model: CatalogModel) -> String {
    "is required: the checkpoint of \"\(model.name)\" was not trained here, so it has no recipe"
  }

  /// The recipe on the samples that the model, as its checkpoint has it, was trained on: all of them where it has no recipe.
  func onSamples(of model: CatalogModel) -> TrainingRecipe {
    var recipe = self
    recipe.validationShare = model.training?.validationShare ?? 0
    recipe.excluded = model.training?.excluded
    return recipe
  }

  /// Checks what depends on the data set, and lets a share that nobody named give way.
  package mutating func check(_ dataset: CatalogDataset, at pointer: JSONPointer, _ faults: RequestFaults) {
    excluded?.check(dataset, at: pointer.appending("exclude"), faults)
    Augmentation.check(augmentations, dataset, at: pointer.appending("augment"), faults)
    let count = dataset.trainCount
    let held = Int((validationShare * Double(count)).rounded())
    guard count > 0, validationShare > 0, held < 1 || held >= count else { return }
    let given = JSONWriter.text(.number(validationShare))
    if validationIsStandard.value {
      validationShare = 0
    } else if held < 1 {
      faults.add(
        "\(given) leaves no validation sample of \(count); use at least \(Self.text(1 / Double(count), rounded: .up)), or 0 for none",
        at: pointer.appending("validation"))
    } else {
      let most =
        count == 1 ? "" : "at most \(Self.text(Double(count - 1) / Double(count), rounded: .down)), or "
      faults.add(
        "\(given) leaves no sample to train on of \(count); use \(most)0 for none",
        at: pointer.appending("validation"))
    }
  }

  /// A share in two digits.
  private static func text(_ share: Double, rounded rule: FloatingPointRoundingRule) -> String {
    let unit = pow(10, log10(share).rounded(.down) - 1)
    return String(format: "%.2g", (share / unit).rounded(rule) * unit)
  }

  /// Checks what depends on the network; nil is one that has faults of its own.
  func check(
    _ network: Architecture?, of dataset: CatalogDataset, at pointer: JSONPointer, _ faults: RequestFaults
  ) {
    guard let network, network.layout.counterCount > 0 else { return }
    if optimizer.name.minimizes {
      faults.add(
        "must be \"sgd\" or \"adam\": the network has batch normalization, whose statistics move with every "
          + "step, so that there is no fixed function to minimise", at: pointer.appending("optimizer"))
    } else if network.normalizesSinglePositions, !freezesStatistics {
      let left = dataset.trainCount - Int((validationShare * Double(dataset.trainCount)).rounded())
      if batchSize == .count(1) {
        faults.add(
          "must be at least 2, got 1: the network normalizes over the batch where a sample has one value a channel, and one "
            + "value has no variance", at: pointer.appending("batch_size"))
      } else if left == 1 {
        faults.add(
          "cannot train this network: 1 sample is left to train on, and its batch normalization needs at least 2",
          at: pointer)
      }
    }
  }

  /// What a recipe is that names its optimizer and nothing else, one for each.
  public static var standards: [TrainingRecipe] {
    OptimizerChoice.Name.allCases.compactMap {
      try? TrainingRecipe(json: ["optimizer": .string($0.rawValue)])
    }
  }
}

/// The optimizer with its own options.
public enum OptimizerChoice: Hashable, Sendable {
  case sgd(momentum: Double, nesterov: Bool)
  /// Kingma and Ba 2015.
  case adam(beta1: Double, beta2: Double, epsilon: Double)
  /// L-BFGS over all samples until ‖∇R‖ is at most the gradient norm; nil is as far as rounding allows.
  case lbfgs(history: Int, gradientNorm: Double?)
  /// Newton's method, likewise.
  case newton(gradientNorm: Double?)

  enum Name: String, CaseIterable, Sendable {
    case sgd, adam, lbfgs, newton

    /// Whether it minimises the risk over all samples, by itself, instead of descending by minibatches.
    var minimizes: Bool { self == .lbfgs || self == .newton }
  }

  var name: Name {
    switch self {
    case .sgd: .sgd
    case .adam: .adam
    case .lbfgs: .lbfgs
    case .newton: .newton
    }
  }

  public static let standardSGD = OptimizerChoice.sgd(momentum: 0.9, nesterov: false)
  public static let standardAdam = OptimizerChoice.adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-8)
}

/// The learning rate over the training, as a factor on it.
public enum ScheduleChoice: Hashable, Sendable {
  case constant
  /// Half a cosine, from 1 down to 0, after `warmup` epochs that rise evenly from 0.
  case cosine(warmup: Int)
  /// Times `factor` after every `every` epochs.
  case step(every: Int, factor: Double)

  enum Name: String, CaseIterable, Sendable { case constant, cosine, step }
}

// MARK: - From and to JSON

extension TrainingRecipe {
  /// Reads the recipe's members out of `reader`, which may have others: a `train` request has both in one body.
  static func read(_ reader: FieldReader) -> TrainingRecipe {
    var recipe = TrainingRecipe()
    let optimizer = reader.choice("optimizer", default: OptimizerChoice.Name.sgd)
    if optimizer.minimizes {
      readMinimization(reader, optimizer, &recipe)
    } else {
      readDescent(reader, optimizer, &recipe)
    }
    recipe.validationShare = reader.number("validation", .properShare, default: 0.1)
    recipe.validationIsStandard.value = !reader.has("validation")
    if let excluded = reader.nested("exclude") {
      recipe.excluded = GroupChoice.read(excluded)
      excluded.finish()
    }
    return recipe
  }

  private static func readDescent(
    _ reader: FieldReader, _ optimizer: OptimizerChoice.Name, _ recipe: inout TrainingRecipe
  ) {
    if optimizer == .adam {
      let betas = readBetas(reader)
      recipe.optimizer = .adam(
        beta1: betas.0, beta2: betas.1, epsilon: reader.number("epsilon", .positive, default: 1e-8))
      refuse(["momentum", "nesterov"], of: [.sgd], reader)
    } else {
      recipe.optimizer = .sgd(
        momentum: reader.number("momentum", .properShare, default: 0.9),
        nesterov: reader.flag("nesterov", default: false))
      refuse(["betas", "epsilon"], of: [.adam], reader)
    }
    refuse(["history"], of: [.lbfgs], reader)
    refuse(["gradient_norm"], of: [.lbfgs, .newton], reader)
    recipe.learningRate = reader.number(
      "learning_rate", .positive, default: optimizer == .sgd ? 0.05 : 0.001)
    recipe.schedule = ScheduleChoice.read(reader, "schedule")
    recipe.epochs = reader.integer("epochs", in: 1...1_000_000, default: 5)
    recipe.batchSize = SampleCount.read(reader, "batch_size", default: .count(128))
    recipe.augmentations = Augmentation.readList(reader, "augment")
    recipe.freezesStatistics = reader.flag("freeze_statistics", default: false)
  }

  private static func readMinimization(
    _ reader: FieldReader, _ optimizer: OptimizerChoice.Name, _ recipe: inout TrainingRecipe
  ) {
    let norm = reader.number("gradient_norm", .positive)
    if optimizer == .lbfgs {
      recipe.optimizer = .lbfgs(
        history: reader.integer("history", in: 1...1000, default: MinimizationMethod.standardHistory),
        gradientNorm: norm)
    } else {
      recipe.optimizer = .newton(gradientNorm: norm)
      refuse(["history"], of: [.lbfgs], reader)
    }
    recipe.epochs = reader.integer("epochs", in: 1...1_000_000, default: optimizer == .lbfgs ? 1000 : 100)
    recipe.batchSize = .all
    if let size = reader.value("batch_size"), size != "all" {
      reader.fault(
        "batch_size",
        "must be \"all\" or absent for \"\(optimizer.rawValue)\", got \(FieldReader.brief(size))")
    }
    refuse(["momentum", "nesterov"], of: [.sgd], reader)
    refuse(["betas", "epsilon"], of: [.adam], reader)
    refuse(["learning_rate", "schedule", "augment", "freeze_statistics"], of: [.sgd, .adam], reader)
  }

  private static func refuse(
    _ names: [String], of optimizers: [OptimizerChoice.Name], _ reader: FieldReader
  ) {
    let owners = FieldReader.words(optimizers.map(\.rawValue), joinedBy: "and")
    for name in names where reader.has(name) {
      reader.fault(
        name,
        optimizers.count == 1
          ? "belongs to the optimizer \(owners) alone" : "belongs to the optimizers \(owners)")
    }
  }

  private static func readBetas(_ reader: FieldReader) -> (Double, Double) {
    let betas = reader.list("betas", maximumCount: 2) {
      FieldReader.number($0, .properShare, at: $1, reader.faults)
    }
    guard let betas else { return (0.9, 0.999) }
    guard betas.count == 2 else {
      if reader.value("betas")?.arrayValue?.count != 2 {
        reader.fault("betas", "must have two numbers, such as [0.9, 0.999]")
      }
      return (0.9, 0.999)
    }
    return (betas[0], betas[1])
  }

  /// Every member, defaults filled in.
  var members: JSONObject {
    var object: JSONObject = ["optimizer": .string(optimizer.name.rawValue)]
    switch optimizer {
    case .sgd(let momentum, let nesterov):
      object["learning_rate"] = .number(learningRate)
      object["momentum"] = .number(momentum)
      object["nesterov"] = .bool(nesterov)
    case .adam(let beta1, let beta2, let epsilon):
      object["learning_rate"] = .number(learningRate)
      object["betas"] = [.number(beta1), .number(beta2)]
      object["epsilon"] = .number(epsilon)
    case .lbfgs(let history, let norm):
      object["history"] = JSONValue(history)
      object["gradient_norm"] = JSONValue(norm)
    case .newton(let norm): object["gradient_norm"] = JSONValue(norm)
    }
    if !optimizer.name.minimizes { object["schedule"] = schedule.json }
    object["epochs"] = JSONValue(epochs)
    object["batch_size"] = batchSize.json
    if !optimizer.name.minimizes {
      object["augment"] = JSONValue(augmentations.map(\.rawValue))
      object["freeze_statistics"] = .bool(freezesStatistics)
    }
    object["validation"] = .number(validationShare)
    object["exclude"] = excluded?.json ?? .null
    return object
  }

  public var json: JSONValue { .object(members) }

  /// Reads a recipe that `json` wrote. Throws `RequestRejection`.
  public init(json: JSONValue) throws(RequestRejection) {
    let faults = RequestFaults()
    let reader = FieldReader(json, faults: faults)
    self = Self.read(reader)
    reader.finish()
    try faults.throwIfAny()
  }
}

extension ScheduleChoice {
  /// A name, or an object with a `name` and the schedule's options.
  static func read(_ reader: FieldReader, _ name: String) -> ScheduleChoice {
    guard let value = reader.value(name) else { return .cosine(warmup: 0) }
    let pointer = reader.pointer.appending(name)
    let options =
      if case .object = value {
        FieldReader(value, at: pointer, faults: reader.faults)
      } else {
        FieldReader([:], at: pointer, faults: reader.faults)
      }
    let chosen: Name?
    if case .object = value {
      chosen = options.requiredValue("name") == nil ? nil : options.choice("name", Name.self)
    } else {
      chosen = FieldReader.choice(value, Name.self, at: pointer, reader.faults)
    }
    guard let chosen else { return .cosine(warmup: 0) }
    defer { options.finish() }
    switch chosen {
    case .constant: return .constant
    case .cosine: return .cosine(warmup: options.integer("warmup", in: 0...1_000_000, default: 0))
    case .step:
      return .step(
        every: options.integer("every", in: 1...1_000_000, default: 30),
        factor: options.number("factor", .positiveShare, default: 0.1))
    }
  }

  public var json: JSONValue {
    switch self {
    case .constant: "constant"
    case .cosine(0): "cosine"
    case .cosine(let warmup): ["name": "cosine", "warmup": JSONValue(warmup)]
    case .step(let every, let factor):
      ["name": "step", "every": JSONValue(every), "factor": .number(factor)]
    }
  }
}
