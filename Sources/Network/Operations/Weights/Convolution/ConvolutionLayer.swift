import Tensor

/// A 2-d convolution with zero padding (PyTorch's `Conv2d`). Row r of the im2col matrix C(x) is the window of
/// output position r. W is out × (kernel row, kernel column, channel).
///
/// - forward: y = C(x) Wᵀ + b, one row an output position.
/// - backward: ∂x = Cᵀ(∂y W), ∂W = ∂yᵀC(x), ∂b = Σ ∂y.
/// - tangentForward: ẏ = C(ẋ) Wᵀ + C(x) Vᵀ + v_b.
/// - tangentBackward: ∂ẋ = Cᵀ(∂ẏ W + ∂y V), product W: ∂ẏᵀC(x) + ∂yᵀC(ẋ), product b: Σ ∂ẏ.
///
/// C(x) is formed a block of rows at a time. `Float` has two faster forms, in
/// `ConvolutionLayer+Winograd.swift` and `ConvolutionLayer+Direct.swift`.
struct ConvolutionLayer<Element: Scalar>: NeuronRows {
  let window: Window
  let output: Shape
  /// Offset of W in the parameters.
  let weights: Int
  /// Offset of b, if there is one.
  let bias: Int?
  /// Set if the passes use minimal filtering. All passes but exact ones then read transformed weights.
  let winograd: Winograd<Element>?
  /// Set if the passes need no im2col matrix.
  let direct: DirectConvolution<Element>?

  /// - Parameter transforms: whether the passes may transform the weights.
  init(window: Window, output: Shape, weights: Int, bias: Int?, transforms: Bool = true) {
    self.init(
      window: window, output: output, weights: weights, bias: bias,
      // Minimal filtering rounds a few times more than plain products, so `Double` does not use it.
      winograd: Element.precision == .float32 && transforms
        ? Winograd.best(window, outputChannels: output.channels) : nil,
      direct: window.isPointwise ? nil : DirectConvolution(window: window, outputChannels: output.channels))
  }

  private init(
    window: Window, output: Shape, weights: Int, bias: Int?, winograd: Winograd<Element>?,
    direct: DirectConvolution<Element>?
  ) {
    self.window = window
    self.output = output
    self.weights = weights
    self.bias = bias
    self.winograd = winograd
    self.direct = direct
  }

  var withoutBias: ConvolutionLayer {
    ConvolutionLayer(
      window: window, output: output, weights: weights, bias: nil, winograd: winograd, direct: direct)
  }

  func narrowed(to neurons: Int, bias: Bool) -> ConvolutionLayer {
    ConvolutionLayer(
      window: window, output: Shape(height: output.height, width: output.width, channels: neurons),
      weights: 0, bias: bias ? neurons * fanIn : nil,
      winograd: winograd.flatMap { Winograd(window: window, outputChannels: neurons, tile: $0.tile) },
      direct: winograd == nil
        ? direct.flatMap { _ in DirectConvolution(window: window, outputChannels: neurons) } : nil)
  }

  var input: Shape { window.input }
  private var m: Int { output.channels }
  private var k: Int { window.columns }
  var fanIn: Int { k }

  /// Rows of C(x) that are formed at a time, so that they stay in the cache.
  private var block: Int { max(16, min(1024, (1 << 17) / k)) }

  func scratchCount(capacity: Int) -> Int {
    let plain = window.isPointwise ? 0 : min(block, capacity * window.positions) * k
    return max(winograd?.scratchCount(capacity) ?? 0, direct?.scratchCount(capacity) ?? plain)
  }

  /// Calls `body` with (first row, rows) of each block over the shard.
  private func forEachBlock(_ count: Int, _ body: (Int, Int) -> Void) {
    let total = count * window.positions
    // A pointwise convolution is one product: its im2col matrix is the input.
    let step = window.isPointwise ? total : block
    for first in stride(from: 0, to: total, by: max(step, 1)) { body(first, min(step, total - first)) }
  }

  /// Rows of C(x): x itself if the convolution is pointwise, else formed in scratch.
  private func columns(
    _ pass: Pass<Element>, _ x: UnsafePointer<Element>, _ first: Int, _ rows: Int
  ) -> UnsafePointer<Element> {
    if window.isPointwise { return x + first * k }
    Element.im2col(x, pass.scratch, window, first: first, rows: rows)
    return UnsafePointer(pass.scratch)
  }

  func forward(_ pass: Pass<Element>, x: UnsafePointer<Element>, y: UnsafeMutablePointer<Element>) {
    if let winograd, !pass.isExact { return forward(pass, by: winograd, x: x, y: y) }
    if let direct { return forward(pass, by: direct, x: x, y: y) }
    let w = pass.parameters + weights
    forEachBlock(pass.count) { first, rows in
      let block = y + first * m
      if let bias { Element.broadcastRows(pass.parameters + bias, block, rows, m) }
      Element.gemm(
        false, true, rows, m, k, 1, columns(pass, x, first, rows), k, w, k, bias == nil ? 0 : 1, block, m)
    }
    pass.observer?(weights, y, pass.count * window.positions)
  }

  func backward(
    _ pass: Pass<Element>, x: UnsafePointer<Element>, dy: UnsafePointer<Element>,
    dx: UnsafeMutablePointer<Element>?, gradient: UnsafeMutablePointer<Element>
  ) {
    if let rows = wanted(pass) {
      return backward(pass, wanted: rows, x: x, dy: dy, dx: dx, gradient: gradient)
    }
    if let winograd { return backward(pass, by: winograd, x: x, dy: dy, dx: dx, gradient: gradient) }
    if let direct { return backward(pass, by: direct, x: x, dy: dy, dx: dx, gradient: gradient) }
    let total = pass.count * window.positions
    pass.observer?(weights, dy, total)
    if let bias { Element.sumRows(dy, gradient + bias, total, m) }
    forEachBlock(pass.count) { first, rows in
      Element.gemm(
        true, false, m, k, rows, 1, dy + first * m, m, columns(pass, x, first, rows), k, 1,
        gradient + weights, k)
    }
    if let dx { inputGradient(pass, [(dy, pass.parameters + weights)], dx) }
  }

  func tangentForward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: UnsafePointer<Element>,
    tx: UnsafePointer<Element>?, ty: UnsafeMutablePointer<Element>
  ) {
    if let rows = support(pass) {
      return tangentForward(pass, rows: rows, v: v, x: x, tx: tx, ty: ty)
    }
    if let winograd { return tangentForward(pass, by: winograd, v: v, x: x, tx: tx, ty: ty) }
    if let direct { return tangentForward(pass, by: direct, v: v, x: x, tx: tx, ty: ty) }
    forEachBlock(pass.count) { first, rows in
      let block = ty + first * m
      if let bias { Element.broadcastRows(v + bias, block, rows, m) }
      Element.gemm(
        false, true, rows, m, k, 1, columns(pass, x, first, rows), k, v + weights, k, bias == nil ? 0 : 1,
        block, m)
      if let tx {
        Element.gemm(
          false, true, rows, m, k, 1, columns(pass, tx, first, rows), k, pass.parameters + weights, k, 1,
          block, m)
      }
    }
  }

  func tangentBackward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: UnsafePointer<Element>,
    tx: UnsafePointer<Element>?, dy: UnsafePointer<Element>, tdy: UnsafePointer<Element>,
    tdx: UnsafeMutablePointer<Element>?, product: UnsafeMutablePointer<Element>?
  ) {
    if let winograd {
      return tangentBackward(
        pass, by: winograd, v: v, x: x, tx: tx, dy: dy, tdy: tdy, tdx: tdx, product: product)
    }
    let (support, wanted) = (support(pass), wanted(pass))
    if support != nil || wanted != nil {
      return tangentBackward(
        pass, support: support, wanted: wanted, v: v, x: x, tx: tx, dy: dy, tdy: tdy, tdx: tdx,
        product: product)
    }
    if let direct {
      return tangentBackward(
        pass, by: direct, v: v, x: x, tx: tx, dy: dy, tdy: tdy, tdx: tdx, product: product)
    }
    if let product {
      if let bias { Element.sumRows(tdy, product + bias, pass.count * window.positions, m) }
      forEachBlock(pass.count) { first, rows in
        Element.gemm(
          true, false, m, k, rows, 1, tdy + first * m, m, columns(pass, x, first, rows), k, 1,
          product + weights, k)
        if let tx {
          Element.gemm(
            true, false, m, k, rows, 1, dy + first * m, m, columns(pass, tx, first, rows), k, 1,
            product + weights, k)
        }
      }
    }
    if let tdx { inputGradient(pass, [(tdy, pass.parameters + weights), (dy, v + weights)], tdx) }
  }

  func inputGradient(
    _ pass: Pass<Element>, dy: UnsafePointer<Element>, dx: UnsafeMutablePointer<Element>
  ) {
    if let winograd { return inputGradient(pass, by: winograd, dy: dy, dx: dx) }
    if let direct {
      return direct.backward(
        pass.count, [.init(dy: dy, x: nil, w: pass.parameters + weights)], dx: dx, gradient: nil,
        scratch: pass.scratch)
    }
    inputGradient(pass, [(dy, pass.parameters + weights)], dx)
  }

  /// dx ← Cᵀ(Σ dy W) over the given pairs of output gradients and weights.
  private func inputGradient(
    _ pass: Pass<Element>, _ terms: [(dy: UnsafePointer<Element>, w: UnsafePointer<Element>)],
    _ dx: UnsafeMutablePointer<Element>
  ) {
    if !window.isPointwise { dx.clear(pass.count * input.count) }
    forEachBlock(pass.count) { first, rows in
      let target = window.isPointwise ? dx + first * k : pass.scratch
      for (index, term) in terms.enumerated() {
        Element.gemm(
          false, false, rows, k, m, 1, term.dy + first * m, m, term.w, k, index == 0 ? 0 : 1, target, k)
      }
      if !window.isPointwise { Element.col2im(target, dx, window, first: first, rows: rows) }
    }
  }
}
