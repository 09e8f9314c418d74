import Influence
import JSON

extension CompareRequest {
  public static let result = ResultObject([
    .checkpoint,
    .always("rows", .list(.object(row)), "A row a cell of the grid: means over its runs."),
    .always("runs", .list(.either([.object(run), .object(failedRun)])), "Every run."),
    .always("before", metrics, "The checkpoint on test samples."),
    .always(
      "retrained",
      .either([ResultObject.retrained(.removalMetrics), ResultObject.retrained(.recoveryMetrics)]),
      "The newest model that was retrained on the same data, on the same samples; null if there is none."),
    .samples([
      .trainSamples, .groupSamples,
      .sometimes(
        "changed", .count, unit: "samples", "With `recover`: those whose label is not the true one."),
      .validationSamples, .hessianSamples, .gradientSamples,
      .always("runs", .count, unit: "runs", "Cells times repeats."),
    ]),
    .always(
      "curvature_products", .count, unit: "products", "Products with curvatures, what is shared counted once."
    ),
    .warnings, .checkpointGradient,
  ])

  private static let metrics = ResultType.either([.object(.removalMetrics), .object(.recoveryMetrics)])

  /// The numbers of a run with their meanings: `UpdateMetrics.numbers`, then the run's own measurements.
  private static let numbers: [(name: String, type: ResultType, unit: String?, meaning: String)] = [
    ("self_accuracy", .share, nil, "The accuracy of `self`."),
    ("self_loss", .number, nil, "Of a removal: the loss of `self`."),
    ("test_accuracy", .share, nil, "The accuracy of `test`."),
    ("test_loss", .number, nil, "The loss of `test`."),
    ("triggered_accuracy", .share, nil, "Of a recovery: the accuracy of `triggered`."),
    ("triggered_loss", .number, nil, "Of a recovery: its loss."),
    ("attack_success_rate", .share, nil, "Of a recovery."),
    ("score", .share, nil, "The score on test samples."),
    (
      "validation_score", .share, nil, "The score on validation samples, by which step and scale were chosen."
    ),
    ("rounds", .count, "rounds", "Rounds that were kept, with `rounds` above 1."),
    ("scale", .number, nil, "What the solution was multiplied by."),
    ("iterations", .count, "iterations", "The step whose solution is used."),
    ("relative_residual", .size, nil, "Of the solution that is used."),
    ("products", .count, "products", "Products with the curvature."),
    ("seconds", .size, "seconds", "The time of the run, a part of what it shares included."),
  ]

  private static let spread = ResultObject([
    .always("mean", .nullable(.number), "The mean over the runs."),
    .always("deviation", .nullable(.number), "The standard deviation; null of a single run."),
  ])

  private static let row = ResultObject(
    [
      .always("estimator", .choice(Estimator.allCases.map(\.rawValue)), "The estimator of the cell."),
      .always("modification_ratio", .nullable(.share), "Its share of parameters; null of `if`."),
      .always("selection", .nullable(.text), "Its selection; null of `if`."),
      .always("solver", .choice(SolverRequest.Name.allCases.map(\.rawValue)), "Its solver."),
      .always("damping", .size, "Its δ."),
    ]
      + numbers.map { .sometimes($0.name, .nullable(.object(spread)), unit: $0.unit, $0.meaning) } + [
        .always("converged", .count, unit: "runs", "Runs whose solve met its tolerance."),
        .always("failed", .count, unit: "runs", "Runs that came to no numbers."),
      ])

  private static let run = ResultObject(
    [
      .always("row", .count, "The place of its cell in `rows`."), .always("seed", .count, "Its seed."),
      .always(
        "converged", .nullable(.flag),
        "Whether the solve met its tolerance; null if a step of the path was chosen."),
    ] + numbers.map { .sometimes($0.name, .nullable($0.type), unit: $0.unit, $0.meaning) })

  private static let failedRun = ResultObject([
    .always("row", .count, "The place of its cell in `rows`."), .always("seed", .count, "Its seed."),
    .always("failure", .text, "Why the run came to no numbers."),
  ])
}
