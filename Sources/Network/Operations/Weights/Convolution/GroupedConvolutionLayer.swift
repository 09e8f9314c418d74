import Tensor

/// A convolution with any taps, whose channels are cut into groups. Row r of the matrix C(x) of a group has
/// the channels of the group at the sources of target r. W is out × (tap, channel of the group).
///
/// For each group, with its own columns of x, y and rows of W:
/// - forward: y = C(x) Wᵀ + b.
/// - backward: ∂x = Cᵀ(∂y W), ∂W = ∂yᵀC(x), ∂b = Σ ∂y.
/// - tangentForward: ẏ = C(ẋ) Wᵀ + C(x) Vᵀ + v_b.
/// - tangentBackward: ∂ẋ = Cᵀ(∂ẏ W + ∂y V), product W: ∂ẏᵀC(x) + ∂yᵀC(ẋ), product b: Σ ∂ẏ.
struct GroupedConvolutionLayer<Element: Scalar>: Layer, PictureBody {
  let taps: Taps
  let groups: Int
  let inputChannels: Int
  let outputChannels: Int
  /// Offset of W in the parameters.
  let weights: Int
  /// Offset of b, if there is one.
  let bias: Int?

  var input: Shape { taps.source(channels: inputChannels) }
  var output: Shape { taps.target(channels: outputChannels) }

  /// Channels that a group reads and gives.
  private var read: Int { inputChannels / groups }
  private var given: Int { outputChannels / groups }
  private var fanIn: Int { taps.count * read }

  /// Rows of C(x) that are formed at a time, so that they stay in the cache.
  private var block: Int { max(16, min(1024, (1 << 17) / fanIn)) }

  func scratchCount(capacity: Int) -> Int {
    taps.isPointwise ? 0 : min(block, capacity * taps.targets) * fanIn
  }

  /// A block of rows of one group.
  private struct Block {
    let group: Int
    let first: Int
    let rows: Int
  }

  private func forEachBlock(_ count: Int, _ body: (Block) -> Void) {
    let total = count * taps.targets
    let step = taps.isPointwise ? total : block
    for first in stride(from: 0, to: total, by: max(step, 1)) {
      for group in 0..<groups { body(Block(group: group, first: first, rows: min(step, total - first))) }
    }
  }

  /// The block of C(x): columns of x itself if every target has its own source, else formed in scratch.
  private func matrix(
    _ pass: Pass<Element>, _ x: UnsafePointer<Element>, _ block: Block
  ) -> (UnsafePointer<Element>, stride: Int) {
    if taps.isPointwise { return (x + block.first * inputChannels + block.group * read, inputChannels) }
    taps.gather(
      x, channels: inputChannels, from: block.group * read, count: read, pass.scratch, first: block.first,
      rows: block.rows)
    return (UnsafePointer(pass.scratch), fanIn)
  }

  /// The place of a block in an array like y.
  private func place(_ block: Block) -> Int { block.first * outputChannels + block.group * given }

  /// y ← C(x) Wᵀ, or y ← y + C(x) Wᵀ.
  private func multiply(
    _ pass: Pass<Element>, _ x: UnsafePointer<Element>, _ w: UnsafePointer<Element>,
    _ y: UnsafeMutablePointer<Element>, adds: Bool
  ) {
    forEachBlock(pass.count) { block in
      let (matrix, stride) = matrix(pass, x, block)
      Element.gemm(
        false, true, block.rows, given, fanIn, 1, matrix, stride, w + block.group * given * fanIn, fanIn,
        adds ? 1 : 0, y + place(block), outputChannels)
    }
  }

  /// gradient ← gradient + Σ ∂yᵀC(x) over pairs x, ∂y.
  private func addWeightGradient(
    _ pass: Pass<Element>, _ terms: [(x: UnsafePointer<Element>, dy: UnsafePointer<Element>)],
    _ gradient: UnsafeMutablePointer<Element>
  ) {
    forEachBlock(pass.count) { block in
      for term in terms {
        let (matrix, stride) = matrix(pass, term.x, block)
        Element.gemm(
          true, false, given, fanIn, block.rows, 1, term.dy + place(block), outputChannels, matrix, stride, 1,
          gradient + weights + block.group * given * fanIn, fanIn)
      }
    }
  }

  /// dx ← Cᵀ(Σ ∂y W) over pairs of output gradients and weights.
  private func inputGradient(
    _ pass: Pass<Element>, _ terms: [(dy: UnsafePointer<Element>, w: UnsafePointer<Element>)],
    _ dx: UnsafeMutablePointer<Element>
  ) {
    if !taps.isPointwise { dx.clear(pass.count * input.count) }
    forEachBlock(pass.count) { block in
      let target = taps.isPointwise ? dx + block.first * inputChannels + block.group * read : pass.scratch
      for (index, term) in terms.enumerated() {
        Element.gemm(
          false, false, block.rows, fanIn, given, 1, term.dy + place(block), outputChannels,
          term.w + block.group * given * fanIn, fanIn, index == 0 ? 0 : 1, target,
          taps.isPointwise ? inputChannels : fanIn)
      }
      if !taps.isPointwise {
        taps.scatter(
          target, dx, channels: inputChannels, from: block.group * read, count: read, first: block.first,
          rows: block.rows)
      }
    }
  }

  private func rows(_ pass: Pass<Element>) -> Int { pass.count * taps.targets }

  func forward(_ pass: Pass<Element>, x: UnsafePointer<Element>, y: UnsafeMutablePointer<Element>) {
    if let bias { Element.broadcastRows(pass.parameters + bias, y, rows(pass), outputChannels) }
    multiply(pass, x, pass.parameters + weights, y, adds: bias != nil)
    pass.observer?(weights, y, rows(pass))
  }

  func backward(
    _ pass: Pass<Element>, x: UnsafePointer<Element>, dy: UnsafePointer<Element>,
    dx: UnsafeMutablePointer<Element>?, gradient: UnsafeMutablePointer<Element>
  ) {
    pass.observer?(weights, dy, rows(pass))
    if let bias { Element.sumRows(dy, gradient + bias, rows(pass), outputChannels) }
    addWeightGradient(pass, [(x, dy)], gradient)
    if let dx { inputGradient(pass, [(dy, pass.parameters + weights)], dx) }
  }

  func tangentForward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: UnsafePointer<Element>,
    tx: UnsafePointer<Element>?, ty: UnsafeMutablePointer<Element>
  ) {
    if let bias { Element.broadcastRows(v + bias, ty, rows(pass), outputChannels) }
    multiply(pass, x, v + weights, ty, adds: bias != nil)
    if let tx { multiply(pass, tx, pass.parameters + weights, ty, adds: true) }
  }

  func tangentBackward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: UnsafePointer<Element>,
    tx: UnsafePointer<Element>?, dy: UnsafePointer<Element>, tdy: UnsafePointer<Element>,
    tdx: UnsafeMutablePointer<Element>?, product: UnsafeMutablePointer<Element>?
  ) {
    if let product {
      if let bias { Element.sumRows(tdy, product + bias, rows(pass), outputChannels) }
      addWeightGradient(pass, [(x, tdy)] + (tx.map { [($0, dy)] } ?? []), product)
    }
    if let tdx { inputGradient(pass, [(tdy, pass.parameters + weights), (dy, v + weights)], tdx) }
  }
}
