import Datasets
import JSON
import Network
import Tensor

/// The body of `POST /v1/models`.
public struct CreateModelRequest: Sendable {
  public var name: String
  public var dataset: String
  public var architecture: ArchitectureRequest
  public var precision: Precision
  public var seed: Int
  public var loss: Loss
  public var weightDecay: Double
  public var training: TrainingRecipe?
  /// The network, known after `resolve`.
  public private(set) var network: Architecture?
  /// The contract of the data set, known after `resolve`.
  private var contract: DataContract?

  /// A body without any member, with placeholders for required members.
  public static let standard = CreateModelRequest(
    name: "", dataset: "", architecture: ArchitectureRequest(.named(.linear), "linear"), precision: .float32,
    seed: 0, loss: .crossEntropy, weightDecay: 0, training: nil)

  public static let fields = Fields<CreateModelRequest>([
    .required("name", \.name, .resourceName, "The model's name."),
    .required("dataset", \.dataset, .resourceName, "The data set that it is for."),
    .required("architecture", \.architecture, ArchitectureRequest.member, "The network."),
    .choice("precision", \.precision, "The precision of weights and of everything computed with them."),
    .seed(\.seed, "Seeds the initial weights and the validation share."),
    .member("loss", \.loss, Loss.form.described(by: Schema.ref("Loss")), "The loss."),
    .number("weight_decay", \.weightDecay, .notNegative, "λ of the risk."),
    .optional("training", \.training, TrainingRecipe.member, "A recipe to train by at once, as a job."),
  ])

  /// The body's schema.
  public static var schema: JSONValue { fields.schema(standard: standard) }

  private static func read(_ reader: FieldReader) -> CreateModelRequest {
    var request = standard
    fields.read(reader, into: &request)
    return request
  }

  /// Reads a body; throws `RequestRejection` with every fault.
  public init(_ body: JSONValue) throws(RequestRejection) {
    let faults = RequestFaults()
    let reader = FieldReader(body, faults: faults)
    self = Self.read(reader)
    reader.finish()
    try faults.throwIfAny()
  }

  /// Reads a body and resolves it. Faults of the body and faults against stored things are thrown together.
  ///
  /// Throws `RequestRejection`. A body without faults of its own may also throw `UnknownResource` and
  /// `NameTaken`.
  public init(_ body: JSONValue, catalog: any Catalog) throws {
    let faults = RequestFaults()
    let reader = FieldReader(body, faults: faults)
    self = Self.read(reader)
    reader.finish()
    if faults.isEmpty {
      try resolve(catalog)
      return
    }
    do {
      try resolve(catalog)
    } catch let rejection as RequestRejection {
      faults.add(rejection.faults, sayingMoreOf: body)
    } catch {
      // An unknown or taken name is reported only once the body has no fault of its own.
    }
    try faults.throwIfAny()
  }

  private init(
    name: String, dataset: String, architecture: ArchitectureRequest, precision: Precision, seed: Int,
    loss: Loss, weightDecay: Double, training: TrainingRecipe?
  ) {
    self.name = name
    self.dataset = dataset
    self.architecture = architecture
    self.precision = precision
    self.seed = seed
    self.loss = loss
    self.weightDecay = weightDecay
    self.training = training
  }

  /// Checks the model against its data set.
  ///
  /// Throws `UnknownResource`, `NameTaken`, `RequestRejection`.
  public mutating func resolve(_ catalog: any Catalog) throws {
    if try catalog.model(named: name) != nil { throw NameTaken(.model, name) }
    let faults = RequestFaults()
    let set = try catalog.usableDataset(dataset, at: .root.appending("dataset"), faults)
    if set.incomplete == nil {
      loss.check(set, at: .root.appending("loss"), faults)
      training?.check(set, at: .root.appending("training"), faults)
      do throws(ArchitectureFaults) {
        network = try architecture.architecture(for: set, loss: loss)
      } catch {
        for fault in error.faults {
          faults.add(fault.detail, at: JSONPointer(tokens: ["architecture"] + fault.path))
        }
      }
      for reader in network?.wholeReaders ?? [] {
        if let fault = reader.fault(set.wholeNumbers) {
          faults.add("does not suit the data set: \(fault)", at: .root.appending("architecture"))
        }
      }
      training?.check(network, of: set, at: .root.appending("training"), faults)
      precision.check(set, at: .root.appending("precision"), faults)
      contract = set.contract
    }
    try faults.throwIfAny()
  }

  public var record: CatalogModel {
    var record = CatalogModel(
      name: name, dataset: dataset, architecture: architecture, precision: precision, loss: loss,
      weightDecay: weightDecay, seed: seed)
    record.contract = contract
    return record
  }

  /// The body with every default filled in.
  public var json: JSONValue { .object(Self.fields.write(self)) }
}

extension CatalogModel {
  /// The network for the model's data set.
  ///
  /// Throws `JobFailure.missing` if the architecture does not fit the data set, or no longer fits.
  public func network(for set: CatalogDataset) throws -> Architecture {
    do {
      return try architecture.architecture(for: set, loss: loss)
    } catch {
      throw JobFailure(.missing, "the architecture of \"\(name)\" does not fit its data set: \(error).")
    }
  }

  /// The network, for a request that names this model. A network that cannot be built is a fault at `model`.
  ///
  /// An incomplete data set has its own fault already. Then the network is nil without another fault.
  func network(for set: CatalogDataset, _ faults: RequestFaults) -> Architecture? {
    guard set.incomplete == nil else { return nil }
    do throws(ArchitectureFaults) {
      return try architecture.architecture(for: set, loss: loss)
    } catch {
      faults.add(
        "names \"\(name)\", whose architecture does not fit the data set \"\(set.name)\" any more: \(error)",
        at: .root.appending("model"))
      return nil
    }
  }
}

extension Precision {
  /// Checks that every sample is a finite number in this precision.
  func check(_ set: CatalogDataset, at pointer: JSONPointer, _ faults: RequestFaults) {
    guard self == .float32, let overflow = set.overflow else { return }
    faults.add("must be \"float64\" for the data set \"\(set.name)\": \(overflow)", at: pointer)
  }
}

extension CatalogDataset {
  /// The shape of one sample, as the engine has it.
  public var shape: Shape {
    inputShape.count == 3
      ? Shape(height: inputShape[1], width: inputShape[2], channels: inputShape[0])
      : Shape(features: inputShape.first ?? 0)
  }
}
