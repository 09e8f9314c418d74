import Influence
import JSON
import Network
import Tensor

/// Measures how well influence predicts the effect of training without a sample.
struct ValidateRun: PreciseRun {
  let request: ValidateRequest
  let environment: JobEnvironment

  var target: ModelReference { request.target }

  func run<Element: Scalar>(
    _ model: LoadedModel<Element>, _ context: any JobContext, _ compute: Compute
  ) throws -> JSONValue {
    let (checkpoint, state) = try model.checkpoint(of: request.target, environment.catalog)
    let result: JSONObject
    if request.precision == .float64, Element.precision == .float32 {
      result = try validate(Precision.float64.scalar, model, state, context, compute)
    } else {
      result = try validate(model, state, context, compute)
    }
    var whole: JSONObject = (["checkpoint": .string(checkpoint)] as JSONObject).merging(result)
    try CheckpointCaution(
      checkpoint, state, model, training: model.partition().training, environment.catalog, compute
    ).add(to: &whole)
    return .object(whole)
  }

  /// The same in another precision.
  private func validate<Element: Scalar, Other: Scalar>(
    _: Other.Type, _ model: LoadedModel<Element>, _ state: NetworkState<Element>, _ context: any JobContext,
    _ compute: Compute
  ) throws -> JSONObject {
    try validate(
      LoadedModel<Other>(model.record, environment.catalog), NetworkState<Other>(state), context, compute)
  }

  private func validate<Element: Scalar>(
    _ model: LoadedModel<Element>, _ state: NetworkState<Element>, _ context: any JobContext,
    _ compute: Compute
  ) throws -> JSONObject {
    let outcome = try Validation(
      model: model, state: state, plan: request.plan, seed: request.seed, demand: request.convergence,
      environment: environment, context: context, compute: compute, share: 0...0.99
    ).run()
    if request.convergence == .tolerance, !outcome.isConverged {
      throw JobFailure(
        .notConverged,
        outcome.json["warnings"]?.arrayValue?.compactMap(\.stringValue).joined(separator: " ") ?? "",
        advice: "Allow more iterations, a larger tolerance or damping.")
    }
    try outcome.writeArtifacts(context)
    return (["precision": .string(Element.precision.rawValue)] as JSONObject).merging(outcome.json)
  }
}

extension ValidationOutcome {
  /// Writes `train.npy`, `estimated.npy` and `retrained.npy` [test, candidate]. For groups also writes
  /// `group_estimates.npy` [estimate, test, group], in the order first, second, newton, and
  /// `group_retrained.npy` [test, group].
  ///
  /// - Parameter prefix: stands before the names of the files.
  func writeArtifacts(_ context: any JobContext, prefix: String = "") throws {
    func write<Number: BitwiseCopyable>(
      _ name: String, _ type: ArtifactElement, _ shape: [Int], _ values: [Number]
    ) throws {
      try context.writeArtifact(prefix + name, type: type, shape: shape) { sink in
        try values.withUnsafeBytes { try sink($0) }
      }
    }
    if let count = tests.first?.pairs.count, count > 0 {
      let shape = [tests.count, count]
      try write("train.npy", .int64, shape, tests.flatMap { $0.pairs.map { Int64($0.train) } })
      try write("estimated.npy", .float64, shape, tests.flatMap { $0.pairs.map(\.estimated) })
      try write("retrained.npy", .float64, shape, tests.flatMap { $0.pairs.map(\.retrained) })
    }
    if !groups.isEmpty {
      let orders: [(Group) -> [Double]?] = [
        { $0.changes.first }, { $0.changes.second }, { $0.changes.newton },
      ]
      let known = orders.prefix(plan.newton ? 3 : 2)
      try write(
        "group_estimates.npy", .float64, [known.count, tests.count, groups.count],
        known.flatMap { order in
          tests.indices.flatMap { test in groups.map { order($0)?[test] ?? .nan } }
        })
      try write(
        "group_retrained.npy", .float64, [tests.count, groups.count],
        tests.indices.flatMap { test in groups.map { $0.retrained[test] } })
    }
  }
}
