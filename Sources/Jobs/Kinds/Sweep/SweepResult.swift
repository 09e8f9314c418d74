import JSON

extension SweepRequest {
  public static let result = ResultObject([
    .always(
      "summary", .list(.object(cell)), "A row an architecture and weight decay: means over the seeds."),
    .always("measures", .list(.text), "The names of the columns of `measures.npy`."),
    .always("rows", .list(.object(row)), "A row a model."), .warnings,
  ])

  private static let model: [ResultMember] = [
    .always("architecture", .request("Architecture"), "The network."),
    .always("parameters", .nullable(.integer(from: 1)), unit: "parameters", "Its parameters."),
    .always("weight_decay", .size, "λ."),
  ]

  private static let measures: [ResultMember] = SweepRun.measures.map {
    .always($0.name, .nullable(.number), $0.meaning)
  }

  private static let cell = ResultObject(
    model + [.always("models", .count, unit: "models", "How many models the means are over.")] + measures
      + SweepRun.measures.map {
        .sometimes("\($0.name)_deviation", .nullable(.number), "The standard deviation, with several seeds.")
      })

  private static let row = ResultObject(
    model + [.always("seed", .count, "Its seed.")] + measures + [
      .always("damping", .nullable(.size), "δ of the estimates."),
      .always("reliable", .flag, "Whether every solve is good enough for a ranking."),
      .always("converged", .flag, "Whether every solve, training and eigenvalue met its tolerance."),
    ])
}
