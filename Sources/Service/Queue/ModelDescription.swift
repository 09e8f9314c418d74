import Jobs
import Storage
import Tensor

/// A model as its row keeps it: the parts of a `CatalogModel` that have no column of their own, as JSON.
enum ModelDescription {
  static func text(_ model: CatalogModel) -> String {
    var object: JSONObject = [
      "architecture": model.architecture, "precision": .string(model.precision.rawValue),
      "loss": model.loss.json,
      "weight_decay": .number(model.weightDecay), "seed": JSONValue(model.seed),
      "training": model.training?.json ?? .null,
    ]
    if let reference = model.reference {
      object["reference"] = [
        "model": .string(reference.model), "group": reference.group.json,
        "recovers": .bool(reference.recovers),
      ]
    }
    return JSONWriter.text(.object(object))
  }

  /// Reads what `text` wrote.
  /// - Throws: `JobFailure.corrupt`.
  static func model(_ record: ModelRecord) throws -> CatalogModel {
    let corrupt = JobFailure(.corrupt, "The stored description of the model \(record.name) cannot be read.")
    guard let json = try? JSONParser.parse(record.description),
      let architecture = json["architecture"],
      let precision = json["precision"]?.stringValue.flatMap(Precision.init(rawValue:)),
      let loss = json["loss"].flatMap({ try? LossChoice(json: $0) }),
      let decay = json["weight_decay"]?.doubleValue, let seed = json["seed"]?.integerValue
    else { throw corrupt }
    var training: TrainingRecipe?
    if let recipe = json["training"], !recipe.isNull {
      guard let read = try? TrainingRecipe(json: recipe) else { throw corrupt }
      training = read
    }
    var reference: RetrainReference?
    if let stored = json["reference"], !stored.isNull {
      guard let model = stored["model"]?.stringValue, let recovers = stored["recovers"]?.boolValue,
        let group = stored["group"].flatMap({ try? GroupChoice(json: $0) })
      else { throw corrupt }
      reference = RetrainReference(model: model, group: group, recovers: recovers)
    }
    return CatalogModel(
      name: record.name, dataset: record.dataset, architecture: architecture, precision: precision,
      loss: loss,
      weightDecay: decay, seed: seed, training: training, reference: reference)
  }
}
