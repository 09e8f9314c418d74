import Datasets
import JSON
import Jobs
import Network
import Storage
import Tensor

/// The stored JSON of a model, beside its name and data set.
struct ModelDescription {
  var model: CatalogModel
  /// The job that made the model; nil for a model that a user posted.
  var job: String?
  var parameters: Int
  var layers: JSONValue

  init(_ model: CatalogModel, network: Architecture, job: String? = nil) {
    self.model = model
    self.job = job
    parameters = network.layout.parameterCount
    layers = .array(
      network.rows.map {
        [
          "name": .string($0.name), "type": .string($0.type), "output_shape": JSONValue($0.output),
          "parameters": JSONValue($0.parameters),
        ]
      })
  }

  /// Reads what `json` wrote.
  ///
  /// Throws `JobFailure.corrupt`.
  init(_ record: ModelRecord) throws {
    self = try StoredText.read(of: "the model \"\(record.name)\"") { try Self(reading: record) }
  }

  private init(reading record: ModelRecord) throws {
    let json = try JSONParser.parse(record.description)
    guard let lossJSON = json["loss"],
      let precision = (json["precision"]?.stringValue).flatMap(Precision.init(rawValue:)),
      let seed = json["seed"]?.integerValue, let decay = json["weight_decay"]?.doubleValue
    else { throw RequestRejection(faults: []) }
    let architecture = try ArchitectureRequest(json: json["architecture"] ?? .null)
    let loss = try Loss(json: lossJSON)
    let training: TrainingRecipe? =
      if let recipe = json["training"], !recipe.isNull { try TrainingRecipe(json: recipe) } else { nil }
    var reference: RetrainReference?
    if let stored = json["reference"], !stored.isNull, let model = stored["model"]?.stringValue {
      reference = RetrainReference(
        model: model,
        group: try stored["group"].flatMap { $0.isNull ? nil : try GroupChoice(json: $0) },
        recovers: stored["recover"]?.boolValue ?? false)
    }
    model = CatalogModel(
      name: record.name, dataset: record.dataset, architecture: architecture,
      precision: precision, loss: loss, weightDecay: decay, seed: seed, training: training,
      reference: reference)
    model.contract = json["contract"].flatMap { DataContract(json: $0) }
    job = json["job"]?.stringValue
    parameters = json["parameters"]?.integerValue ?? 0
    layers = json["layers"] ?? []
  }

  var json: JSONValue {
    [
      "architecture": model.architecture.json, "precision": .string(model.precision.rawValue),
      "loss": model.loss.json, "weight_decay": .number(model.weightDecay), "seed": JSONValue(model.seed),
      "training": model.training?.json ?? .null,
      "reference": model.reference.map {
        [
          "model": .string($0.model), "group": $0.group?.json ?? .null, "recover": .bool($0.recovers),
        ]
      } ?? .null,
      "contract": model.contract.map { .object($0.json) } ?? .null,
      "job": JSONValue(job), "parameters": JSONValue(parameters), "layers": layers,
    ]
  }
}
