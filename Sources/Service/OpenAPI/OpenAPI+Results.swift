import JSON
import Jobs

/// What the kinds of jobs result in.
extension OpenAPI {
  /// `Result` and what it can be: `TrainResult`, `RemoveResult`, …
  static var resultSchemas: JSONObject {
    let artifact = Schema.answer([
      "name": Schema.string, "dtype": Schema.choice(ArtifactElement.allCases.map(\.rawValue)),
      "shape": Schema.array(Schema.integer(from: 0)), "bytes": Schema.integer(from: 0),
      "sha256": Schema.sha256,
    ])
    let common: JSONObject = [
      "artifacts": Schema.array(artifact),
      "seconds": Schema.described(
        ["type": "object", "additionalProperties": Schema.number(.notNegative)], "By phase, and the total."),
      "warnings": Schema.described(
        Schema.array(Schema.string), "What a user must know before relying on the result."),
    ]
    var schemas: JSONObject = [
      "Metrics": Schema.answer([:], ["loss": Schema.number, "accuracy": nullable(Schema.number(.share))]),
      "CheckpointGradient": Schema.described(
        Schema.answer(["norm": Schema.number(.notNegative), "one_sample": Schema.number(.notNegative)]),
        "norm is ‖∇R‖ at the checkpoint over the samples that it was trained on (8,192 of them at most); one_sample is what "
          + "one sample adds to ∇R, on average. Influence functions speak of a minimum, where norm is 0."),
      "TrainingMetrics": Schema.described(
        Schema.answer(
          [
            "train": Schema.ref("Metrics"), "gradient_norm": Schema.number(.notNegative),
            "converged": Schema.boolean, "criterion": ["type": "object"],
            "warnings": Schema.array(Schema.string),
          ],
          [
            "test": Schema.ref("Metrics"), "validation": Schema.ref("Metrics"),
            "absent": Schema.ref("Metrics"),
            "iterations": Schema.integer(from: 0), "reason": nullable(Schema.string),
          ]),
        "Of the last weights. converged is a statement about them, by the criterion that is named. gradient_of_one_sample (sgd and "
          + "adam): ‖∇R‖ is at most what one sample adds to it. expected_decrease (lbfgs and newton): the risk can fall "
          + "by at most the tolerance, ½gᵀH⁻¹g (a share of 1e-10 of it), and rounding the weights to the model's "
          + "precision raised it by at most 1e-6 of it; with gradient_norm in the recipe: that norm was reached, and "
          + "the risk cannot fall by more than 0.1 %. reason says why not: iteration_limit, stagnation, "
          + "gradient_norm_too_large, negative_curvature, unresolved_curvature, no_minimum (classes that can be parted, "
          + "without weight decay), precision. train is of 8,192 training samples at most."),
      "UpdateMetrics": Schema.described(
        ["type": "object"],
        "Of removals self and test with loss and accuracy, and score; of recoveries test, triggered, attack_success_rate and self. "
          + "absent has the classes that nothing is trained on, where there are any."
      ),
      "Solve": Schema.answer(
        ["name": Schema.string],
        [
          "converged": Schema.described(
            Schema.anything,
            "Whether the solve met its tolerance; not of an update that was left early on purpose."),
          "ended": Schema.described(Schema.string, "How an update ended that was left early on purpose."),
          "iterations": Schema.integer(from: 0), "relative_residual": Schema.anything,
          "curvature_products": Schema.integer(from: 0), "reason": Schema.anything,
          "residual_history": Schema.array(Schema.anything), "damping": Schema.number(.notNegative),
        ]),
    ]
    var all: [JSONValue] = []
    for (kind, required, optional) in results {
      let name = "\(schemaName(of: kind))Result"
      schemas[name] = Schema.answer(common.merging(required), optional)
      all.append(Schema.ref(name))
    }
    schemas["Result"] = Schema.described(
      ["anyOf": .array(all)], "By the kind of the job: TrainResult of train, and so on.")
    return schemas
  }

  private static func nullable(_ schema: JSONValue) -> JSONValue { Schema.optional(schema) }

  private static let rows = Schema.array(["type": "object"])
  private static let counts: JSONValue = [
    "type": "object", "additionalProperties": ["type": "integer", "minimum": 0],
  ]
  /// The matrix of a ranking, and how its damping was found.
  private static let usedCurvature = Schema.answer(
    ["hessian": Schema.choice(CurvatureRequest.Matrix.allCases.map(\.rawValue))],
    [
      "samples": Schema.integer(from: 1),
      "damping": Schema.answer(
        [
          "value": Schema.number(.notNegative),
          "rule": Schema.described(
            Schema.choice(["given", "1/T", "minimum", "largest_eigenvalue"]),
            "minimum: the weights minimise the risk, so T is infinite."),
        ],
        [
          "T": nullable(Schema.number(.positive)),
          "largest_eigenvalue": nullable(Schema.number(.notNegative)),
        ]),
    ])

  /// Of every kind what its result always has, and what it may have besides artifacts and seconds.
  private static var results: [(kind: String, required: JSONObject, optional: JSONObject)] {
    let checkpoint: JSONObject = ["checkpoint": Schema.id]
    let metrics = Schema.ref("UpdateMetrics")
    let update: JSONObject = [
      "checkpoint": Schema.id, "scale": Schema.number, "sweep": rows, "parameters": counts, "layers": rows,
      "solver": Schema.ref("Solve"), "before": metrics, "after": metrics,
      "retrained": nullable(metrics), "samples": counts,
    ]
    let gradient: JSONObject = ["checkpoint_gradient": Schema.ref("CheckpointGradient")]
    let curve = (["curve": rows, "rounds": rows] as JSONObject).merging(gradient)
    let validation: JSONObject = [
      "precision": Schema.choice(["float32", "float64"]), "from": Schema.choice(["checkpoint", "scratch"]),
      "samples": Schema.integer(from: 0), "tests": rows, "pearson": nullable(Schema.number),
      "spearman": nullable(Schema.number), "solves": ["type": "object"], "retraining": ["type": "object"],
      "curvature": usedCurvature,
    ]
    return [
      (
        "train",
        [
          "checkpoint": Schema.id, "metrics": Schema.ref("TrainingMetrics"), "curve": rows, "samples": counts,
        ], [:]
      ),
      (
        "evaluate",
        [
          "checkpoint": Schema.id, "dataset": Schema.name,
          "split": Schema.choice(["train", "test", "validation"]), "samples": Schema.integer(from: 1),
          "loss": Schema.number, "accuracy": nullable(Schema.number(.share)),
          "gradient_norm": Schema.number(.notNegative),
        ],
        [
          "confusion": nullable(Schema.array(Schema.array(Schema.integer(from: 0)))),
          "per_class": nullable(rows), "seen": Schema.ref("Metrics"), "absent": Schema.ref("Metrics"),
          "parts": ["type": "object"],
        ]
      ),
      ("remove", update, curve), ("recover", update, curve),
      (
        "retrain",
        [
          "model": Schema.name, "checkpoint": Schema.id, "metrics": ["type": "object"], "curve": rows,
          "samples": counts,
        ], [:]
      ),
      (
        "compare",
        [
          "checkpoint": Schema.id, "rows": rows, "runs": rows, "before": metrics,
          "retrained": nullable(metrics), "samples": counts, "curvature_products": Schema.integer(from: 0),
        ], gradient
      ),
      (
        "influence",
        checkpoint.merging([
          "influence": Schema.choice(["upweight", "perturbation"]), "train": counts, "tests": rows,
        ]),
        gradient.merging([
          "samples": counts, "solver": ["type": "object"], "self_influence": ["type": "object"],
          "curvature": nullable(usedCurvature),
        ])
      ),
      (
        "validate", validation, gradient.merging(["groups": ["type": "object"], "checkpoint": Schema.id])
      ),
      (
        "spectrum",
        [
          "checkpoint": nullable(Schema.id), "parameters": Schema.integer(from: 1),
          "hessian": Schema.choice(["hessian", "gauss_newton"]), "samples": counts, "spectra": rows,
        ], gradient
      ),
      (
        "mislabeled",
        checkpoint.merging([
          "method": Schema.choice(["self_influence", "loss", "random"]), "samples": counts,
          "suspects": rows, "before": ["type": "object"],
        ]),
        gradient.merging([
          "curve": rows, "area": Schema.number, "fixed": rows, "solver": ["type": "object"],
          "curvature": usedCurvature, "reliable": Schema.boolean,
        ])
      ),
      (
        "domain_mismatch",
        checkpoint.merging([
          "samples": counts, "test": ["type": "object"], "groups": rows, "solver": Schema.anything,
          "curvature": usedCurvature, "reliable": Schema.boolean,
        ]), gradient.merging(["effect": nullable(["type": "object"])])
      ),
      (
        "attack",
        checkpoint.merging([
          "epsilon": Schema.number(.positive), "tests": rows, "attacked": Schema.integer(from: 0),
          "flipped": Schema.integer(from: 0),
        ]), gradient
      ),
      (
        "sweep", ["summary": rows, "measures": Schema.array(Schema.string), "rows": rows],
        [:]
      ),
      (
        "trajectory",
        checkpoint.merging([
          "parameters": rows, "samples": counts, "steps": Schema.anything, "paths": Schema.anything,
          "curve": Schema.anything,
        ]), gradient
      ),
    ]
  }
}
