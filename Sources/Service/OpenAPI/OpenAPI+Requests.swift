import Datasets
import Influence
import JSON
import Jobs
import Network

extension OpenAPI {
  /// The bodies that a client sends, and the named forms inside them.
  static var requestSchemas: JSONObject {
    var schemas: JSONObject = [
      "Group": GroupChoice.form.schema, "Loss": Loss.form.schema,
      "Schedule": TrainingOptions.Schedule.form.schema,
      "Training": Schema.described(
        TrainingRecipe.form.schema,
        "lbfgs and newton minimise the risk over all samples until the norm of its gradient is at most gradient_norm, by "
          + "default as far as rounding allows; epochs is the most iterations. Where batch normalization sees one value a channel "
          + "of a sample, a batch_size of 1 is refused."),
      "Solver": SolverRequest.ofSolves.schema, "UpdateSolver": SolverRequest.ofUpdates.schema,
      "SelfSolver": SolverRequest.ofSelfInfluence.schema,
      "Architecture": ArchitectureRequest.form.schema, "Layers": LayerDescription.listSchema,
      "Layer": LayerDescription.form.schema, "Nodes": GraphDescription.listSchema,
      "Node": NodeDescription.form.schema, "CreateModel": CreateModelRequest.schema,
    ]
    schemas = schemas.merging(datasetSchemas).merging(jobSchemas)
    return schemas
  }

  private static var datasetSchemas: JSONObject {
    [
      "CreateDataset": CreateDatasetRequest.fields.schema(standard: CreateDatasetRequest.standard),
      "Normalization": Schema.described(
        NormalizationChoice.form.schema,
        "What a network sees is (value − mean) / standard_deviation, of values scaled to 0…1 where the source is bytes: one "
          + "number for all channels (features), or one for each. standardize takes them from the training split. Each source "
          + "has its default; a derived source has that of its base."),
      "DatasetSource": Schema.described(
        DatasetSource.form.schema,
        "A derived source has at least one change. Changes are made in the order of its members, the normalization last."
      ),
    ]
  }
}
