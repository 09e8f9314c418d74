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
    [
      "CreateDataset": CreateDatasetRequest.fields.schema(standard: CreateDatasetRequest.standard),
      "Normalization": Schema.described(
        NormalizationChoice.form.schema,
        "What a network sees is (value − mean) / standard_deviation, of values scaled to 0…1 where the source is bytes: one "
          + "number for all channels (features), or one for each. standardize takes them from the training split. By default "
          + "builtin, idx and cifar10 standardize, derived has its base's, the others none."),
      "DatasetSource": Schema.described(
        DatasetSource.form.schema,
        "A derived source has at least one change. Changes are made in the order of its members, the normalization last."
      ),
    ]
  }
}
