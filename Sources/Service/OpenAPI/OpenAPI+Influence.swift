import Influence
import JSON
import Jobs

extension OpenAPI {
  /// The bodies of jobs on the influence of training samples, by their kind.
  static var influenceJobs: [(kind: String, schema: JSONValue)] {
    let curvature = rankingCurvature.merging(["seed": seed])
    let train = Schema.anyOf(Schema.constant("all"), Schema.request(["indices": indices]))
    let named: JSONObject = ["name": ["type": "string", "minLength": 1, "maxLength": 200]]
    let flag: JSONValue = ["const": true]
    let groups = Schema.anyOf(
      Schema.request(["class": Schema.index], named), Schema.request(["indices": indices], named),
      Schema.request(["poisoned": flag], named), Schema.request(["relabeled": flag], named),
      Schema.request(["heterogeneous": flag], named))
    return [
      (
        "influence",
        Schema.described(
          Schema.variants(
            job(
              "influence",
              curvature.merging([
                "test": testChoice(), "train": train,
                "influence": Schema.choice(
                  InfluenceRequest.Effect.allCases.map(\.rawValue), default: "upweight"),
                "self_influence": Schema.flag(default: false), "self_solver": Schema.ref("SelfSolver"),
                "factors": Schema.id, "top": Schema.integer(from: 0, to: 10_000, default: 10),
              ])),
            [
              Schema.variant(["self_influence": ["const": true]], absent: ["factors"]),
              Schema.variant(absent: ["factors", "self_solver"], flags: ["self_influence"]),
              Schema.variant(
                ["factors": Schema.id],
                absent: ["test", "solver", "damping", "hessian", "hessian_samples", "self_solver"],
                flags: ["self_influence"]),
            ]),
          "Scores +∇ℓ(test)ᵀ(H + δI)⁻¹∇ℓ(train). effect, beside each score, is the estimated change of the test loss if the "
            + "training sample is left out, in units of the loss: positive where the sample helps. It is scale · score + offset "
            + "with the numbers of the test's effect, so that scores.npy gives the effects of all samples. The default solver is cg. "
            + "With self_influence, test may be absent. factors names a job of this kind whose factors are used again; test, solver, "
            + "damping, hessian and hessian_samples are then that job's.")
      ),
      (
        "mislabeled",
        Schema.described(
          job(
            "mislabeled",
            curvature.merging([
              "method": Schema.choice(
                MislabeledRequest.Method.allCases.map(\.rawValue),
                default: MislabeledRequest.standardMethod.rawValue),
              "solver": Schema.ref("SelfSolver"),
              "top": Schema.integer(from: 0, to: 10_000, default: MislabeledRequest.standardTop),
              "fix_at": Schema.array(Schema.number(.positiveShare), maximum: 20),
              "training": Schema.ref("Training"),
            ])),
          "Ranks the training samples of any classification by how likely their labels are wrong: by their loss, their "
            + "self-influence, or at random to compare. suspects lists the first top of them with the class that each looks like. Where "
            + "the data set was derived with relabel, curve, area and fixed say what was found; fix_at: inspected shares after which "
            + "the model is trained again with what was found put right, by default 0.1, 0.2 and 0.3.")
      ),
      (
        "domain_mismatch",
        Schema.described(
          job(
            "domain_mismatch",
            curvature.merging([
              "test": testChoice(),
              "groups": Schema.anyOf(
                Schema.constant("class"),
                [
                  "type": "array", "items": groups, "minItems": 1,
                  "maxItems": JSONValue(DomainMismatchRequest.mostGroups),
                ]),
            ])),
          "Without groups, the classes of the training samples; without test, the mean loss of the test split."
        )
      ),
    ]
  }
}
