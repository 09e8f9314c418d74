import JSON
import Jobs

extension OpenAPI {
  /// The body of an `attack` job.
  static var attackJob: JSONValue {
    let members: JSONObject = [
      "test": testChoice(most: 1000, mean: false),
      "train": Schema.anyOf(
        Schema.request([
          "indices": [
            "type": "array", "items": Schema.index, "minItems": 1, "maxItems": 1000,
            "uniqueItems": true,
          ]
        ]),
        Schema.request(["count": Schema.integer(from: 1, to: 1000, default: 1)])),
      "epsilon": Schema.number(.positive, default: 0.1), "step": Schema.number(.positive),
      "iterations": Schema.integer(from: 1, to: 10_000, default: 50),
      "training": Schema.variants(Schema.request([:], recipe), Array(recipes.suffix(2))),
    ]
    return Schema.described(
      required(job("attack", rankingCurvature.merging(members).merging(["seed": seed])), ["test"]),
      "test is required and names single points, each attacked by itself. epsilon bounds the change of every input value "
        + "before normalization: a share of the range of pictures and bytes, which no value leaves, and units of a feature "
        + "otherwise. step is a tenth of it by default. training is lbfgs or "
        + "newton, whose validation and exclude are the model's.")
  }
}
