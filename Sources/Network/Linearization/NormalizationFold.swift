import Tensor

/// Batch normalization with fixed statistics, written into the convolution before it: γ(Wx + b − μ)/σ + β is
/// W′x + b′ with s = γ/σ, W′ = sW and b′ = s(b − μ) + β, a row a channel.
///
/// The folded network runs on φ(θ), a vector of θ's length: W′ lies where W does, b′ where β does, and nothing where b and γ
/// do. As φ is bilinear, products with the Hessian of L(φ(θ)) cost one with that of L(φ) and vectors of φ's length:
///
/// - along v: φ̇ = φ′(θ)v, with ṡ = v_γ/σ: Ẇ′ = sV + ṡW, ḃ′ = ṡ(b − μ) + s v_b + v_β.
/// - back: φ′(θ)ᵀg: ∂W = sG, ∂b = s g, ∂γ = (⟨W, G⟩ + (b − μ)g)/σ, ∂β = g for G, g = ∂L/∂(W′, b′).
/// - the derivative of that along v, where G, g change by Ġ, ġ: sĠ + ṡG; sġ + ṡg; (⟨V, G⟩ + ⟨W, Ġ⟩ + v_b g + (b − μ)ġ)/σ; ġ.
struct NormalizationFold: Sendable, Equatable {
  /// Offset of the convolution's weights: `neurons` rows of `fanIn`.
  let weights: Int
  /// Offset of its biases, if it has any.
  let bias: Int?
  let neurons: Int
  let fanIn: Int
  /// Offset of γ in θ; β follows.
  let scale: Int
  /// Offset of μ in the statistics; the variances follow.
  let statistics: Int

  /// Everything that lies in θ: nothing else may touch these places.
  var ranges: [Range<Int>] {
    [weights..<weights + neurons * fanIn, scale..<scale + 2 * neurons]
      + (bias.map { [$0..<$0 + neurons] } ?? [])
  }

  /// What a channel's folding depends on.
  private struct Channel<Element: Scalar> {
    /// 1/σ, s, b − μ.
    let inverse, scale, shift: Element
  }

  private func channel<Element: Scalar>(
    _ c: Int, _ theta: UnsafePointer<Element>, _ running: UnsafePointer<Element>
  ) -> Channel<Element> {
    let epsilon = Element(BatchNormalization<Element>.epsilon)
    let inverse = 1 / (running[statistics + neurons + c] + epsilon).squareRoot()
    return Channel(
      inverse: inverse, scale: theta[scale + c] * inverse,
      shift: (bias.map { theta[$0 + c] } ?? 0) - running[statistics + c])
  }

  /// W′ of some channels into `target` (a row a channel), and their b′ into φ.
  func fold<Element: Scalar>(
    _ rows: Range<Int>, _ theta: UnsafePointer<Element>, running: UnsafePointer<Element>,
    weights target: UnsafeMutablePointer<Element>, into phi: UnsafeMutablePointer<Element>
  ) {
    for c in rows {
      let channel = channel(c, theta, running)
      let row = target + (c - rows.lowerBound) * fanIn
      row.update(from: theta + weights + c * fanIn, count: fanIn)
      Element.scale(channel.scale, row, fanIn)
      phi[scale + neurons + c] = channel.scale * channel.shift + theta[scale + neurons + c]
    }
  }

  /// Ẇ′ of some channels into `target` (a row a channel), and their ḃ′ into φ̇.
  func foldDirection<Element: Scalar>(
    _ rows: Range<Int>, _ v: UnsafePointer<Element>, at theta: UnsafePointer<Element>,
    running: UnsafePointer<Element>, weights target: UnsafeMutablePointer<Element>,
    into direction: UnsafeMutablePointer<Element>
  ) {
    for c in rows {
      let channel = channel(c, theta, running)
      let turn = v[scale + c] * channel.inverse
      let row = target + (c - rows.lowerBound) * fanIn
      row.update(from: v + weights + c * fanIn, count: fanIn)
      Element.scale(channel.scale, row, fanIn)
      if turn != 0 { Element.axpy(turn, theta + weights + c * fanIn, row, fanIn) }
      direction[scale + neurons + c] =
        turn * channel.shift + channel.scale * (bias.map { v[$0 + c] } ?? 0) + v[scale + neurons + c]
    }
  }

  /// φ′(θ)ᵀg of some channels.
  /// - Parameter curved: v and the primal g, where g here is its derivative along v and the curvature of φ belongs to
  ///   the result; nil for the map alone.
  func pullBack<Element: Scalar>(
    _ rows: Range<Int>, _ g: UnsafePointer<Element>, at theta: UnsafePointer<Element>,
    running: UnsafePointer<Element>, curved: (v: UnsafePointer<Element>, primal: UnsafePointer<Element>)?,
    into result: UnsafeMutablePointer<Element>
  ) {
    for c in rows {
      let channel = channel(c, theta, running)
      let start = weights + c * fanIn
      let shifted = g[scale + neurons + c]
      var gamma = Element.dot(theta + start, g + start, fanIn) + Double(channel.shift * shifted)
      var bias = channel.scale * shifted
      let row = result + start
      row.update(from: g + start, count: fanIn)
      Element.scale(channel.scale, row, fanIn)
      if let curved {
        let turn = curved.v[scale + c] * channel.inverse
        if turn != 0 { Element.axpy(turn, curved.primal + start, row, fanIn) }
        let primal = curved.primal[scale + neurons + c]
        gamma += Element.dot(curved.v + start, curved.primal + start, fanIn)
        if let place = self.bias { gamma += Double(curved.v[place + c] * primal) }
        bias += turn * primal
      }
      result[scale + c] = Element(gamma * Double(channel.inverse))
      result[scale + neurons + c] = shifted
      if let place = self.bias { result[place + c] = bias }
    }
  }
}
