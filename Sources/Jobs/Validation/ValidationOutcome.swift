import Influence
import JSON

/// The result of a validation.
struct ValidationOutcome: Sendable {
  /// One sample left out, and one test point.
  struct Pair: Sendable {
    /// In the training split.
    let train: Int
    let score: Double
    /// Change of the test loss by removing the sample.
    let estimated: Double
    let retrained: Double
    /// ‖Δθ‖ by removing the sample; nil if the plan does not ask for it.
    let estimatedNorm: Double?
    let retrainedNorm: Double
  }

  struct Test: Sendable {
    /// The members that describe the test point.
    let members: JSONObject
    /// The solve of the point's factor; nil if only groups are estimated.
    let report: SolveReport?
    let pairs: [Pair]

    /// Whether the solve is good enough for a ranking.
    var isReliable: Bool { report.map { ConvergenceDemand.isReliable($0.relativeResidual) } ?? true }
    var pearson: Double? { Correlation.pearson(pairs.map(\.estimated), pairs.map(\.retrained)) }
    var spearman: Double? { Correlation.spearman(pairs.map(\.estimated), pairs.map(\.retrained)) }
  }

  /// Three estimates of one change.
  struct Orders<Value: Sendable>: Sendable {
    let first: Value
    let second: Value
    /// With the curvature of the samples that remain; nil if the request did not ask for it.
    let newton: Value?

    func map<Other>(_ transform: (Value) -> Other) -> Orders<Other> {
      Orders<Other>(first: transform(first), second: transform(second), newton: newton.map(transform))
    }
  }

  struct Group: Sendable {
    /// In the training split.
    let indices: [Int]
    /// Of every test point's loss.
    let changes: Orders<[Double]>
    let norms: Orders<Double>
    let retrainedNorm: Double
    let retrained: [Double]
    let relativeResidual: Double
    var isReliable: Bool { ConvergenceDemand.isReliable(relativeResidual) }
  }

  let plan: ValidationPlan
  /// n.
  let samples: Int
  let tests: [Test]
  let groups: [Group]
  /// The control's change is its distance from the start.
  let control: Retrained
  /// Of single samples, then of groups.
  let retrained: [Retrained]
  /// Steps, or the most iterations, of a training.
  let steps: Int
  /// The curvature behind the estimates.
  let curvature: JSONValue
  let solves: [SolveReport]
  let warnings: [String]

  /// Whether every solve reached its tolerance, and every minimisation its end.
  var isConverged: Bool { solves.allSatisfy(\.converged) && trainings.allSatisfy { $0.converged != false } }

  private var trainings: [Retrained] { [control] + retrained }

  /// The mean over the reliable test points that have a correlation.
  func mean(_ correlation: (Test) -> Double?) -> Double? {
    Self.mean(tests.filter(\.isReliable).map(correlation))
  }

  private static func mean(_ values: [Double?]) -> Double? {
    let known = values.compactMap { $0 }
    return known.isEmpty ? nil : known.reduce(0, +) / Double(known.count)
  }

  /// Spearman's coefficient over the groups between an estimate and the truth, for each test point.
  ///
  /// The mean of the coefficients is the linear datamodeling score (Park et al. 2023, "TRAK", §2).
  private func groupScores(_ estimate: (Group, Int) -> Double?) -> [Double?] {
    tests.indices.map { test in
      let estimates = groups.compactMap { estimate($0, test) }
      guard estimates.count == groups.count else { return nil }
      return Correlation.spearman(estimates, groups.map { $0.retrained[test] })
    }
  }

  // MARK: JSON

  var json: JSONObject {
    var object: JSONObject = [
      "from": .string(plan.start.rawValue), "samples": JSONValue(samples),
      "tests": .array(tests.map(json)), "pearson": JSONValue(mean(\.pearson)),
      "spearman": JSONValue(mean(\.spearman)), "curvature": curvature,
    ]
    if !groups.isEmpty { object["groups"] = groupsJSON }
    object["solves"] = [
      "count": JSONValue(solves.count), "converged": JSONValue(solves.count { $0.converged }),
      "relative_residual": .number(solves.map(\.relativeResidual).max() ?? 0),
      "curvature_products": JSONValue(solves.reduce(0) { $0 + $1.curvatureProducts }),
    ]
    object["retraining"] = trainingJSON
    object["warnings"] = JSONValue(allWarnings)
    return object
  }

  private func json(_ test: Test) -> JSONValue {
    var row = test.members
    row["reliable"] = .bool(test.isReliable)
    row["pearson"] = JSONValue(test.pearson)
    row["spearman"] = JSONValue(test.spearman)
    row["pairs"] = .array(
      test.pairs.map { pair in
        [
          "train": JSONValue(pair.train), "estimated": .number(pair.estimated),
          "retrained": .number(pair.retrained), "score": .number(pair.score),
          "estimated_norm": JSONValue(pair.estimatedNorm), "retrained_norm": .number(pair.retrainedNorm),
          "reliable": .bool(test.isReliable),
        ]
      })
    if let report = test.report { row["solver"] = report.json }
    return .object(row)
  }

  private var groupsJSON: JSONValue {
    let scores = [
      ("first_order", groupScores { $0.changes.first[$1] }),
      ("second_order", groupScores { $0.changes.second[$1] }),
      ("newton", plan.newton ? groupScores { group, test in group.changes.newton.map { $0[test] } } : []),
    ].filter { !$0.1.isEmpty }
    func orders<Value>(_ orders: Orders<Value>, _ json: (Value) -> JSONValue) -> JSONObject {
      var object: JSONObject = [
        "first_order": json(orders.first), "second_order": json(orders.second),
      ]
      if let newton = orders.newton { object["newton"] = json(newton) }
      return object
    }
    return [
      "count": JSONValue(groups.count),
      "score": .object(JSONObject(scores.map { ($0.0, JSONValue(Self.mean($0.1))) })),
      "spearman": .object(JSONObject(scores.map { ($0.0, .array($0.1.map { JSONValue($0) })) })),
      "rows": .array(
        groups.enumerated().map { index, group in
          .object(
            JSONObject([
              ("group", JSONValue(index)), ("size", JSONValue(group.indices.count)),
              (
                "norms",
                .object(
                  orders(group.norms) { .number($0) }.merging(["retrained": .number(group.retrainedNorm)]))
              ),
            ]).merging(orders(group.changes) { JSONValue($0) }).merging([
              "retrained": JSONValue(group.retrained), "reliable": .bool(group.isReliable),
            ])
          )
        }),
    ]
  }

  private var trainingJSON: JSONValue {
    let isMinimized = plan.training?.optimizer.name.minimizes ?? false
    var object: JSONObject = [
      "optimizer": JSONValue(plan.training?.optimizer.name.rawValue), "count": JSONValue(retrained.count),
      (isMinimized ? "iterations_limit" : "steps"): JSONValue(steps),
      "control": [
        "gradient_norm": .number(control.gradientNorm),
        "converged": control.converged.map(JSONValue.bool) ?? .null,
        "steps": JSONValue(control.steps), "distance": .number(control.change),
        "losses": JSONValue(control.losses),
      ],
      "gradient_norm": .number(retrained.map(\.gradientNorm).max() ?? control.gradientNorm),
    ]
    if let recipe = plan.training, !isMinimized {
      object["learning_rate"] = .number(recipe.learningRate * (plan.rate ?? 1))
    }
    if isMinimized { object["converged"] = .bool(trainings.allSatisfy { $0.converged == true }) }
    return .object(object)
  }

  private var allWarnings: [String] {
    var list = warnings
    list += ConvergenceDemand.warning(of: tests.count { !$0.isReliable }, of: tests.count, "test points")
    list += ConvergenceDemand.warning(of: groups.count { !$0.isReliable }, of: groups.count, "groups")
    if let worst = solves.filter({ !$0.converged }).max(by: { $0.relativeResidual < $1.relativeResidual }) {
      list.append(
        "\(solves.count { !$0.converged }) of \(solves.count) solves did not converge; the worst of them: \(worst.warnings.joined(separator: " "))"
      )
    }
    let open = trainings.filter { $0.converged == false }
    if let worst = open.map(\.gradientNorm).max() {
      list.append(
        "\(open.count) of \(trainings.count) trainings ended before their minimum; the largest gradient norm is \(worst.shortText). "
          + "Allow more iterations, or compute in float64.")
    }
    return list
  }
}
