extension TrainRequest {
  public func estimate(_ catalog: any Catalog, _ machine: Machine) throws -> JobEstimate? {
    try Self.estimate(recipe, of: Work(target, catalog, machine))
  }

  /// The training of a model that is not stored yet.
  public static func estimate(
    _ recipe: TrainingRecipe, of model: CatalogModel, _ set: CatalogDataset, _ machine: Machine
  ) throws -> JobEstimate {
    try estimate(recipe, of: Work(model, set, machine))
  }

  private static func estimate(_ recipe: TrainingRecipe, of work: Work) -> JobEstimate {
    var work = work
    work.train(recipe)
    work.leaveCheckpoint()
    return work.estimate
  }
}
