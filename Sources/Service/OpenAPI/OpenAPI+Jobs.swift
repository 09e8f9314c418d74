import Influence
import JSON
import Jobs

extension OpenAPI {
  /// The schema of every kind's body, by the kind.
  static var jobKindSchemas: [(kind: String, schema: JSONValue)] {
    [
      (
        "train",
        Schema.variants(
          job(
            "train",
            JSONObject([
              (
                "checkpoint",
                Schema.described(
                  Schema.id,
                  "Where it starts: the latest one if absent, \"initial\" for the model's first weights.")
              ), ("seed", Schema.integer(from: 0, to: .max)),
            ]).merging(recipe)), recipes)
      ),
      (
        "evaluate",
        job(
          "evaluate",
          [
            "seed": seed, "dataset": Schema.name,
            "split": Schema.choice(["train", "test", "validation"], default: "test"),
          ])
      ),
      ("remove", removeJob), ("retrain", retrainJob), ("recover", recoverJob),
      ("compare", compareJob),
      ("trajectory", trajectoryJob), ("validate", validateJob(job)),
      ("spectrum", spectrumJob), ("attack", attackJob), ("sweep", sweepJob),
    ] + influenceJobs
  }

  /// `JobRequest` and what it can be: `TrainJob`, `RemoveJob`, …
  static var jobSchemas: JSONObject {
    let kinds = jobKindSchemas.map {
      (kind: $0.kind, name: schemaName(of: $0.kind) + "Job", schema: $0.schema)
    }
    var schemas = JSONObject(kinds.map { ($0.name, $0.schema) })
    schemas["JobRequest"] = [
      "oneOf": .array(kinds.map { Schema.ref($0.name) }),
      "discriminator": [
        "propertyName": "kind",
        "mapping": .object(
          JSONObject(kinds.map { ($0.kind, .string("#/components/schemas/\($0.name)")) })),
      ],
    ]
    return schemas
  }

  /// `domain_mismatch` becomes `DomainMismatch`.
  static func schemaName(of kind: String) -> String {
    kind.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
  }

  /// The body of a kind that works on a model.
  static func job(_ kind: String, _ optional: JSONObject) -> JSONValue {
    let target: JSONObject = ["checkpoint": Schema.id]
    return Schema.request(
      ["kind": Schema.constant(kind), "model": Schema.name], envelope.merging(target).merging(optional))
  }

  /// What every job's body may have.
  static var envelope: JSONObject {
    [
      "priority": Schema.integer(from: -100, to: 100, default: 0),
      "time_limit": Schema.described(
        Schema.number(NumberRange(from: .excluding(0), to: .including(1e9))),
        "Seconds the job may run, all attempts together; at most the configuration's job_time_limit, which also "
          + "holds where this is absent."),
    ]
  }

  /// An object that must have further members.
  static func required(_ schema: JSONValue, _ names: [String]) -> JSONValue {
    guard case .object(var object) = schema else { return schema }
    object["required"] = JSONValue((object["required"]?.arrayValue ?? []).compactMap(\.stringValue) + names)
    return .object(object)
  }

  // MARK: Members that several kinds have

  static var seed: JSONValue { Schema.seed }

  static var sampleCount: JSONValue {
    Schema.anyOf(Schema.integer(from: 1, to: .max), Schema.constant("all"))
  }

  static var matrix: JSONValue { matrix(default: .hessian) }

  /// - Parameter standard: nil where the default depends on other members.
  private static func matrix(default standard: CurvatureRequest.Matrix?) -> JSONValue {
    Schema.choice(CurvatureRequest.Matrix.allCases.map(\.rawValue), default: standard?.rawValue)
  }

  /// What `CurvatureRequest` reads.
  static var curvature: JSONObject { curvature(solver: "Solver") }

  private static func curvature(
    solver: String, default standard: CurvatureRequest.Matrix = .hessian
  ) -> JSONObject {
    [
      "solver": Schema.ref(solver), "damping": Schema.number(.notNegative, default: 0),
      "hessian": matrix(default: standard),
      "hessian_samples": sampleCount,
    ]
  }

  /// What `CurvatureRequest` reads in a job that ranks samples.
  static var rankingCurvature: JSONObject {
    let standard = CurvatureRequest.ranking
    return [
      "solver": Schema.ref("Solver"),
      "damping": Schema.described(
        ["anyOf": [Schema.number(.notNegative), Schema.constant("auto")], "default": "auto"],
        "δ. auto is 1/T for a descent, T the sum of rate/(1 − momentum) over its steps; 0 for a minimiser, or without weight "
          + "decay as small as rounding allows; else a thousandth of the largest eigenvalue. The result's curvature says which."
      ),
      "hessian": Schema.choice(
        CurvatureRequest.Matrix.allCases.map(\.rawValue), default: standard.matrix.rawValue),
      "hessian_samples": Schema.described(
        sampleCount,
        "Samples drawn for the curvature. By default \(CurvatureRequest.rankingSamples); more, up to all, for small networks, and "
          + "fewer for very large ones."),
      "require_convergence": Schema.described(
        Schema.boolean,
        "Absent: the job fails where a relative residual is above \(ConvergenceDemand.largestResidual). true: where a solve "
          + "misses its tolerance. false: never; answers above that residual are marked \"reliable\": false."),
    ]
  }

  private static let groupFlags = ["poisoned", "relabeled", "heterogeneous"]

  static var group: JSONObject {
    [
      "class": Schema.index, "indices": indices, "poisoned": Schema.boolean, "relabeled": Schema.boolean,
      "heterogeneous": Schema.boolean,
    ]
  }

  /// The ways to name a group, of which a body has one.
  static var groups: [JSONValue] {
    [
      Schema.variant(["class": Schema.index], absent: ["indices"], flags: groupFlags),
      Schema.variant(["indices": indices], absent: ["class"], flags: groupFlags),
    ]
      + groupFlags.map { name in
        Schema.variant(
          [name: ["const": true]], absent: ["class", "indices"], flags: groupFlags.filter { $0 != name })
      }
  }

  /// Those, or none.
  static func groupsOrNone(recover: Bool = false) -> [JSONValue] {
    groups + [
      Schema.variant(
        recover ? ["recover": ["const": true]] : [:], absent: ["class", "indices"], flags: groupFlags)
    ]
  }

  // MARK: Updates

  private static var removeJob: JSONValue {
    Schema.described(
      Schema.variants(
        job("remove", group.merging(update(.removal)).merging(["group_term": Schema.flag(default: true)])),
        groups),
      "One of class, indices, and poisoned, relabeled or heterogeneous with true is required.")
  }

  /// What `UpdateRequest` reads.
  /// - Parameter standard: the defaults of the kind.
  private static func update(_ standard: UpdateRequest) -> JSONObject {
    JSONObject([
      (
        "estimator",
        Schema.choice(Estimator.allCases.map(\.rawValue), default: standard.estimator.rawValue)
      ),
      ("modification_ratio", Schema.number(.positiveShare, default: standard.modificationRatio)),
      (
        "selection",
        Schema.choice(SelectionCriterion.allCases.map(\.rawValue), default: standard.selection.rawValue)
      ),
    ]).merging(curvature(solver: "UpdateSolver", default: standard.curvature.matrix))
      .merging(sharedUpdate(standard)).merging([
        "curve": Schema.described(
          Schema.array(scale, maximum: 200), "Scales at which the update is also measured on the test split.")
      ])
  }

  private static var scale: JSONValue { ["type": "number", "minimum": -1e6, "maximum": 1e6] }

  private static var compareJob: JSONValue {
    func list(_ items: JSONValue) -> JSONValue {
      Schema.anyOf(
        items, ["type": "array", "items": items, "minItems": 1, "maxItems": 100, "uniqueItems": true])
    }
    let grid: JSONObject = [
      "recover": Schema.flag(default: false),
      "estimator": list(Schema.choice(Estimator.allCases.map(\.rawValue))),
      "modification_ratio": list(Schema.number(.positiveShare)),
      "selection": list(Schema.choice(SelectionCriterion.allCases.map(\.rawValue))),
      "solver": list(Schema.ref("UpdateSolver")), "damping": list(Schema.number(.notNegative)),
      "repeats": Schema.integer(from: 1, to: 1000, default: 1), "hessian": matrix(default: nil),
      "hessian_samples": sampleCount, "group_term": Schema.flag(default: true),
    ]
    return Schema.described(
      Schema.variants(
        job("compare", group.merging(grid).merging(sharedUpdate(nil))), groupsOrNone(recover: true)),
      "One of class, indices, and poisoned, relabeled or heterogeneous with true is required, unless recover is true. A "
        + "member of the grid is a list or one element; repeats take seed, seed + 1, … Defaults are those of remove, or with recover "
        + "those of recover.")
  }

  /// - Parameter standard: nil where the defaults depend on other members.
  private static func sharedUpdate(_ standard: UpdateRequest?) -> JSONObject {
    [
      "gradient_samples": sampleCount,
      "gradient": Schema.choice(["influence", "newton"], default: "influence"),
      "augment": Schema.described(
        Schema.anyOf(Schema.constant("as_trained"), augmentations),
        "How samples of gradient and curvature are changed at random, each once: as the checkpoint's recipe does (as_trained, "
          + "the default), or as listed; [] leaves them as they are."
      ),
      "scales": Schema.anyOf(
        Schema.constant("auto"),
        ["type": "array", "minItems": 1, "maxItems": 1000, "items": scale]),
      "choose_by": Schema.described(
        Schema.choice(
          UpdateRequest.Yardstick.allCases.map(\.rawValue), default: standard?.yardstick.rawValue),
        "What steps and scales are chosen by on validation samples: the score, or the same of mean likelihoods instead of "
          + "accuracies, which few samples tell more finely."
      ),
      "rounds": Schema.integer(from: 1, to: UpdateRequest.mostRounds, default: standard?.rounds),
      "seed": seed, "require_convergence": Schema.flag(default: false),
    ]
  }

  private static var recoverJob: JSONValue {
    Schema.described(
      Schema.variants(job("recover", group.merging(update(.recovery))), groupsOrNone()),
      "The group defaults to the samples whose label was changed by poison, or else by relabel.")
  }

  private static var retrainJob: JSONValue {
    Schema.described(
      Schema.variants(
        job(
          "retrain",
          group.merging([
            "recover": Schema.flag(default: false), "seed": Schema.integer(from: 0, to: .max),
            "name": Schema.name, "training": Schema.ref("Training"),
          ])), groupsOrNone()),
      "One of class, indices, and poisoned, relabeled or heterogeneous with true is required, unless recover is true, or the "
        + "checkpoint is an edited one: then training is on just what that checkpoint stands for."
    )
  }
}
