import JSON
import Network
import Tensor

/// `sweep`: trains a model for each architecture, weight decay and seed of a grid, and validates influence on
/// each model.
public struct SweepRequest: JobRequest, Hashable {
  public static let kind = "sweep"

  public var dataset: String
  /// As posted, with defaults filled in.
  public var architectures: [ArchitectureRequest]
  public var weightDecays: [Double]
  /// Each seed decides a model's initial weights, the order of its samples, and the draws of its validation.
  public var seeds: [Int]
  public var precision: Precision
  public var loss: Loss
  /// The validation of each model. Trainings in the plan use the models' recipe.
  public var plan: ValidationPlan

  /// The most models of a sweep.
  static let mostModels = 10_000

  public static let summary =
    "Trains the models of a grid of architectures and weight decays, and validates influence on each."
  public static let details =
    "Trains a model for every architecture, weight decay and seed, and validates influence on each as a validate job does; the "
    + "models are not kept."
  public static let standard = SweepRequest(
    dataset: "", architectures: [], weightDecays: [0], seeds: [0], precision: .float64, loss: .crossEntropy,
    plan: ValidationPlan())

  public static let fields = Fields<SweepRequest>([
    .required("dataset", \.dataset, .resourceName, "The data set."),
    .required(
      "architectures", \.architectures,
      .list(of: ArchitectureRequest.member, atMost: 1000, empty: "must have at least one architecture"),
      "The networks."),
    .member(
      "weight_decays", \.weightDecays,
      .list(of: .number(.notNegative), atMost: 1000, empty: "must have at least one number"),
      "λ of the risks."),
    .member(
      "seeds", \.seeds, seedForm, "Seeds of weights, order of samples and draws. A number n means 0 to n − 1."
    ),
    .choice("precision", \.precision, "The precision of everything computed."),
    .member("loss", \.loss, Loss.form.described(by: Schema.ref("Loss")), "The loss."),
    .part(\.plan, ValidationPlan.fieldsOfSingles),
  ])

  public mutating func settle(_ reader: FieldReader) {
    let models = architectures.count * weightDecays.count * seeds.count
    if models > Self.mostModels {
      reader.fault(
        "architectures",
        "make \(models) models with the weight decays and seeds, at most \(Self.mostModels)")
    }
  }

  /// A list, or a number of seeds from 0.
  private static let seedForm: Form<[Int]> = {
    let count = Form<Int>.integer(1...1000)
    let list = Form<[Int]>.list(
      of: .integer(0...Int.max), atMost: 1000, empty: "must have at least one number",
      repeated: { _ in "must name each seed once" })
    return Form(
      schema: Schema.anyOf(count.schema, list.schema), words: "\(count.words), or a list of integers",
      read: { value, pointer, faults in
        if case .array = value { return list.read(value, pointer, faults) }
        return Array(0..<(count.read(value, pointer, faults) ?? 1))
      }, write: list.write)
  }()

  public mutating func resolve(_ catalog: any Catalog, _ faults: RequestFaults) throws {
    let set = try catalog.usableDataset(dataset, at: .root.appending("dataset"), faults)
    loss.check(set, at: .root.appending("loss"), faults)
    precision.check(set, at: .root.appending("precision"), faults)
    for (place, architecture) in architectures.enumerated() {
      do throws(ArchitectureFaults) {
        let network = try architecture.architecture(for: set, loss: loss)
        plan.training?.check(network, of: set, at: .root.appending("training"), faults)
      } catch {
        for fault in error.faults {
          faults.add(
            fault.detail, at: JSONPointer(tokens: ["architectures", String(place)] + fault.path))
        }
      }
    }
    if plan.groups != nil {
      faults.add("cannot be given: a sweep leaves out single samples", at: .root.appending("groups"))
    }
    if plan.test.split == .validation, case .indices = plan.test.points, seeds.count > 1 {
      faults.add(
        "cannot be indices of \"validation\" with several seeds: each holds out other samples",
        at: .root.appending("test"))
    }
    guard faults.isEmpty, let first = models.first else { return }
    plan.resolve(first, set, at: .root, faults)
  }

  /// The models. Seeds change fastest, then weight decays, then architectures.
  var models: [CatalogModel] {
    architectures.flatMap { architecture in
      weightDecays.flatMap { weightDecay in
        seeds.map { seed in
          CatalogModel(
            name: "sweep", dataset: dataset, architecture: architecture, precision: precision, loss: loss,
            weightDecay: weightDecay, seed: seed, training: plan.training)
        }
      }
    }
  }

  public var uses: JobUses { JobUses(datasets: [dataset]) }
}

// MARK: - Estimate

extension SweepRequest {
  public func estimate(_ catalog: any Catalog, _ machine: Machine) throws -> JobEstimate? {
    guard let set = try catalog.dataset(named: dataset) else { throw UnknownResource(.dataset, dataset) }
    var sum = JobEstimate(memoryBytes: 0, seconds: 0, resultBytes: 0)
    for architecture in architectures {
      let model = CatalogModel(
        name: "sweep", dataset: dataset, architecture: architecture, precision: precision, loss: loss,
        weightDecay: 0, seed: 0, training: plan.training)
      var work = try Work(model, set, machine)
      if let training = plan.training { work.train(training) }
      work.validate(plan)
      let one = work.estimate
      sum.seconds += one.seconds * Double(weightDecays.count * seeds.count)
      if one.memoryBytes > sum.memoryBytes {
        (sum.memoryBytes, sum.batchBytes) = (one.memoryBytes, one.batchBytes)
      }
    }
    return sum
  }
}
