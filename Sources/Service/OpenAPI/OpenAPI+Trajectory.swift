import JSON
import Jobs

extension OpenAPI {
  static var trajectoryJob: JSONValue {
    let place = Schema.index
    let parameter = Schema.anyOf(
      place,
      Schema.request([
        "tensor": ["type": "string", "minLength": 1, "maxLength": 256],
        "indices": ["type": "array", "items": place, "minItems": 1, "maxItems": 10_000],
      ]))
    func choices(_ names: [String]) -> JSONValue {
      ["type": "array", "items": Schema.choice(names), "minItems": 1, "uniqueItems": true]
    }
    let schema = job(
      "trajectory",
      group.merging(curvature).merging([
        "order": Schema.choice(["ascending", "descending", "random"], default: "ascending"),
        "step": Schema.integer(from: 1, to: Int(Int32.max), default: 1),
        "parameters": ["type": "array", "items": parameter, "minItems": 1, "maxItems": 1000],
        "estimators": choices(["gif", "fif", "pif"]), "modes": choices(["cumulative", "sequential"]),
        "gradient": Schema.choice(["influence", "newton"], default: "influence"), "seed": seed,
      ]))
    return Schema.described(
      Schema.variants(required(schema, ["parameters"]), groups),
      "One of class, indices, and poisoned, relabeled or heterogeneous with true is required. parameters counts them over "
        + "all tensors in PyTorch's order, or names a tensor and places in it.")
  }
}
