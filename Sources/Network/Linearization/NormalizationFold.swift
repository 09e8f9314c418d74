import Tensor

/// Batch normalization with fixed statistics as part of the convolution before it: with s = γ/σ, γ(Wx + b −
/// μ)/σ + β is W′x + b′ for W′ = sW, b′ = s(b − μ) + β. The folded network runs on φ(θ), a vector of θ's
/// length with W′ at the place of W and b′ at that of β. The places of b and γ are unused.
///
/// - Along v: φ̇ = φ′(θ)v, with ṡ = v_γ/σ: Ẇ′ = sV + ṡW, ḃ′ = ṡ(b − μ) + s v_b + v_β.
/// - Back: φ′(θ)ᵀg: ∂W = sG, ∂b = s g, ∂γ = (⟨W, G⟩ + (b − μ)g)/σ, ∂β = g for G, g = ∂L/∂(W′, b′).
/// - The derivative of `back` along v, if G, g change by Ġ, ġ: d∂W = sĠ + ṡG, d∂b = sġ + ṡg, d∂γ = (⟨V, G⟩ +
///   ⟨W, Ġ⟩ + v_b g + (b − μ)ġ)/σ, d∂β = ġ.
struct NormalizationFold: Sendable, Equatable {
  /// Offset of the convolution's weights: `neurons` rows of `fanIn`.
  let weights: Int
  /// Offset of its biases, if it has any.
  let bias: Int?
  let neurons: Int
  let fanIn: Int
  /// Offset of γ in θ; β, and in φ b′, follows.
  let scale: Int
  /// Offsets of the running means and variances in the statistics.
  let mean: Int
  let variance: Int
  /// Added to the variances.
  let epsilon: Double

  /// Offset of β in θ and of b′ in φ.
  var shift: Int { scale + neurons }

  /// The numbers that a channel's folding depends on: 1/σ, s, b − μ.
  private func coefficients<Element: Scalar>(
    _ c: Int, _ theta: UnsafePointer<Element>, _ running: UnsafePointer<Element>
  ) -> (inverse: Element, scale: Element, shift: Element) {
    let inverse = 1 / (running[variance + c] + Element(epsilon)).squareRoot()
    return (inverse, theta[scale + c] * inverse, (bias.map { theta[$0 + c] } ?? 0) - running[mean + c])
  }

  /// Row c of W′ into `row`, and b′ of the channel.
  func fold<Element: Scalar>(
    _ c: Int, _ theta: UnsafePointer<Element>, running: UnsafePointer<Element>,
    row: UnsafeMutablePointer<Element>
  ) -> Element {
    let (_, s, shifted) = coefficients(c, theta, running)
    row.update(from: theta + weights + c * fanIn, count: fanIn)
    Element.scale(s, row, fanIn)
    return s * shifted + theta[shift + c]
  }

  /// Row c of Ẇ′ into `row`, and ḃ′ of the channel.
  func foldDirection<Element: Scalar>(
    _ c: Int, _ v: UnsafePointer<Element>, at theta: UnsafePointer<Element>, running: UnsafePointer<Element>,
    row: UnsafeMutablePointer<Element>
  ) -> Element {
    let (inverse, s, shifted) = coefficients(c, theta, running)
    let turn = v[scale + c] * inverse
    row.update(from: v + weights + c * fanIn, count: fanIn)
    Element.scale(s, row, fanIn)
    if turn != 0 { Element.axpy(turn, theta + weights + c * fanIn, row, fanIn) }
    return turn * shifted + s * (bias.map { v[$0 + c] } ?? 0) + v[shift + c]
  }

  /// φ′(θ)ᵀg of a channel.
  /// - Parameters:
  ///   - row: the channel's row of G.
  ///   - g: of φ's length; its biases are read.
  ///   - curved: v and the primal g, if g is a derivative along v and the curvature of φ is part of the
  ///     result. nil for the map alone.
  func pullBack<Element: Scalar>(
    _ c: Int, row: UnsafePointer<Element>, _ g: UnsafePointer<Element>, at theta: UnsafePointer<Element>,
    running: UnsafePointer<Element>, curved: (v: UnsafePointer<Element>, primal: UnsafePointer<Element>)?,
    into result: UnsafeMutablePointer<Element>
  ) {
    let (inverse, s, shifted) = coefficients(c, theta, running)
    let start = weights + c * fanIn
    let target = result + start
    target.update(from: row, count: fanIn)
    Element.scale(s, target, fanIn)
    var gamma = Element.dot(theta + start, row, fanIn) + Double(shifted * g[shift + c])
    var offset = s * g[shift + c]
    if let curved {
      let turn = curved.v[scale + c] * inverse
      let primal = curved.primal[shift + c]
      if turn != 0 { Element.axpy(turn, curved.primal + start, target, fanIn) }
      gamma += Element.dot(curved.v + start, curved.primal + start, fanIn)
      if let bias { gamma += Double(curved.v[bias + c] * primal) }
      offset += turn * primal
    }
    result[scale + c] = Element(gamma * Double(inverse))
    result[shift + c] = g[shift + c]
    if let bias { result[bias + c] = offset }
  }
}
