import JSON
import Tensor

/// What leaving training samples out does to a loss, to first order.
///
/// Where the risk (1/n)·Σℓ(z) + λ/2·‖θ‖² has its minimum θ̂, that of the n − m samples that remain, whose weight decay is the
/// same, has the gradient −(Σ∇ℓ(z) + mλθ̂)/(n − m), the sum over the m samples left out. A Newton step with the curvature of
/// all samples changes the loss of factor s = (H + δI)⁻¹∇ℓ_test by (Σsᵀ∇ℓ(z) + mλ·sᵀθ̂)/(n − m). Koh and Liang (2017, §2.1)
/// have the same for m = 1, with the weight decay as part of ℓ and over n.
struct FirstOrderRemoval: Sendable {
  /// n.
  private let samples: Int
  /// λ·sᵀθ̂.
  private let decay: Double

  init<Element: Scalar>(samples: Int, factor: [Element], parameters: [Element], weightDecay: Double) {
    self.samples = samples
    decay = weightDecay == 0 ? 0 : weightDecay * factor.dot(parameters)
  }

  /// What a score of one sample means: scale · score + offset is the change of the loss if that sample is left out. Nil if
  /// nothing would remain.
  var effect: SampleEffect? {
    guard samples > 1 else { return nil }
    let scale = 1 / Double(samples - 1)
    return SampleEffect(scale: scale, offset: decay * scale)
  }

  /// The change of the loss; nil if nothing would remain.
  ///
  /// - Parameters:
  ///   - count: m.
  ///   - sum: of the samples' scores sᵀ∇ℓ(z).
  func change(removing count: Int, scores sum: Double) -> Double? {
    guard count < samples else { return nil }
    return (sum + Double(count) * decay) / Double(samples - count)
  }
}

/// The change of a loss that a score stands for, as a function of the score.
struct SampleEffect: Sendable, Equatable {
  let scale: Double
  /// Of the weight decay, whose share in the risk of one sample less is larger.
  let offset: Double

  func callAsFunction(_ score: Double) -> Double { scale * score + offset }

  /// The member `effect` of a result: `effect = scale · scores.npy + offset`.
  var json: JSONValue { ["scale": .number(scale), "offset": .number(offset)] }
}
