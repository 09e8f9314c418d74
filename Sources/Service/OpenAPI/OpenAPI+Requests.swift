import Datasets
import Influence
import JSON
import Jobs
import Network

extension OpenAPI {
  /// The bodies a client sends, and the forms that they name.
  static var requestSchemas: JSONObject {
    var schemas: JSONObject = [
      "Group": GroupChoice.form.schema, "Loss": LossChoice.form.schema,
      "Schedule": ScheduleChoice.form.schema,
      "Training": Schema.described(
        TrainingRecipe.form.schema,
        "lbfgs and newton minimise the risk over all samples until the norm of its gradient is at most gradient_norm, by "
          + "default as far as rounding allows; epochs is the most iterations. Where batch normalization sees one value a channel "
          + "of a sample, a batch_size of 1 is refused."),
      "Solver": SolverRequest.ofSolves.schema, "UpdateSolver": SolverRequest.ofUpdates.schema,
      "SelfSolver": SolverRequest.ofSelfInfluence.schema,
      "Architecture": Schema.anyOf(
        Schema.choice(NamedArchitecture.names),
        Schema.request([
          "name": Schema.choice(
            NamedArchitecture.names.filter { $0 != "mlp" && $0 != "logistic" && !$0.hasPrefix("resnet") })
        ]),
        Schema.request(
          ["name": Schema.constant("logistic")], ["outputs": Schema.integer(from: 1, to: 1_000_000)]),
        Schema.request(
          ["name": Schema.constant("mlp")],
          [
            "hidden": Schema.array(Schema.integer(from: 1, to: 1_000_000), maximum: 1000),
            "activation": Schema.choice(["relu", "tanh"], default: "relu"),
            "outputs": Schema.integer(from: 1, to: 1_000_000),
          ]),
        Schema.request(
          ["name": Schema.choice(["resnet18", "resnet50"])], ["stem": Schema.choice(["small", "imagenet"])]),
        Schema.request(["layers": Schema.ref("Layers")])),
      "Layers": ["type": "array", "items": Schema.ref("Layer"), "minItems": 1, "maxItems": 4096],
      "Layer": layer, "CreateModel": CreateModelRequest.schema,
      "CreateDataset": Schema.request(["name": Schema.name, "source": Schema.ref("DatasetSource")]),
    ]
    schemas = schemas.merging(datasetSchemas).merging(jobSchemas)
    return schemas
  }

  private static var layer: JSONValue {
    let size = Schema.integer(from: 1, to: 1 << 30)
    let window = Schema.integer(from: 1, to: 4096)
    let pair = Schema.anyOf(window, ["type": "array", "items": window, "minItems": 2, "maxItems": 2])
    let padding = Schema.integer(from: 0, to: 4096, default: 0)
    let bias = Schema.flag(default: true)
    func layer(_ type: String, _ required: JSONObject = [:], _ optional: JSONObject = [:]) -> JSONValue {
      Schema.request(JSONObject([("type", Schema.constant(type))]).merging(required), optional)
    }
    let pool: JSONObject = ["stride": window, "padding": padding]
    return Schema.oneOf(
      layer("linear", ["out_features": size], ["in_features": size, "bias": bias]),
      layer(
        "conv2d", ["out_channels": size, "kernel_size": pair],
        ["stride": window, "padding": padding, "in_channels": size, "bias": bias]),
      layer("batch_norm2d", [:], ["num_features": size]), layer("relu"), layer("tanh"), layer("flatten"),
      layer("max_pool2d", ["kernel_size": pair], pool), layer("avg_pool2d", ["kernel_size": pair], pool),
      layer("adaptive_avg_pool2d", ["output_size": pair]),
      layer("dropout", [:], ["p": Schema.number(.properShare, default: 0.5)]),
      layer("residual", ["layers": Schema.ref("Layers")], ["shortcut": Schema.ref("Layers")]))
  }

  private static var datasetSchemas: JSONObject {
    let seed = Schema.seed
    let column = Schema.anyOf(Schema.string, Schema.integer(from: -100_000, to: 100_000))
    let columns = Schema.anyOf(column, Schema.array(column, maximum: 10_000))
    let path = Schema.text
    let files: JSONObject = [
      "train_inputs": path, "train_labels": path, "test_inputs": path, "test_labels": path,
    ]
    func source(_ format: String, _ required: JSONObject, _ optional: JSONObject = [:]) -> JSONValue {
      Schema.request(
        JSONObject([("format", Schema.constant(format))]).merging(required),
        optional.merging(["normalization": Schema.ref("Normalization")]))
    }
    let classNames: JSONValue = [
      "type": "array", "items": ["type": "string", "minLength": 1, "maxLength": 1024], "minItems": 2,
      "maxItems": 100_000, "uniqueItems": true,
    ]
    let older = Schema.described(
      Schema.flag(default: false), "An older spelling of \"normalization\": \"standardize\".")
    let kind = Schema.choice(TargetKind.allCases.map(\.rawValue), default: "automatic")
    /// What is said of arrays.
    let reading: JSONObject = [
      "classes": Schema.integer(from: 2, to: 100_000), "class_names": classNames, "kind": kind,
      "standardize": older,
    ]
    let number = Schema.number
    let positive = Schema.number(.positive)
    let sizes: JSONObject = [
      "samples": Schema.integer(from: 1, to: 10_000_000, default: 1000),
      "test_samples": Schema.integer(from: 0, to: 10_000_000), "seed": seed,
      "dimensions": Schema.integer(from: 1, to: 1_000_000),
    ]
    return [
      "Normalization": Schema.described(
        Schema.anyOf(
          Schema.choice(["none", "standardize"]),
          Schema.request([
            "mean": Schema.anyOf(number, Schema.array(number, maximum: 1 << 20)),
            "standard_deviation": Schema.anyOf(positive, Schema.array(positive, maximum: 1 << 20)),
          ])),
        "What a network sees is (value − mean) / standard_deviation, of values scaled to 0…1 where the source is bytes: one "
          + "number for all channels (features), or one for each. standardize takes them from the training split. By default "
          + "builtin, idx and cifar10 standardize, derived has its base's, the others none."),
      "DatasetSource": Schema.oneOf(
        source(
          "builtin", ["name": Schema.choice(["iris", "digits"])],
          ["test": Schema.choice(["every_fifth", "none"], default: "every_fifth")]),
        source(
          "idx", ["path": path],
          files.merging(["classes": Schema.integer(from: 2, to: 256), "class_names": classNames])),
        source("upload", [:], reading),
        source("cifar10", ["path": path]),
        Schema.variants(
          source(
            "csv", ["path": path],
            [
              "header": Schema.flag(default: true), "target": columns,
              "delimiter": ["type": "string", "pattern": "^[\\t !#-,/:-~]$", "default": ","],
              "ignore": columns,
              "kind": kind,
              "test_fraction": Schema.number(.properShare, default: 0.2), "test_path": path,
              "seed": seed,
              "classes": Schema.integer(from: 2, to: 100_000),
              "shape": pictureShape,
              "standardize": older,
            ]), [Schema.variant(absent: ["test_path"]), Schema.variant(absent: ["test_fraction"])]),
        source(
          "npy", ["path": path],
          files.merging(reading)),
        Schema.variants(
          source(
            "synthetic", ["name": Schema.constant("blobs")],
            sizes.merging([
              "classes": Schema.integer(from: 2, to: 100_000), "shape": pictureShape,
              "spread": Schema.number(.notNegative, default: 0.3),
            ])), [Schema.variant(absent: ["shape"]), Schema.variant(absent: ["dimensions"])]),
        source(
          "synthetic", ["name": Schema.constant("linear-regression")],
          sizes.merging([
            "heterogeneous": Schema.integer(from: 0, to: 10_000_000),
            "noise": Schema.number(.notNegative, default: 0.1),
            "correlation": Schema.number(.properShare, default: 0.5),
          ])),
        derivedSource),
    ]
  }

  /// Channels, height, width.
  private static var pictureShape: JSONValue {
    ["type": "array", "items": Schema.integer(from: 1, to: 1 << 20), "minItems": 3, "maxItems": 3]
  }

  /// At least one change, each with what belongs to it.
  private static var derivedSource: JSONValue {
    let seed = Schema.seed
    let count = Schema.integer(from: 1, to: .max)
    let classes: JSONValue = [
      "type": "array", "items": Schema.index, "minItems": 2, "maxItems": 100_000, "uniqueItems": true,
    ]
    let take = Schema.variants(
      Schema.request(
        [:], ["train": count, "test": Schema.integer(from: 0, to: .max), "seed": seed]),
      [Schema.variant(["train": count]), Schema.variant(["test": Schema.integer(from: 0, to: .max)])])
    let poison = Schema.variants(
      Schema.request(
        ["label": Schema.index],
        [
          "trigger": Schema.choice(["checkerboard", "patch"], default: "checkerboard"),
          "amount": Schema.number(.positiveShare), "size": Schema.integer(from: 1, to: 100_000),
          "fraction": Schema.number(NumberRange(from: .excluding(0), to: .excluding(1))),
          "placement": Schema.choice(["replace", "append"], default: "replace"), "seed": seed,
        ]),
      [
        Schema.variant(
          ["trigger": ["enum": ["checkerboard", nil]]], required: [], absent: ["size"]),
        Schema.variant(["trigger": Schema.constant("patch")], absent: ["amount"]),
      ])
    let changes: JSONObject = [
      "classes": classes, "take": take,
      "relabel": Schema.request(["fraction": Schema.number(.positiveShare)], ["seed": seed]),
      "poison": poison, "normalization": Schema.ref("Normalization"),
    ]
    return Schema.described(
      Schema.variants(
        Schema.request(["format": Schema.constant("derived"), "of": Schema.name], changes),
        changes.members.map { Schema.variant([$0.name: $0.value]) }),
      "At least one change; they are made in the order classes, take, relabel, poison, normalization.")
  }
}
