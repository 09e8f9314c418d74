import JSON
import Tensor

/// The first-order change of a loss if m of n training samples are left out.
///
/// - Risk: (1/n)·Σℓ(z) + λ/2·‖θ‖², with its minimum at θ̂. λ is the same for the remaining samples.
/// - Gradient of the remaining risk at θ̂: −(Σ∇ℓ(z) + mλθ̂)/(n − m), summed over the m samples.
/// - Change by a Newton step with the curvature of all samples: (Σsᵀ∇ℓ(z) + mλ·sᵀθ̂)/(n − m), with the factor
///   s = (H + δI)⁻¹∇ℓ_test.
///
/// Koh and Liang (2017, §2.1) have m = 1, the weight decay as part of ℓ, and a division by n.
struct FirstOrderRemoval: Sendable {
  /// n.
  private let samples: Int
  /// λ·sᵀθ̂.
  private let decay: Double

  init<Element: Scalar>(samples: Int, factor: [Element], parameters: [Element], weightDecay: Double) {
    self.samples = samples
    decay = weightDecay == 0 ? 0 : weightDecay * factor.dot(parameters)
  }

  /// The meaning of the score of one sample. Leaving the sample out changes the loss by scale · score +
  /// offset. Nil if no sample would remain.
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
  /// The part of the weight decay, whose share grows in the risk of n − 1 samples.
  let offset: Double

  func callAsFunction(_ score: Double) -> Double { scale * score + offset }

  /// The member `effect` of a result: `effect = scale · scores.npy + offset`.
  var json: JSONValue { ["scale": .number(scale), "offset": .number(offset)] }
}
