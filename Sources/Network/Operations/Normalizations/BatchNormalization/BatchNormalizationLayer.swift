import Tensor

/// Batch normalization (Ioffe and Szegedy 2015): y = γ x̂ + β for each channel, x̂ = (x − μ)/σ.
///
/// Outside training μ and σ are the running statistics, which are constants:
/// - backward: ∂x = (γ/σ)∂y, ∂γ = Σ x̂∂y, ∂β = Σ ∂y.
/// - tangentForward: ẏ = (γ/σ)ẋ + v_γ x̂ + v_β.
/// - tangentBackward: ∂ẋ = (γ/σ)∂ẏ + (v_γ/σ)∂y, product γ: Σ x̂∂ẏ + (ẋ/σ)∂y, product β: Σ ∂ẏ.
///
/// γ may be missing, and is 1 then; β may be missing, and is 0 then.
///
/// In training μ and σ² are the minibatch's mean and biased variance, and
/// ∂x = (γ/σ)(∂y − mean(∂y) − x̂·mean(x̂∂y)).
struct BatchNormalizationLayer<Element: Scalar>: CoupledLayer, PictureBody {
  let options: PlacedBatchNormalization
  var input: Shape { options.input }
  var output: Shape { options.input }
  var coupled: (any CoupledLayer<Element>)? { self }

  var channels: Int { input.channels }
  private func rows(_ pass: Pass<Element>) -> Int { pass.count * input.positions }

  /// The statistics of the present training step's minibatch, the same in every shard's frame.
  final class BatchStatistics: Frame {
    let mean: Buffer<Element>
    let inverse: Buffer<Element>
    init(channels: Int) {
      mean = Buffer(count: channels)
      inverse = Buffer(count: channels)
    }
  }

  func makeFrame(capacity: Int) -> Frame { BatchStatistics(channels: channels) }

  /// Six rows of coefficients.
  func scratchCount(capacity: Int) -> Int { 6 * channels }

  /// Fills `inverse` with 1/σ of the running statistics and returns their means.
  private func running(_ pass: Pass<Element>, _ inverse: UnsafeMutablePointer<Element>) -> UnsafePointer<
    Element
  > {
    let variance = pass.statistics + options.variance
    for c in 0..<channels { inverse[c] = 1 / (variance[c] + Element(options.epsilon)).squareRoot() }
    return pass.statistics + options.mean
  }

  /// γ of a channel.
  func gamma(_ pass: Pass<Element>, _ c: Int) -> Element {
    options.scale.map { pass.parameters[$0 + c] } ?? 1
  }

  private func beta(_ pass: Pass<Element>, _ c: Int) -> Element {
    options.shift.map { pass.parameters[$0 + c] } ?? 0
  }

  /// y ← γ·(x − mean)·inverse + β
  func normalize(
    _ pass: Pass<Element>, mean: UnsafePointer<Element>, inverse: UnsafePointer<Element>,
    _ x: UnsafePointer<Element>, _ y: UnsafeMutablePointer<Element>
  ) {
    let a = pass.scratch + 2 * channels
    let b = pass.scratch + 3 * channels
    for c in 0..<channels {
      a[c] = gamma(pass, c) * inverse[c]
      b[c] = beta(pass, c) - a[c] * mean[c]
    }
    Element.affineRows(x, a, b, y, rows(pass), channels)
  }

  func forward(_ pass: Pass<Element>, x: UnsafePointer<Element>, y: UnsafeMutablePointer<Element>) {
    let mean = running(pass, pass.scratch)
    normalize(pass, mean: mean, inverse: pass.scratch, x, y)
  }

  func backward(
    _ pass: Pass<Element>, x: UnsafePointer<Element>, dy: UnsafePointer<Element>,
    dx: UnsafeMutablePointer<Element>?, gradient: UnsafeMutablePointer<Element>
  ) {
    let inverse = pass.scratch
    let sums = pass.scratch + channels
    let mean = running(pass, inverse)
    if let scale = options.scale {
      sums.clear(channels)
      Element.centredDotRows(x, mean, dy, sums, rows(pass), channels)
      for c in 0..<channels { gradient[scale + c] += sums[c] * inverse[c] }
    }
    if let shift = options.shift { Element.sumRows(dy, gradient + shift, rows(pass), channels) }
    guard let dx else { return }
    let a = pass.scratch + 2 * channels
    let zero = pass.scratch + 3 * channels
    zero.clear(channels)
    for c in 0..<channels { a[c] = gamma(pass, c) * inverse[c] }
    Element.affineRows(dy, a, zero, dx, rows(pass), channels)
  }

  func tangentForward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: UnsafePointer<Element>,
    tx: UnsafePointer<Element>?, ty: UnsafeMutablePointer<Element>
  ) {
    let inverse = pass.scratch
    let mean = running(pass, inverse)
    let a = pass.scratch + 2 * channels
    let b = pass.scratch + 3 * channels
    for c in 0..<channels {
      a[c] = (options.scale.map { v[$0 + c] } ?? 0) * inverse[c]
      b[c] = (options.shift.map { v[$0 + c] } ?? 0) - a[c] * mean[c]
    }
    Element.affineRows(x, a, b, ty, rows(pass), channels)
    guard let tx else { return }
    for c in 0..<channels {
      a[c] = gamma(pass, c) * inverse[c]
      b[c] = 0
    }
    Element.affineRowsAdd(tx, a, b, ty, rows(pass), channels)
  }

  func tangentBackward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: UnsafePointer<Element>,
    tx: UnsafePointer<Element>?, dy: UnsafePointer<Element>, tdy: UnsafePointer<Element>,
    tdx: UnsafeMutablePointer<Element>?, product: UnsafeMutablePointer<Element>?
  ) {
    let inverse = pass.scratch
    let sums = pass.scratch + channels
    let a = pass.scratch + 2 * channels
    let zero = pass.scratch + 3 * channels
    let mean = running(pass, inverse)
    zero.clear(channels)
    if let product {
      if let scale = options.scale {
        sums.clear(channels)
        Element.centredDotRows(x, mean, tdy, sums, rows(pass), channels)
        if let tx { Element.centredDotRows(tx, zero, dy, sums, rows(pass), channels) }
        for c in 0..<channels { product[scale + c] += sums[c] * inverse[c] }
      }
      if let shift = options.shift { Element.sumRows(tdy, product + shift, rows(pass), channels) }
    }
    guard let tdx else { return }
    for c in 0..<channels { a[c] = gamma(pass, c) * inverse[c] }
    Element.affineRows(tdy, a, zero, tdx, rows(pass), channels)
    guard let scale = options.scale else { return }
    for c in 0..<channels { a[c] = v[scale + c] * inverse[c] }
    Element.affineRowsAdd(dy, a, zero, tdx, rows(pass), channels)
  }
}
