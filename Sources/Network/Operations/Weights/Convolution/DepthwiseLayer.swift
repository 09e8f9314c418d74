import Tensor

/// A convolution with a kernel of its own for every channel: y[p, c] = Σ w[c, tap]·x[source(p, tap), c] + b[c].
///
/// With * for the sum over taps and *ᵀ for its transpose, channel by channel:
/// - backward: ∂x = w *ᵀ ∂y, ∂w[tap] = Σ ∂y·x at the sources, ∂b = Σ ∂y.
/// - tangentForward: ẏ = w * ẋ + v * x + v_b.
/// - tangentBackward: ∂ẋ = w *ᵀ ∂ẏ + v *ᵀ ∂y, product w: Σ ∂ẏ·x + ∂y·ẋ, product b: Σ ∂ẏ.
///
/// The kernels read weights as tap × channel, so that channels are vectors. Each pass transposes them first.
struct DepthwiseLayer<Element: Scalar>: Layer, PictureBody {
  let taps: Taps
  let channels: Int
  /// Offset of w in the parameters: channel × tap.
  let weights: Int
  /// Offset of b, if there is one.
  let bias: Int?

  var input: Shape { taps.source(channels: channels) }
  var output: Shape { taps.target(channels: channels) }
  private var weightCount: Int { taps.count * channels }

  /// The transposed weights of θ and the direction, and a transposed gradient.
  func scratchCount(capacity: Int) -> Int { 3 * weightCount }

  private func rows(_ pass: Pass<Element>) -> Int { pass.count * taps.targets }

  /// The weights of θ, or of the direction, as tap × channel.
  private func transposed(
    _ pass: Pass<Element>, _ vector: UnsafePointer<Element>, direction: Bool = false
  ) -> UnsafePointer<Element> {
    let target = pass.scratch + (direction ? weightCount : 0)
    Element.transpose(vector + weights, target, channels, taps.count)
    return UnsafePointer(target)
  }

  /// gradient ← gradient + Σ ∂y·x over pairs x, ∂y.
  private func addWeightGradient(
    _ pass: Pass<Element>, _ terms: [(x: UnsafePointer<Element>, dy: UnsafePointer<Element>)],
    _ gradient: UnsafeMutablePointer<Element>
  ) {
    let sum = pass.scratch + 2 * weightCount
    sum.clear(weightCount)
    for term in terms {
      taps.depthwiseWeights(term.x, dy: term.dy, sum, channels: channels, samples: pass.count)
    }
    Element.transpose(sum, gradient + weights, taps.count, channels, accumulates: true)
  }

  func forward(_ pass: Pass<Element>, x: UnsafePointer<Element>, y: UnsafeMutablePointer<Element>) {
    taps.depthwise(
      [(x, transposed(pass, pass.parameters))], bias: bias.map { pass.parameters + $0 }, y,
      channels: channels, samples: pass.count)
    pass.observer?(weights, y, rows(pass))
  }

  func backward(
    _ pass: Pass<Element>, x: UnsafePointer<Element>, dy: UnsafePointer<Element>,
    dx: UnsafeMutablePointer<Element>?, gradient: UnsafeMutablePointer<Element>
  ) {
    pass.observer?(weights, dy, rows(pass))
    if let bias { Element.sumRows(dy, gradient + bias, rows(pass), channels) }
    addWeightGradient(pass, [(x, dy)], gradient)
    guard let dx else { return }
    taps.adjoint.depthwise(
      [(dy, transposed(pass, pass.parameters))], dx, channels: channels, samples: pass.count)
  }

  func tangentForward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: UnsafePointer<Element>,
    tx: UnsafePointer<Element>?, ty: UnsafeMutablePointer<Element>
  ) {
    var terms = [(x, transposed(pass, v, direction: true))]
    if let tx { terms.append((tx, transposed(pass, pass.parameters))) }
    taps.depthwise(terms, bias: bias.map { v + $0 }, ty, channels: channels, samples: pass.count)
  }

  func tangentBackward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: UnsafePointer<Element>,
    tx: UnsafePointer<Element>?, dy: UnsafePointer<Element>, tdy: UnsafePointer<Element>,
    tdx: UnsafeMutablePointer<Element>?, product: UnsafeMutablePointer<Element>?
  ) {
    if let product {
      if let bias { Element.sumRows(tdy, product + bias, rows(pass), channels) }
      addWeightGradient(pass, [(x, tdy)] + (tx.map { [($0, dy)] } ?? []), product)
    }
    guard let tdx else { return }
    let terms = [
      (tdy, transposed(pass, pass.parameters)), (dy, transposed(pass, v, direction: true)),
    ]
    taps.adjoint.depthwise(terms, tdx, channels: channels, samples: pass.count)
  }
}
