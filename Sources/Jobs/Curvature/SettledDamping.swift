import Influence
import JSON
import Network
import Tensor

/// δ as a job used it, and the rule that gave it.
struct SettledDamping: Sendable, Equatable {
  enum Rule: String, Sendable, CaseIterable {
    /// The request names δ.
    case given
    /// A descent of summed rate T answers a change of the risk about as (H + I/T)⁻¹ does (Bae et al. 2024, "SOURCE").
    case trainingTime = "1/T"
    /// θ̂ minimises the risk: T is infinite, so δ is 0, or without weight decay as small as rounding allows.
    case minimum
    /// The training is not known, or has no common rate: a share of the largest eigenvalue.
    case largestEigenvalue = "largest_eigenvalue"
  }

  let value: Double
  let rule: Rule
  /// T.
  var time: Double?
  /// σ, where the rule needed it.
  var largestEigenvalue: Double?

  /// The share of σ that stands for an unknown training: 1/T of networks trained here is about that.
  static let eigenvalueShare = 1e-3

  /// The share of σ that keeps a singular matrix solvable at a minimum without weight decay. Of a model that is linear in its
  /// parameters it is far below what changes a score; another one has no exact answer to lose.
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

/// How long the trainings were that led to some weights, as damping counts it.
enum TrainedTime: Sendable, Equatable {
  /// Uploaded, or as they were initialised.
  case none
  /// By an optimizer whose steps have no common rate.
  case unknown
  /// By a minimiser.
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
  /// - Parameter samples: how many are trained on.
  func time(samples: Int) -> TrainedTime {
    switch self {
    case .descent(let options): options.summedRate(samples: samples).map(TrainedTime.finite) ?? .unknown
    case .minimization: .endless
    }
  }
}

extension LoadedModel {
  /// The most checkpoints that a chain of trainings is followed through.
  private static var mostParents: Int { 1000 }

  /// T over the chain of trainings that led to a checkpoint. Edits in between have no length; what came before uploaded
  /// weights is not known and left out.
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

  /// Whether outputs are linear in the parameters: then Gauss–Newton is the Hessian, and convex losses make a convex risk.
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
