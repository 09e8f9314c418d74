import JSON
import Jobs

extension OpenAPI {
  /// The body of a `sweep` job: of no model, since it makes its own.
  static var sweepJob: JSONValue {
    let seeds: JSONValue = [
      "type": "array", "items": Schema.integer(from: 0, to: .max), "minItems": 1, "maxItems": 1000,
      "uniqueItems": true,
    ]
    let optional: JSONObject = [
      "weight_decays": [
        "type": "array", "items": Schema.number(.notNegative), "minItems": 1, "maxItems": 1000,
      ],
      "seeds": Schema.anyOf(Schema.integer(from: 1, to: 1000, default: 1), seeds),
      "precision": Schema.choice(["float32", "float64"], default: "float64"), "loss": Schema.ref("Loss"),
    ]
    var single = validationPlan
    single["groups"] = nil
    return Schema.described(
      Schema.variants(
        Schema.request(
          [
            "kind": Schema.constant("sweep"), "dataset": Schema.name,
            "architectures": [
              "type": "array", "items": Schema.ref("Architecture"), "minItems": 1, "maxItems": 1000,
            ],
            "training": Schema.ref("Training"),
          ], envelope.merging(single).merging(optional)), validationLengths),
      "Trains a model for every architecture, weight decay and seed (a number n means 0 to n − 1), and validates "
        + "influence on each as a validate job does; the models are not kept.")
  }
}
