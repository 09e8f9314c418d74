import Influence
import JSON
import Network
import Tensor

/// The δ of a job, and the rule that gave it.
struct SettledDamping: Sendable, Equatable {
  enum Rule: String, Sendable, CaseIterable {
    /// The request names δ.
    case given
    /// A descent with the summed rate T responds to a change of the risk about as (H + I/T)⁻¹ does (Bae et
    /// al. 2024, "SOURCE").
    case trainingTime = "1/T"
    /// θ̂ minimises the risk, so T is infinite and δ is 0. Without weight decay δ is as small as rounding
    /// allows.
    case minimum
    /// The training is unknown or has no common rate, so δ is a share of the largest eigenvalue.
    case largestEigenvalue = "largest_eigenvalue"
  }

  let value: Double
  let rule: Rule
  /// T.
  var time: Double?
  /// σ, if the rule needed it.
  var largestEigenvalue: Double?

  /// The share of σ for an unknown training. For networks trained here, 1/T is about this share.
  static let eigenvalueShare = 1e-3

  /// The share of σ that keeps a singular matrix solvable at a minimum without weight decay.
  ///
  /// For a model that is linear in its parameters, the share is too small to change a score. Other models
  /// have no exact answer to lose.
  static func minimumShare<Element: Scalar>(_: Element.Type, isLinear: Bool) -> Double {
    Element.precision == .float64 && isLinear ? 1e-12 : 1e-5
  }

  /// The `damping` of a result's `curvature`.
  var json: JSONValue {
    [
      "value": .number(value), "rule": .string(rule.rawValue), "T": JSONValue(time),
      "largest_eigenvalue": JSONValue(largestEigenvalue),
    ]
  }
}

/// The length of the trainings behind some weights, as damping counts it.
enum TrainedTime: Sendable, Equatable {
  /// Uploaded weights, or initial weights.
  case none
  /// A training by an optimizer whose steps have no common rate.
  case unknown
  /// A training by a minimiser.
  case endless
  /// T, the sum of rate/(1 − momentum) over all steps.
  case finite(Double)

  func followed(by other: TrainedTime) -> TrainedTime {
    switch (self, other) {
    case (.none, _): other
    case (_, .none): self
    case (.unknown, _), (_, .unknown): .unknown
    case (.endless, _), (_, .endless): .endless
    case (.finite(let first), .finite(let second)): .finite(first + second)
    }
  }
}

extension TrainingRecipe.Method {
  /// - Parameter samples: the number of training samples.
  func time(samples: Int) -> TrainedTime {
    switch self {
    case .descent(let options): options.summedRate(samples: samples).map(TrainedTime.finite) ?? .unknown
    case .minimization: .endless
    }
  }
}

extension LoadedModel {
  /// The longest chain of trainings that is followed.
  private static var mostParents: Int { 1000 }

  /// T over the chain of trainings behind a checkpoint. Edits in between have no length. Trainings before an
  /// upload are unknown and left out.
  func trainedTime(_ checkpoint: String, _ catalog: any Catalog) throws -> TrainedTime {
    var time = TrainedTime.none
    var next: String? = checkpoint
    for _ in 0..<Self.mostParents {
      guard let id = next, let record = try catalog.checkpoint(id: id), record.model == self.record.name
      else { break }
      switch record.kind {
      case .initial, .uploaded: return time
      case .edited: break
      case .trained:
        guard let recipe = record.training else { return time }
        let samples = partition(recipe: recipe).training.count
        let own = recipe.method(
          weightDecay: weightDecay, seed: self.record.seed, samples: samples
        ).time(samples: samples)
        time = own.followed(by: time)
      }
      next = record.parent
    }
    return time
  }

  /// Whether outputs are linear in the parameters. Then Gauss–Newton is the Hessian, and convex losses make a
  /// convex risk.
  var isLinear: Bool {
    let rows = network.architecture.rows
    guard let place = rows.firstIndex(where: { $0.parameters > 0 }),
      rows.count(where: { $0.parameters > 0 }) == 1,
      ["linear", "conv2d"].contains(rows[place].type)
    else { return false }
    return rows[(place + 1)...].allSatisfy {
      ["flatten", "avg_pool2d", "adaptive_avg_pool2d"].contains($0.type)
    }
  }
}
