import Tensor

/// A change of the training data, as the gradient g and the factor of its update: Δ_J = factor · x, with x
/// the solution for g.
public struct GroupChange<Element: Scalar>: Sendable {
  /// g, of θ's length.
  public let gradient: [Element]
  public let factor: Double

  /// The removal of m of n samples, with θ̂ taken for a minimum: g = ḡ_U + λθ̂ and factor r/(1−r), r = m/n.
  /// For ridge regression with the curvature of the remaining risk, the result is exactly that of a new
  /// training.
  /// - Parameter groupGradient: ḡ_U, the mean gradient over the group, without weight decay.
  @specialized(where Element == Float)
  @specialized(where Element == Double)
  public init(
    removing m: Int, of n: Int, groupGradient: [Element], parameters: [Element], weightDecay: Double
  ) {
    precondition(m > 0 && m < n, "A removal takes some samples and leaves some.")
    var gradient = groupGradient
    if weightDecay != 0 { gradient.add(Element(weightDecay), times: parameters) }
    self.gradient = gradient
    let share = Double(m) / Double(n)
    factor = share / (1 - share)
  }

  /// A Newton step on the risk that remains, without the assumption that θ̂ is a minimum: g =
  /// −∇R_remaining(θ̂), factor 1. It equals the removal if θ̂ is a minimum of the whole risk.
  /// - Parameter remainingGradient: ∇L over the remaining samples, without weight decay.
  @specialized(where Element == Float)
  @specialized(where Element == Double)
  public init(newtonOn remainingGradient: [Element], parameters: [Element], weightDecay: Double) {
    var gradient = remainingGradient
    if weightDecay != 0 { gradient.add(Element(weightDecay), times: parameters) }
    gradient.scale(-1)
    self.gradient = gradient
    factor = 1
  }

  /// The exchange of m of n samples for corrected ones: g = ḡ_bad − ḡ_true, factor r = m/n; weight decay
  /// cancels.
  @specialized(where Element == Float)
  @specialized(where Element == Double)
  public init(exchanging m: Int, of n: Int, badGradient: [Element], trueGradient: [Element]) {
    precondition(m > 0 && m <= n, "An exchange takes some of the samples.")
    var gradient = trueGradient
    gradient.scale(-1, adding: badGradient)
    self.gradient = gradient
    factor = Double(m) / Double(n)
  }
}
