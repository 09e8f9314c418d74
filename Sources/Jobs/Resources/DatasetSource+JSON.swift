import Datasets
import JSON
import Tensor

extension DatasetSource {
  /// The source as a request writes it, with every default filled in.
  public var json: JSONValue {
    switch self {
    case .builtIn(let set, let test):
      ["format": "builtin", "name": .string(set.rawValue), "test": test == .none ? "none" : "every_fifth"]
    case .idx(let source):
      [
        "format": "idx", "path": .string(source.path), "train_inputs": JSONValue(source.trainInputs),
        "train_labels": JSONValue(source.trainLabels), "test_inputs": JSONValue(source.testInputs),
        "test_labels": JSONValue(source.testLabels), "classes": JSONValue(source.classes),
        "class_names": source.classNames.map(JSONValue.init) ?? .null,
      ]
    case .cifar10(let path): ["format": "cifar10", "path": .string(path)]
    case .csv(let source): source.json
    case .npy(let source):
      .object(
        JSONObject([
          ("format", "npy"), ("path", .string(source.path)), ("train_inputs", .string(source.trainInputs)),
          ("train_labels", .string(source.trainLabels)), ("test_inputs", JSONValue(source.testInputs)),
          ("test_labels", JSONValue(source.testLabels)),
        ]).merging(source.reading.members))
    case .upload(let source):
      .object(
        JSONObject([("format", "upload")]).merging(source.reading.members).merging(
          // Without it the source is one of an earlier version, whose bytes are not scaled.
          source.reading.scalesBytes ? ["normalization": source.normalization.json] : [:]))
    case .normalized(let source, let choice):
      .object((source.json.objectValue ?? [:]).merging(["normalization": choice.json]))
    case .linearRegression(let recipe):
      [
        "format": "synthetic", "name": .string(Synthetic.linearRegression.rawValue),
        "samples": JSONValue(recipe.samples), "heterogeneous": JSONValue(recipe.heterogeneous),
        "test_samples": JSONValue(recipe.testSamples), "dimensions": JSONValue(recipe.dimensions),
        "noise": .number(recipe.noise), "correlation": .number(recipe.correlation),
        "seed": JSONValue(recipe.seed),
      ]
    case .blobs(let recipe): recipe.json
    case .derived(let of, let changes):
      .object(
        changes.reduce(["format": "derived", "of": .string(of)]) { object, change in
          var object = object
          object[change.member.name] = change.member.value
          return object
        })
    }
  }
}

extension ArrayReading {
  fileprivate var members: JSONObject {
    [
      "classes": JSONValue(classes), "class_names": classNames.map(JSONValue.init) ?? .null,
      "kind": .string(kind.rawValue),
    ]
  }
}

extension CSVSource {
  fileprivate var json: JSONValue {
    func columns(_ columns: [Column]) -> JSONValue {
      .array(
        columns.map {
          switch $0 {
          case .name(let name): .string(name)
          case .index(let index): JSONValue(index)
          }
        })
    }
    var object: JSONObject = [
      "format": "csv", "path": .string(path), "header": .bool(hasHeader),
      "delimiter": .string(String(delimiter)),
      "target": columns(targets), "kind": .string(kind.rawValue), "ignore": columns(ignored),
    ]
    switch test {
    case .none: object["test_fraction"] = 0
    case .fraction(let fraction, let seed):
      object["test_fraction"] = .number(fraction)
      object["seed"] = JSONValue(seed)
    case .file(let path): object["test_path"] = .string(path)
    }
    object["classes"] = JSONValue(classes)
    object["shape"] = pictureShape.map { JSONValue([$0.channels, $0.height, $0.width]) } ?? .null
    return .object(object)
  }
}

extension SyntheticBlobs {
  fileprivate var json: JSONValue {
    var object: JSONObject = [
      "format": "synthetic", "name": .string(DatasetSource.Synthetic.blobs.rawValue),
      "samples": JSONValue(samples),
      "test_samples": JSONValue(testSamples), "classes": JSONValue(classes),
    ]
    if let shape = pictureShape {
      object["shape"] = JSONValue([shape.channels, shape.height, shape.width])
    } else {
      object["dimensions"] = JSONValue(dimensions)
    }
    object["spread"] = .number(spread)
    object["seed"] = JSONValue(seed)
    return .object(object)
  }
}

extension Derivation {
  fileprivate var member: (name: String, value: JSONValue) {
    switch self {
    case .classes(let classes): return ("classes", JSONValue(classes))
    case .take(let take):
      return (
        "take", ["train": JSONValue(take.train), "test": JSONValue(take.test), "seed": JSONValue(take.seed)]
      )
    case .relabel(let relabel):
      return ("relabel", ["fraction": .number(relabel.fraction), "seed": JSONValue(relabel.seed)])
    case .poison(let poison):
      var object: JSONObject = [:]
      switch poison.trigger {
      case .checkerboard(let amount):
        object["trigger"] = "checkerboard"
        object["amount"] = .number(amount)
      case .patch(let size):
        object["trigger"] = "patch"
        object["size"] = JSONValue(size)
      }
      object["fraction"] = .number(poison.fraction)
      object["label"] = JSONValue(poison.label)
      object["placement"] = .string(poison.placement.rawValue)
      object["seed"] = JSONValue(poison.seed)
      return ("poison", .object(object))
    }
  }
}
