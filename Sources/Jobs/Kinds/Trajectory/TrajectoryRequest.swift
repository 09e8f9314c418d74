import Influence
import JSON

/// `trajectory`: the paths of some free parameters as training samples are removed one after the other, by
/// influence and by minimising the remaining risk.
public struct TrajectoryRequest: JobRequest, Hashable {
  public static let kind = "trajectory"

  /// The weights and samples from which a path's next point is computed.
  public enum Mode: String, CaseIterable, Sendable {
    /// From θ̂, for all samples removed so far at once.
    case cumulative
    /// From the path's last point, for the samples of this step.
    case sequential
  }

  public enum Order: String, CaseIterable, Sendable { case ascending, descending, random }

  public var target: ModelReference
  public var group: GroupChoice
  public var order: Order
  /// The number of samples removed in one step.
  public var step: Int
  /// The parameters that may move.
  public var parameters: [ParameterChoice]
  public var estimators: [Estimator]
  public var modes: [Mode]
  public var curvature: CurvatureRequest
  public var gradient: UpdateRequest.GradientForm
  public var seed: Int
  /// The model's data set, known after `resolve`.
  public var dataset = ""

  /// The most free parameters. The constrained optimum needs a dense matrix of them.
  static let mostParameters = 1000
  static let mostSteps = 10_000
  private static let standardCurvature = CurvatureRequest(
    solver: SolverRequest(name: .lsmr), samples: .all)

  public static let summary =
    "Follows free parameters while samples are taken out, beside the constrained optimum."
  public static let standard = TrajectoryRequest(
    target: .none, group: .heterogeneous, order: .ascending, step: 1, parameters: [],
    estimators: [.gif, .fif, .pif], modes: Mode.allCases, curvature: standardCurvature, gradient: .influence,
    seed: 0)

  public static let fields = Fields<TrajectoryRequest>([
    .part(\.target, ModelReference.fields()), GroupChoice.required(\.group),
    .choice("order", \.order, "The order in which the samples are taken out."),
    .integer("step", \.step, 1...Int(Int32.max), "Samples taken out at a time."),
    .required(
      "parameters", \.parameters,
      .list(of: ParameterChoice.form, atMost: mostParameters, empty: "must name at least one parameter"),
      "The free parameters: places over all tensors in PyTorch's order, or a tensor and places in it."),
    .member("estimators", \.estimators, estimators, "The methods."),
    .member(
      "modes", \.modes, choices(.choice),
      "`cumulative`: each point from the original weights. `sequential`: each from the last one."),
    .part(\.curvature, CurvatureRequest.plainFields),
    .choice(
      "gradient", \.gradient,
      "`influence` takes the weights for a minimum. `newton` takes the gradient of the changed risk as it is."
    ),
    .seed(\.seed, "Seeds the samples that are drawn."),
  ])

  private static func choices<Choice: Hashable & Sendable>(_ choice: Form<Choice>) -> Form<[Choice]> {
    .list(
      of: choice, atMost: 16, empty: "must have at least one element",
      repeated: { _ in "must name each once" })
  }

  /// `if` moves every parameter, so there is no free part to follow.
  private static let estimators: Form<[Estimator]> = {
    let names = Estimator.allCases.filter { $0 != .if }.map(\.rawValue)
    let choice = Form<Estimator>.choice.described(
      by: Schema.choice(names), words: names.map { "`\($0)`" }.joined(separator: ", "))
    return choices(choice).checked { estimators, pointer, faults in
      if estimators.contains(.if) {
        faults.add(
          "must be \(FieldReader.words(names, joinedBy: "or")): \"if\" moves every parameter", at: pointer)
      }
    }
  }()

  public mutating func resolve(_ catalog: any Catalog, _ faults: RequestFaults) throws {
    let model = try target.resolve(catalog, faults)
    dataset = model.dataset
    let set = try catalog.usableDataset(dataset, at: .root.appending("model"), faults)
    group.check(set, at: .root, faults)
    if faults.isEmpty { group.checkPresent(in: try catalog.editedData(of: model), at: .root, faults) }
    if let layout = model.network(for: set, faults)?.layout {
      let named = layout.parameters(parameters, at: .root.appending("parameters"), faults)
      if named.count > Self.mostParameters {
        faults.add(
          "must name at most \(Self.mostParameters) parameters, got \(named.count)",
          at: .root.appending("parameters"))
      }
    }
    if curvature.solver.name == .lissa {
      faults.add(
        "cannot be \"lissa\": its answer is random; use lsmr or direct", at: .root.appending("solver"))
    }
  }

  public var uses: JobUses { target.uses(dataset) }
}

// MARK: - Estimate

extension TrajectoryRequest {
  public func estimate(_ catalog: any Catalog, _ machine: Machine) throws -> JobEstimate? {
    var work = try Work(target, catalog, machine)
    let steps = max(1, min(Double(Self.mostSteps), work.count(of: group) / Double(max(1, step))))
    let free = Double(
      parameters.reduce(0) { sum, choice in
        if case .tensor(_, let indices) = choice { sum + indices.count } else { sum + 1 }
      })
    let curvature = work.linearize(work.drawn(self.curvature.samples), matrix: self.curvature.matrix)
    // The optimum is found by Newton steps on the free parameters.
    _ = work.linearize(work.drawn(self.curvature.samples), matrix: self.curvature.matrix)
    work.multiply(curvature, times: steps * min(free, 1000) * 2)
    work.apart(times: steps * Double(max(1, estimators.count) * max(1, modes.count))) {
      $0.solve(self.curvature.solver, curvature, productsAStep: 2, columns: free)
    }
    work.hold(8 * 4 * free * free + steps * free * 8 * 10)
    work.leave(steps * free * 8 * Double(max(1, estimators.count) * max(1, modes.count) + 1))
    return work.estimate
  }
}
