import Jobs
import Network
import Storage
import Tensor

/// What is stored of a model as JSON beside its name and data set.
struct ModelDescription {
  var model: CatalogModel
  /// The job that made it; nil for one a user posted.
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
    do {
      let json = try JSONParser.parse(record.description)
      guard let lossJSON = json["loss"],
        let precision = (json["precision"]?.stringValue).flatMap(Precision.init(rawValue:)),
        let seed = json["seed"]?.integerValue, let decay = json["weight_decay"]?.doubleValue
      else { throw RequestRejection(faults: []) }
      let loss = try LossChoice(json: lossJSON)
      let training: TrainingRecipe? =
        if let recipe = json["training"], !recipe.isNull { try TrainingRecipe(json: recipe) } else { nil }
      var reference: RetrainReference?
      if let stored = json["reference"], !stored.isNull,
        let model = stored["model"]?.stringValue, let group = stored["group"]
      {
        let group = try GroupChoice(json: group)
        let recovers = stored["recover"]?.boolValue ?? false
        // Those of earlier versions do not say what their recipes held out and left out beside the group. Where more than
        // the group was left out, the whole of it matches no checkpoint's.
        let excluded: GroupChoice? =
          if let stored = stored["exclude"] {
            stored.isNull ? nil : try GroupChoice(json: stored)
          } else {
            recovers || training?.excluded != group ? training?.excluded : nil
          }
        reference = RetrainReference(
          model: model, group: group, recovers: recovers,
          validationShare: stored["validation"]?.doubleValue ?? training?.validationShare ?? 0,
          seed: stored["seed"]?.integerValue ?? seed, excluded: excluded)
      }
      model = CatalogModel(
        name: record.name, dataset: record.dataset, architecture: json["architecture"] ?? .null,
        precision: precision, loss: loss, weightDecay: decay, seed: seed, training: training,
        reference: reference)
      job = json["job"]?.stringValue
      parameters = json["parameters"]?.integerValue ?? 0
      layers = json["layers"] ?? []
    } catch {
      throw JobFailure(.corrupt, "what is stored of the model \"\(record.name)\" cannot be read: \(error).")
    }
  }

  var json: JSONValue {
    [
      "architecture": model.architecture, "precision": .string(model.precision.rawValue),
      "loss": model.loss.json, "weight_decay": .number(model.weightDecay), "seed": JSONValue(model.seed),
      "training": model.training?.json ?? .null,
      "reference": model.reference.map {
        [
          "model": .string($0.model), "group": $0.group.json, "recover": .bool($0.recovers),
          "validation": .number($0.validationShare), "seed": JSONValue($0.splitSeed),
          "exclude": $0.excluded?.json ?? .null,
        ]
      } ?? .null,
      "job": JSONValue(job), "parameters": JSONValue(parameters), "layers": layers,
    ]
  }
}
