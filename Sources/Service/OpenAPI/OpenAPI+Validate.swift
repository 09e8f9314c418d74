import JSON
import Jobs

extension OpenAPI {
  /// What is estimated and trained again.
  static var validationPlan: JSONObject {
    let group = Schema.integer(from: 1, to: ValidationPlan.mostGroups)
    let samples = Schema.request(["indices": indices])
    let plan: JSONObject = [
      "test": testChoice(most: ValidationPlan.mostTests),
      "candidates": Schema.anyOf(Schema.choice(["top", "percentile", "random"], default: "top"), samples),
      "count": Schema.integer(from: 1, to: ValidationPlan.mostCandidates, default: 40),
      "groups": Schema.anyOf(
        Schema.request(
          ["count": group, "fraction": Schema.number(NumberRange(from: .excluding(0), to: .excluding(1)))]),
        Schema.request(["count": group, "size": Schema.integer(from: 1, to: Int(Int32.max))]),
        ["type": "array", "items": indices, "minItems": 1, "maxItems": JSONValue(ValidationPlan.mostGroups)]),
      "norms": Schema.boolean, "newton": Schema.flag(default: true),
      "from": Schema.choice(["checkpoint", "scratch"], default: "checkpoint"),
      "retrain_steps": Schema.integer(from: 1, to: 1_000_000_000),
      "retrain_fraction": Schema.number(NumberRange(from: .excluding(0), to: .including(1000))),
      "retrain_rate": Schema.number(.positiveShare), "training": Schema.ref("Training"),
    ]
    return plan.merging(validationCurvature)
  }

  /// A sweep marks what is not reliable and goes on.
  private static var validationCurvature: JSONObject {
    var members = rankingCurvature
    members["require_convergence"] = nil
    return members
  }

  /// One way at most to say how long trainings last.
  static var validationLengths: [JSONValue] {
    [Schema.variant(absent: ["retrain_steps"]), Schema.variant(absent: ["retrain_fraction"])]
  }

  /// The body of a `validate` job.
  /// - Parameter job: makes the schema of a kind out of its own members.
  static func validateJob(_ job: (String, JSONObject) -> JSONValue) -> JSONValue {
    let members: JSONObject = [
      "precision": Schema.choice(["float32", "float64"]), "seed": Schema.seed,
      "require_convergence": rankingCurvature["require_convergence"] ?? Schema.boolean,
    ]
    return Schema.described(
      Schema.variants(job("validate", validationPlan.merging(members)), validationLengths),
      "Estimates of what removing training samples does to the loss of test points, beside training without them "
        + "and a control training that leaves nothing out. candidates are left out one at a time: top and percentile "
        + "by the absolute score of each test point; without candidates and count a body with groups has none. groups "
        + "are left out together. Trainings go by the checkpoint's recipe, or training, from the checkpoint or the initial "
        + "weights, for retrain_steps steps or retrain_fraction of the recipe's (by default 0.06 of a descent from the "
        + "checkpoint and at least two epochs, else 1), at retrain_rate of its learning rate (by default 0.1 from the checkpoint with "
        + "a cosine schedule, else 1). An automatic damping is that of these trainings. lbfgs and newton go on until rounding ends them, whatever their gradient_norm. norms "
        + "estimates the change of θ by every candidate, a solve each, by default where that takes some minutes at most. A "
        + "float32 model may be validated in float64. training is required for a checkpoint without a recipe."
    )
  }

  /// The test points of a request.
  static func testChoice(most: Int = TestChoice.mostPoints, mean: Bool = true) -> JSONValue {
    let split = Schema.choice(TestChoice.Split.allCases.map(\.rawValue), default: "test")
    var points = indices
    if case .object(var object) = points {
      object["maxItems"] = JSONValue(most)
      points = .object(object)
    }
    let single = [
      Schema.request(["indices": points], ["split": split, "mean": ["const": false]]),
      Schema.request(
        [:],
        [
          "pick": Schema.choice(TestChoice.Pick.allCases.map(\.rawValue), default: "highest_loss"),
          "count": Schema.integer(from: 1, to: most, default: 1), "split": split, "mean": ["const": false],
        ]),
    ]
    return [
      "anyOf": .array(mean ? single + [Schema.request(["mean": ["const": true]], ["split": split])] : single)
    ]
  }
}
