import Tensor

/// Attention of all heads in one step: Y = PV with P = softmax(QKᵀ·scale) by rows, for every head.
///
/// Heads are read where they lie in the values, so nothing is moved before or behind.
struct PlacedAttention: PlacedLayer {
  /// The places of the rows of Q, K or V in a value: the first row of each head, and the step to the next row.
  struct Rows: Equatable {
    let starts: [Int]
    let step: Int
  }

  let value: ValueShape
  /// Values a sample of each input: Q, K and V, or one input that holds all three.
  let counts: [Int]
  let q: Rows
  let k: Rows
  let v: Rows
  let y: Rows
  let queries: Int
  let keys: Int
  /// Features of a row of Q and K, and of V and Y.
  let width: Int
  let valueWidth: Int
  let scale: Double
  let isCausal: Bool

  /// P of a sample, if it is kept. Long sequences have more shares than other values, so these are made again.
  var keptShares: Int {
    let shares = q.starts.count * queries * keys
    return shares <= 4 * (counts.reduce(0, +) + value.count) ? shares : 0
  }

  var values: Int { value.count + keptShares }
  var worksOnRows: Bool { true }
  var multiplyAdds: Int { q.starts.count * queries * keys * (width + valueWidth) }

  func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage {
    .init(AttentionLayer<Element>(options: self))
  }
}

/// For each head, with the factor of the scores left out here:
/// - forward: S = QKᵀ, P = softmax(S), Y = PV.
/// - backward: ∂P = ∂Y Vᵀ, ∂S = P∘(∂P − ⟨P, ∂P⟩); ∂Q = ∂S K, ∂K = ∂Sᵀ Q, ∂V = Pᵀ∂Y.
/// - tangentForward: Ṡ = Q̇Kᵀ + QK̇ᵀ, Ṗ = P∘(Ṡ − ⟨P, Ṡ⟩), Ẏ = ṖV + PV̇.
/// - tangentBackward: ∂Ṗ = ∂Ẏ Vᵀ + ∂Y V̇ᵀ, ∂Ṡ = Ṗ∘(∂P − ⟨P, ∂P⟩) + P∘(∂Ṗ − ⟨Ṗ, ∂P⟩ − ⟨P, ∂Ṗ⟩); ∂Q̇ = ∂Ṡ K + ∂S K̇,
///   ∂K̇ = ∂Ṡᵀ Q + ∂Sᵀ Q̇, ∂V̇ = Ṗᵀ∂Y + Pᵀ∂Ẏ.
///
/// ⟨·, ·⟩ are sums along rows. Rows of queries are taken in blocks, so that their shares stay in the cache.
struct AttentionLayer<Element: Scalar>: Joint {
  typealias Read = UnsafePointer<Element>
  typealias Write = UnsafeMutablePointer<Element>

  let options: PlacedAttention

  var outputCount: Int { options.value.count }
  var keptValues: Int { options.keptShares }
  private var keys: Int { options.keys }
  private var scale: Element { Element(options.scale) }
  private var kernels: AttentionKernels<Element> { Element.attentionKernels }

  /// Rows of queries in a block.
  private var block: Int { min(options.queries, max(16, (1 << 16) / keys)) }

  final class Shares: Frame {
    let values: Buffer<Element>
    init(count: Int) { values = Buffer(count: count) }
  }

  func makeFrame(capacity: Int) -> Frame {
    options.keptShares == 0 ? Frame() : Shares(count: capacity * options.keptShares)
  }

  /// P if it is not kept, Ṗ, ∂P and ∂Ṗ of a block.
  func scratchCount(capacity: Int) -> Int { 4 * block * keys }

  /// One block of one head in one sample.
  private struct Block {
    /// Offsets of the head in each input.
    let starts: [Int]
    /// Offset in y of the block.
    let y: Int
    let firstRow: Int
    let rows: Int
    /// P, if it is there already or is to be kept.
    let shares: Write
    var isFirst: Bool { firstRow == 0 }
  }

  private func input(_ index: Int) -> Int { options.counts.count == 1 ? 0 : index }

  private func forEachBlock(_ pass: Pass<Element>, _ body: (Block) -> Void) {
    let rows = [options.q, options.k, options.v]
    let kept = options.keptShares == 0 ? nil : unsafeDowncast(pass.frame, to: Shares.self).values.pointer
    for sample in 0..<pass.count {
      for head in options.q.starts.indices {
        let starts = (0..<3).map { sample * options.counts[input($0)] + rows[$0].starts[head] }
        for first in stride(from: 0, to: options.queries, by: block) {
          let row = (sample * options.q.starts.count + head) * options.queries + first
          body(
            Block(
              starts: starts, y: sample * outputCount + options.y.starts[head] + first * options.y.step,
              firstRow: first, rows: min(block, options.queries - first),
              shares: kept.map { $0 + row * keys } ?? pass.scratch))
        }
      }
    }
  }

  /// The rows of Q that belong to a block, in an array like the input.
  private func q<Pointer: Strideable>(_ x: Pointer, _ block: Block) -> Pointer where Pointer.Stride == Int {
    x.advanced(by: block.starts[0] + block.firstRow * options.q.step)
  }

  /// S = QKᵀ of a block, or S + QKᵀ.
  private func scores(_ q: Read, _ k: Read, _ block: Block, _ s: Write, adds: Bool = false) {
    Element.gemm(
      false, true, block.rows, keys, options.width, 1, self.q(q, block), options.q.step, k + block.starts[1],
      options.k.step, adds ? 1 : 0, s, keys)
  }

  private func makeShares(_ q: Read, _ k: Read, _ block: Block) {
    scores(q, k, block, block.shares)
    kernels.shares(block.shares, block.rows, keys, scale, block.firstRow, options.isCausal)
  }

  /// P, which is made again if it is not kept.
  private func shares(_ q: Read, _ k: Read, _ block: Block) -> Read {
    if options.keptShares == 0 { makeShares(q, k, block) }
    return Read(block.shares)
  }

  /// ∂P = ∂Y Vᵀ, or ∂P + ∂Y Vᵀ.
  private func sharesGradient(_ dy: Read, _ v: Read, _ block: Block, _ dp: Write, adds: Bool = false) {
    Element.gemm(
      false, true, block.rows, keys, options.valueWidth, 1, dy + block.y, options.y.step, v + block.starts[2],
      options.v.step, adds ? 1 : 0, dp, keys)
  }

  /// y = PV, or y + PV.
  private func mix(_ p: Read, _ v: Read, _ block: Block, _ y: Write, adds: Bool = false) {
    Element.gemm(
      false, false, block.rows, options.valueWidth, keys, 1, p, keys, v + block.starts[2], options.v.step,
      adds ? 1 : 0, y + block.y, options.y.step)
  }

  /// ∂Q = ∂S K, or ∂Q + ∂S K.
  private func addQ(_ ds: Read, _ k: Read, _ block: Block, _ dq: Write, adds: Bool) {
    Element.gemm(
      false, false, block.rows, options.width, keys, 1, ds, keys, k + block.starts[1], options.k.step,
      adds ? 1 : 0, q(dq, block), options.q.step)
  }

  /// ∂K = ∂Sᵀ Q over all blocks.
  private func addK(_ ds: Read, _ q: Read, _ block: Block, _ dk: Write, adds: Bool) {
    Element.gemm(
      true, false, keys, options.width, block.rows, 1, ds, keys, self.q(q, block), options.q.step,
      adds || !block.isFirst ? 1 : 0, dk + block.starts[1], options.k.step)
  }

  /// ∂V = Pᵀ∂Y over all blocks.
  private func addV(_ p: Read, _ dy: Read, _ block: Block, _ dv: Write, adds: Bool) {
    Element.gemm(
      true, false, keys, options.valueWidth, block.rows, 1, p, keys, dy + block.y, options.y.step,
      adds || !block.isFirst ? 1 : 0, dv + block.starts[2], options.v.step)
  }

  func forward(_ pass: Pass<Element>, x: [UnsafePointer<Element>], y: UnsafeMutablePointer<Element>) {
    forEachBlock(pass) { block in
      makeShares(x[0], x[input(1)], block)
      mix(Read(block.shares), x[input(2)], block, y)
    }
  }

  func backward(
    _ pass: Pass<Element>, x: [UnsafePointer<Element>?], y: UnsafePointer<Element>?,
    dy: UnsafePointer<Element>, dx: [UnsafeMutablePointer<Element>?], gradient: UnsafeMutablePointer<Element>
  ) {
    guard let q = x[0], let k = x[input(1)], let v = x[input(2)] else { return }
    let ds = pass.scratch + self.block * keys
    forEachBlock(pass) { block in
      let p = shares(q, k, block)
      sharesGradient(dy, v, block, ds)
      kernels.slope(p, ds, block.rows, keys, scale)
      if let dq = dx[0] { addQ(ds, k, block, dq, adds: false) }
      if let dk = dx[input(1)] { addK(ds, q, block, dk, adds: false) }
      if let dv = dx[input(2)] { addV(p, dy, block, dv, adds: false) }
    }
  }

  /// Ṗ of a block; false if it is zero.
  private func makeTangent(
    _ p: Read, _ q: Read, _ k: Read, _ tq: Read?, _ tk: Read?, _ block: Block, _ tp: Write
  ) -> Bool {
    guard tq != nil || tk != nil else { return false }
    if let tq { scores(tq, k, block, tp) }
    if let tk { scores(q, tk, block, tp, adds: tq != nil) }
    kernels.slope(p, tp, block.rows, keys, scale)
    return true
  }

  func tangentForward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: [UnsafePointer<Element>?],
    y: UnsafePointer<Element>?, tx: [UnsafePointer<Element>?], ty: UnsafeMutablePointer<Element>
  ) {
    guard let q = x[0], let k = x[input(1)], let v = x[input(2)] else { return }
    let tp = pass.scratch + self.block * keys
    forEachBlock(pass) { block in
      let p = shares(q, k, block)
      let moves = makeTangent(p, q, k, tx[0], tx[input(1)], block, tp)
      if moves { mix(tp, v, block, ty) }
      if let tv = tx[input(2)] { mix(p, tv, block, ty, adds: moves) }
    }
  }

  func tangentBackward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: [UnsafePointer<Element>?],
    y: UnsafePointer<Element>?, tx: [UnsafePointer<Element>?], ty: UnsafePointer<Element>?,
    dy: UnsafePointer<Element>?, tdy: UnsafePointer<Element>, tdx: [UnsafeMutablePointer<Element>?],
    product: UnsafeMutablePointer<Element>?
  ) {
    guard let dy, let q = x[0], let k = x[input(1)], let v = x[input(2)] else {
      // Nothing before the layer depends on parameters: the derivative is that of the backward pass.
      backward(pass, x: x, y: y, dy: tdy, dx: tdx, gradient: product ?? pass.scratch)
      return
    }
    let (tq, tk, tv) = (tx[0], tx[input(1)], tx[input(2)])
    let length = self.block * keys
    let (tp, ds, tds) = (pass.scratch + length, pass.scratch + 2 * length, pass.scratch + 3 * length)
    forEachBlock(pass) { block in
      let p = shares(q, k, block)
      if !makeTangent(p, q, k, tq, tk, block, tp) { tp.clear(block.rows * keys) }
      sharesGradient(dy, v, block, ds)
      sharesGradient(tdy, v, block, tds)
      if let tv { sharesGradient(dy, tv, block, tds, adds: true) }
      kernels.slopeTangent(p, tp, ds, tds, block.rows, keys, scale)
      if let dq = tdx[0] {
        addQ(tds, k, block, dq, adds: false)
        if let tk { addQ(ds, tk, block, dq, adds: true) }
      }
      if let dk = tdx[input(1)] {
        addK(tds, q, block, dk, adds: false)
        if let tq { addK(ds, tq, block, dk, adds: true) }
      }
      if let dv = tdx[input(2)] {
        addV(p, tdy, block, dv, adds: false)
        if tq != nil || tk != nil { addV(tp, dy, block, dv, adds: true) }
      }
    }
  }
}

extension LayerSite {
  /// Attention over the last two axes of the inputs Q, K and V, whose axes in front agree; nil if they do not.
  func fusedAttention(scale: Double, isCausal: Bool) -> Architecture.Node? {
    let shapes = (0..<3).map { shape($0) }
    let rank = shapes[0].rank
    guard rank >= 2,
      shapes.allSatisfy({ $0.rank == rank && $0.sizes.dropLast(2) == shapes[0].sizes.dropLast(2) }),
      shapes[0].sizes[rank - 1] == shapes[1].sizes[rank - 1],
      shapes[1].sizes[rank - 2] == shapes[2].sizes[rank - 2]
    else { return nil }
    // Features lie innermost.
    let inputs = (0..<3).map { ordered($0, shapes[$0].order.filter { $0 != rank - 1 } + [rank - 1]) }
    let value = ValueShape(
      shapes[0].sizes.dropLast() + [shapes[2].sizes[rank - 1]], order: inputs[0].shape.order)
    guard hasRoom(values: value.count, at: "inputs") else { return nil }
    return .init(
      PlacedAttention(
        value: value, counts: inputs.map(\.shape.count), q: inputs[0].shape.heads, k: inputs[1].shape.heads,
        v: inputs[2].shape.heads, y: value.heads, queries: shapes[0].sizes[rank - 2],
        keys: shapes[1].sizes[rank - 2], width: shapes[0].sizes[rank - 1],
        valueWidth: shapes[2].sizes[rank - 1], scale: scale, isCausal: isCausal),
      inputs: inputs.map(\.value))
  }

  /// Attention of the input with itself. The input holds Q, K and V of all heads side by side at each position.
  func fusedSelfAttention(heads: Int, isCausal: Bool) -> Architecture.Node {
    let (source, input) = rowMajor(0)
    let (positions, columns) = (source.sizes[0], source.sizes[1])
    let (all, width) = (columns / 3, columns / 3 / heads)
    func rows(_ part: Int, step: Int) -> PlacedAttention.Rows {
      .init(starts: (0..<heads).map { part * all + $0 * width }, step: step)
    }
    return .init(
      PlacedAttention(
        value: ValueShape([positions, all]), counts: [source.count], q: rows(0, step: columns),
        k: rows(1, step: columns), v: rows(2, step: columns), y: rows(0, step: all), queries: positions,
        keys: positions, width: width, valueWidth: width, scale: 1 / Double(width).squareRoot(),
        isCausal: isCausal), inputs: [input])
  }
}

extension ValueShape {
  /// The matrices of the last two axes, of which the last lies innermost.
  fileprivate var heads: PlacedAttention.Rows {
    var starts = [0]
    for axis in 0..<rank - 2 {
      starts = starts.flatMap { start in (0..<sizes[axis]).map { start + $0 * strides[axis] } }
    }
    return .init(starts: starts, step: max(strides[rank - 2], sizes[rank - 1]))
  }
}
