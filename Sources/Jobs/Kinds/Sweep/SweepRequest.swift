import JSON
import Network
import Tensor

/// `sweep`: trains a model for every architecture, weight decay and seed of a grid, and validates influence on each.
public struct SweepRequest: JobRequest, Hashable {
  public static let kind = "sweep"

  public var dataset: String
  /// As posted, with defaults filled in.
  public var architectures: [JSONValue]
  public var weightDecays: [Double]
  /// Each seeds a model's initial weights, the order of its samples, and what its validation draws.
  public var seeds: [Int]
  public var precision: Precision
  public var loss: LossChoice
  /// What is done with each model; its training is the models' recipe.
  public var plan: ValidationPlan

  /// The most models of a sweep.
  static let mostModels = 10_000

  public static func read(_ reader: FieldReader) -> SweepRequest {
    let pointer = reader.pointer.appending("architectures")
    _ = reader.requiredValue("architectures")
    let architectures = reader.list("architectures", maximumCount: 1000) {
      ArchitectureRequest.read($0, at: $1, reader.faults)?.json
    }
    if reader.value("architectures")?.arrayValue?.isEmpty ?? false {
      reader.faults.add("must have at least one architecture", at: pointer)
    }
    let weightDecays =
      reader.list("weight_decays", maximumCount: 1000) {
        FieldReader.number($0, .notNegative, at: $1, reader.faults)
      } ?? [0]
    if weightDecays.isEmpty { reader.fault("weight_decays", "must have at least one number") }
    let request = SweepRequest(
      dataset: reader.requiredResourceName("dataset"), architectures: architectures ?? [],
      weightDecays: weightDecays, seeds: readSeeds(reader),
      precision: reader.choice("precision", default: .float64),
      loss: reader.value("loss").flatMap {
        LossChoice.read($0, at: reader.pointer.appending("loss"), reader.faults)
      } ?? .crossEntropy, plan: ValidationPlan.read(reader))
    let models = request.architectures.count * request.weightDecays.count * request.seeds.count
    if models > mostModels {
      reader.fault(
        "architectures", "make \(models) models with the weight decays and seeds, at most \(mostModels)")
    }
    return request
  }

  /// A list, or how many from 0.
  private static func readSeeds(_ reader: FieldReader) -> [Int] {
    guard let value = reader.value("seeds") else { return [0] }
    guard value.arrayValue != nil else {
      return Array(0..<(reader.integer("seeds", in: 1...1000) ?? 1))
    }
    let seeds =
      reader.list("seeds", maximumCount: 1000) {
        FieldReader.integer($0, in: 0...Int.max, at: $1, reader.faults)
      } ?? [0]
    if seeds.isEmpty { reader.fault("seeds", "must have at least one number") }
    if Set(seeds).count != seeds.count { reader.fault("seeds", "must name each seed once") }
    return seeds
  }

  public mutating func resolve(_ catalog: any Catalog, _ faults: RequestFaults) throws {
    let set = try catalog.usableDataset(dataset, at: .root.appending("dataset"), faults)
    loss.check(set, at: .root.appending("loss"), faults)
    precision.check(set, at: .root.appending("precision"), faults)
    for (place, json) in architectures.enumerated() {
      do throws(ArchitectureFaults) {
        guard let request = try? ArchitectureRequest(json: json) else { continue }
        let network = try request.architecture(for: set, loss: loss)
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

  /// The models, seeds fastest, then weight decays, then architectures.
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

  public var members: JSONObject {
    let own: JSONObject = [
      "dataset": .string(dataset), "architectures": .array(architectures),
      "weight_decays": JSONValue(weightDecays), "seeds": JSONValue(seeds),
      "precision": .string(precision.rawValue), "loss": loss.json,
    ]
    return own.merging(plan.members)
  }

  public var uses: JobUses { JobUses(datasets: [dataset]) }
}
