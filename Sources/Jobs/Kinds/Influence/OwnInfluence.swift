import Influence
import JSON
import Tensor

/// Self-influences with their meaning.
struct OwnInfluence: Sendable {
  let values: [Double]
  let status: SelfInfluence.Status
  /// The first-order change of each sample's loss if the model is trained without the sample. Nil if the
  /// model was trained on a single sample.
  let effects: [Double]?
  /// n.
  let samples: Int

  init(_ own: SelfInfluence, effects: [Double]?, samples: Int) {
    (values, status) = (own.values, own.status)
    self.effects = effects
    self.samples = samples
  }

  @specialized(where Element == Float)
  @specialized(where Element == Double)
  func write<Element: Scalar>(to context: any JobContext, _: Element.Type) throws {
    try context.writeArtifact("self_influence.npy", type: Element.artifact, shape: [values.count]) { sink in
      try values.map { Element($0) }.withUnsafeBytes { try sink($0) }
    }
  }

  /// The member of a result: the quality of the values, and the samples with the largest values.
  /// - Parameter row: makes the row of a place from its effect and its value.
  func json(
    top: Int, isReliable: Bool, _ row: (_ place: Int, _ effect: Double?, _ value: Double) -> JSONValue
  ) -> JSONValue {
    var ranking = ScoreRanking(limit: top)
    for (place, value) in values.enumerated() { ranking.add(place, value) }
    let mean = values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
    return [
      "mean": .number(mean), "negative": JSONValue(values.filter { $0 < 0 }.count), "solver": status.json,
      "reliable": .bool(isReliable),
      "largest": .array(ranking.best.map { row($0.place, effects?[$0.place], $0.value) }),
    ]
  }

  /// Ends a job whose values are worse than it demands.
  /// - Throws: `JobFailure.notConverged`.
  func check(_ demand: ConvergenceDemand) throws {
    let isGood =
      switch demand {
      case .none: true
      case .tolerance: status.isExact
      case .reliable: isReliable
      }
    guard !isGood else { return }
    throw JobFailure(
      .notConverged,
      "The self-influence is not good enough: \(status.warnings(of: values.count).joined(separator: " "))",
      advice:
        "Use another solver for it, allow more iterations, or set require_convergence to false to get it marked as "
        + "not reliable.")
  }

  var isReliable: Bool { status.isReliable }
}
