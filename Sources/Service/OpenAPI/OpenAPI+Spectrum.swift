import JSON
import Jobs

extension OpenAPI {
  static var spectrumJob: JSONValue {
    let share = Schema.number(NumberRange(from: .excluding(0), to: .excluding(1)))
    return Schema.described(
      Schema.variants(
        job(
          "spectrum",
          [
            "count": Schema.integer(from: 1, to: 5000, default: 20),
            "loss": Schema.anyOf(
              Schema.ref("Loss"),
              [
                "type": "array", "items": Schema.ref("Loss"), "minItems": 1, "maxItems": 16,
                "uniqueItems": true,
              ]),
            "l2": Schema.anyOf(
              Schema.number(.notNegative),
              ["type": "array", "items": Schema.number(.notNegative), "minItems": 1, "maxItems": 1000]),
            "retrain": Schema.flag(default: false), "training": Schema.ref("Training"), "hessian": matrix,
            "hessian_samples": sampleCount, "tolerance": share,
            "iterations": Schema.integer(from: 1, to: 1_000_000, default: 2000),
            "density": Schema.request(
              [:],
              [
                "probes": Schema.integer(from: 1, to: 1000, default: 10),
                "steps": Schema.integer(from: 1, to: 1000, default: 80),
                "points": Schema.integer(from: 2, to: 10_000, default: 400),
                "width": Schema.number(.positive),
              ]),
            "seed": seed,
          ]),
        [
          Schema.variant(["retrain": ["const": true]]),
          Schema.variant(absent: ["training"], flags: ["retrain"]),
        ]),
      "loss and l2 default to the model's own. training belongs to retrain: true, a model for each loss and l2."
    )
  }
}
