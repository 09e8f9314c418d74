import Influence
import JSON

/// The outcome of an attack on one test point; also its resume state.
struct AttackOutcome {
  /// The test point under some weights.
  struct Reading: Equatable {
    var loss: Double
    var predicted: Int
  }

  /// A changed training point.
  struct Point: Equatable {
    var index: Int
    /// The inputs as the network sees them, channels-last.
    var inputs: [Double]
    /// The largest change of a value, before standardisation.
    var largestMove: Double
    /// 2-norm of the change, before standardisation.
    var norm: Double
  }

  /// The reading of the model after further training to its minimum, on the unchanged samples.
  let before: Reading
  private(set) var after: Reading
  var iterations = 0
  var points: [Point] = []
  /// Loss of the test point after every iteration.
  private(set) var losses: [Double] = []
  /// The gradient norm of the last retraining.
  private(set) var gradientNorm = 0.0
  /// Whether every solve and retraining met its tolerance.
  var isConverged = true
  /// The largest true relative residual of the solves.
  private(set) var relativeResidual = 0.0
  /// δ of the last solve.
  private(set) var damping = 0.0

  init(before: Reading) {
    self.before = before
    after = before
  }

  /// Whether the predicted class has changed.
  var isFlipped: Bool { after.predicted != before.predicted }

  /// Records a solve whose signs the attack follows.
  /// - Throws: `JobFailure.notConverged` if the solve is worse than demanded.
  mutating func note(_ solve: SolveReport, demand: ConvergenceDemand) throws {
    try demand.check([solve], "test point")
    relativeResidual = max(relativeResidual, solve.relativeResidual)
    damping = solve.damping
    isConverged = isConverged && solve.converged
  }

  /// Whether every solve was good enough for its signs.
  var isReliable: Bool { ConvergenceDemand.isReliable(relativeResidual) }

  mutating func note(_ reading: Reading, _ retraining: MinimizationReport) {
    after = reading
    losses.append(reading.loss)
    gradientNorm = retraining.gradientNorm
    isConverged = isConverged && retraining.converged
  }

  mutating func finish(_ reading: Reading, _ retraining: MinimizationReport) {
    after = reading
    gradientNorm = retraining.gradientNorm
    isConverged = isConverged && retraining.converged
  }

  /// The members of a row of `tests`.
  var summary: JSONObject {
    [
      "control": ["predicted": JSONValue(before.predicted), "loss": .number(before.loss)],
      "flipped": .bool(isFlipped), "iterations": JSONValue(iterations),
      "predicted_after": JSONValue(after.predicted), "loss_after": .number(after.loss),
      "losses": JSONValue(losses), "gradient_norm": .number(gradientNorm), "converged": .bool(isConverged),
      "reliable": .bool(isReliable), "relative_residual": .number(relativeResidual),
      "points": .array(
        points.map {
          ["index": JSONValue($0.index), "largest_change": .number($0.largestMove), "norm": .number($0.norm)]
        }),
    ]
  }
}

extension AttackOutcome {
  var json: JSONValue {
    [
      "before": [.number(before.loss), JSONValue(before.predicted)],
      "after": [.number(after.loss), JSONValue(after.predicted)], "iterations": JSONValue(iterations),
      "losses": JSONValue(losses), "gradient_norm": .number(gradientNorm), "converged": .bool(isConverged),
      "relative_residual": .number(relativeResidual), "damping": .number(damping),
      "points": .array(
        points.map {
          [
            "index": JSONValue($0.index), "inputs": JSONValue($0.inputs), "largest": .number($0.largestMove),
            "norm": .number($0.norm),
          ]
        }),
    ]
  }

  /// The outcomes that `json` wrote; an empty list if there are no bytes.
  /// - Throws: `JobFailure.corrupt`.
  static func read(_ bytes: [UInt8]?) throws -> [AttackOutcome] {
    guard let bytes else { return [] }
    guard let list = (try? JSONParser.parse(bytes))?.arrayValue else { throw corrupt }
    return try list.map(AttackOutcome.init(json:))
  }

  private static var corrupt: JobFailure {
    JobFailure(.corrupt, "The saved state of the attack is not what was saved.")
  }

  private init(json: JSONValue) throws {
    func reading(_ name: String) throws -> Reading {
      guard let pair = json[name]?.arrayValue, pair.count == 2, let loss = pair[0].doubleValue,
        let predicted = pair[1].integerValue
      else { throw Self.corrupt }
      return Reading(loss: loss, predicted: predicted)
    }
    guard let iterations = json["iterations"]?.integerValue, let losses = json["losses"]?.arrayValue,
      let gradientNorm = json["gradient_norm"]?.doubleValue, let converged = json["converged"]?.boolValue,
      let residual = json["relative_residual"]?.doubleValue, let damping = json["damping"]?.doubleValue,
      let points = json["points"]?.arrayValue
    else { throw Self.corrupt }
    before = try reading("before")
    after = try reading("after")
    self.iterations = iterations
    self.losses = losses.compactMap(\.doubleValue)
    self.gradientNorm = gradientNorm
    isConverged = converged
    relativeResidual = residual
    self.damping = damping
    self.points = try points.map { point in
      guard let index = point["index"]?.integerValue, let inputs = point["inputs"]?.arrayValue,
        let largest = point["largest"]?.doubleValue, let norm = point["norm"]?.doubleValue
      else { throw Self.corrupt }
      return Point(index: index, inputs: inputs.compactMap(\.doubleValue), largestMove: largest, norm: norm)
    }
  }
}
