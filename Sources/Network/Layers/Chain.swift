import Tensor

/// Layers one after the other, each followed by its activation: a whole network, or a branch of a residual block.
///
/// With a₀ = x and zᵢ = fᵢ(aᵢ₋₁), aᵢ = φᵢ(zᵢ), the frame keeps every aᵢ and, after a backward pass, every
/// ∂zᵢ (and ∂aᵢ where φᵢ is curved).
struct Chain<Element: Scalar>: Layer {
  struct Stage {
    let layer: any Layer<Element>
    var activation: Activation
  }

  let input: Shape
  let stages: [Stage]

  var output: Shape { stages.last?.layer.output ?? input }

  /// Whether the output is the last layer's own, with no activation on top.
  var endsInLayer: Bool { stages.last?.activation == .identity }

  final class Kept: Frame, @unchecked Sendable {
    /// aᵢ of stage i, for all but the last where that ends in its layer.
    var outputs: [Buffer<Element>] = []
    let gradients: Gradients
    var frames: [Frame] = []
    init(_ gradients: Gradients) { self.gradients = gradients }
  }

  /// ∂zᵢ and, for curved activations, ∂aᵢ; made when a backward pass first asks.
  final class Gradients: @unchecked Sendable {
    fileprivate let sizes: [Int]
    private var innerBuffers: [Buffer<Element>?]
    fileprivate var outer: [Int: Buffer<Element>] = [:]
    init(sizes: [Int]) {
      self.sizes = sizes
      innerBuffers = sizes.map { _ in nil }
    }

    /// ∂zᵢ of stage i.
    fileprivate func inner(_ index: Int) -> UnsafeMutablePointer<Element> {
      if let buffer = innerBuffers[index] { return buffer.pointer }
      let buffer = Buffer<Element>(count: sizes[index])
      innerBuffers[index] = buffer
      return buffer.pointer
    }
  }

  final class Tangents: Frame, @unchecked Sendable {
    /// ȧᵢ of stage i.
    fileprivate let sizes: [Int]
    fileprivate lazy var outputs: [Buffer<Element>] = sizes.map { Buffer(count: $0) }
    /// Two buffers in turn for ∂ẏ and ∂ẋ.
    fileprivate lazy var turn = [0, 1].map { _ in Buffer<Element>(count: sizes.max() ?? 0) }
    /// For backward passes of a product.
    fileprivate let gradients: Gradients
    fileprivate var frames: [Frame] = []
    init(sizes: [Int]) {
      self.sizes = sizes
      gradients = Gradients(sizes: sizes)
    }
  }

  private func sizes(_ capacity: Int) -> [Int] { stages.map { capacity * $0.layer.output.count } }

  var weightTransforms: [WeightTransform<Element>] { stages.flatMap { $0.layer.weightTransforms } }

  func scratchCount(capacity: Int) -> Int {
    stages.map { $0.layer.scratchCount(capacity: capacity) }.max() ?? 0
  }

  func makeFrame(capacity: Int) -> Frame {
    let sizes = sizes(capacity)
    let kept = Kept(Gradients(sizes: sizes))
    // The last output is written where the caller says.
    kept.outputs = sizes.dropLast().map { Buffer(count: $0) }
    kept.frames = stages.map { $0.layer.makeFrame(capacity: capacity) }
    return kept
  }

  func makeWorkspace(capacity: Int) -> Frame {
    let tangents = Tangents(sizes: sizes(capacity))
    tangents.frames = stages.map { $0.layer.makeWorkspace(capacity: capacity) }
    return tangents
  }

  // MARK: The four passes

  func forward(_ pass: Pass<Element>, x: UnsafePointer<Element>, y: UnsafeMutablePointer<Element>) {
    let kept = unsafeDowncast(pass.frame, to: Kept.self)
    let tangents = unsafeDowncast(pass.workspace, to: Tangents.self)
    var source = x
    for (index, stage) in stages.enumerated() {
      let target = index == stages.count - 1 ? y : kept.outputs[index].pointer
      stage.layer.forward(pass.entering(kept.frames[index], tangents.frames[index]), x: source, y: target)
      stage.activation.forward(target, pass.count * stage.layer.output.count)
      source = UnsafePointer(target)
    }
  }

  func backward(
    _ pass: Pass<Element>, x: UnsafePointer<Element>, dy: UnsafePointer<Element>,
    dx: UnsafeMutablePointer<Element>?, gradient: UnsafeMutablePointer<Element>
  ) {
    backward(pass, x: x, y: nil, dy: dy, dx: dx, gradient: gradient)
  }

  /// - Parameter y: the chain's output; needed where it ends in an activation.
  func backward(
    _ pass: Pass<Element>, x: UnsafePointer<Element>, y: UnsafePointer<Element>?,
    dy: UnsafePointer<Element>, dx: UnsafeMutablePointer<Element>?, gradient: UnsafeMutablePointer<Element>
  ) {
    let kept = unsafeDowncast(pass.frame, to: Kept.self)
    let tangents = unsafeDowncast(pass.workspace, to: Tangents.self)
    let store = pass.keepsGradients ? kept.gradients : tangents.gradients
    var incoming = dy
    for index in stages.indices.reversed() {
      let stage = stages[index]
      incoming = throughActivation(pass.count, index, kept, store, y: y, incoming)
      let source = index == 0 ? x : UnsafePointer(kept.outputs[index - 1].pointer)
      let target = index == 0 ? dx : store.inner(index - 1)
      stage.layer.backward(
        pass.entering(kept.frames[index], tangents.frames[index]), x: source, dy: incoming, dx: target,
        gradient: gradient)
      if let target { incoming = UnsafePointer(target) }
    }
  }

  /// ∂z of a stage from its ∂a, kept in the store.
  private func throughActivation(
    _ count: Int, _ index: Int, _ kept: Kept, _ store: Gradients, y: UnsafePointer<Element>?,
    _ incoming: UnsafePointer<Element>
  ) -> UnsafePointer<Element> {
    let stage = stages[index]
    guard stage.activation != .identity else { return incoming }
    let n = count * stage.layer.output.count
    let inner = store.inner(index)
    if UnsafePointer(inner) != incoming { inner.update(from: incoming, count: n) }
    if !stage.activation.isPiecewiseLinear {
      let outer = store.outer[index] ?? Buffer(count: store.sizes[index])
      store.outer[index] = outer
      outer.pointer.update(from: inner, count: n)
    }
    stage.activation.slope(output(index, kept, y), inner, n)
    return UnsafePointer(inner)
  }

  private func output(_ index: Int, _ kept: Kept, _ y: UnsafePointer<Element>?) -> UnsafePointer<Element> {
    if index < kept.outputs.count { return UnsafePointer(kept.outputs[index].pointer) }
    guard let y else { preconditionFailure("A chain that ends in an activation needs its output here.") }
    return y
  }

  func tangentForward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: UnsafePointer<Element>,
    tx: UnsafePointer<Element>?, ty: UnsafeMutablePointer<Element>
  ) {
    tangentForward(pass, v: v, x: x, y: nil, tx: tx, ty: ty)
  }

  func tangentForward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: UnsafePointer<Element>, y: UnsafePointer<Element>?,
    tx: UnsafePointer<Element>?, ty: UnsafeMutablePointer<Element>
  ) {
    let kept = unsafeDowncast(pass.frame, to: Kept.self)
    let tangents = unsafeDowncast(pass.workspace, to: Tangents.self)
    var source = x
    var tangentSource = tx
    for (index, stage) in stages.enumerated() {
      let isLast = index == stages.count - 1
      let target = isLast ? ty : tangents.outputs[index].pointer
      stage.layer.tangentForward(
        pass.entering(kept.frames[index], tangents.frames[index]), v: v, x: source, tx: tangentSource,
        ty: target)
      if stage.activation != .identity {
        stage.activation.slope(output(index, kept, y), target, pass.count * stage.layer.output.count)
      }
      if !isLast { source = UnsafePointer(kept.outputs[index].pointer) }
      tangentSource = UnsafePointer(target)
    }
  }

  func tangentBackward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: UnsafePointer<Element>,
    tx: UnsafePointer<Element>?, dy: UnsafePointer<Element>, tdy: UnsafePointer<Element>,
    tdx: UnsafeMutablePointer<Element>?, product: UnsafeMutablePointer<Element>?
  ) {
    tangentBackward(pass, v: v, x: x, y: nil, tx: tx, ty: nil, dy: dy, tdy: tdy, tdx: tdx, product: product)
  }

  /// - Parameter ty: the tangent of the chain's output; needed where it ends in a curved activation.
  func tangentBackward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: UnsafePointer<Element>, y: UnsafePointer<Element>?,
    tx: UnsafePointer<Element>?, ty: UnsafePointer<Element>?, dy: UnsafePointer<Element>,
    tdy: UnsafePointer<Element>, tdx: UnsafeMutablePointer<Element>?, product: UnsafeMutablePointer<Element>?
  ) {
    let kept = unsafeDowncast(pass.frame, to: Kept.self)
    let tangents = unsafeDowncast(pass.workspace, to: Tangents.self)
    var incoming = tdy
    var turn = 0
    for index in stages.indices.reversed() {
      let stage = stages[index]
      let n = pass.count * stage.layer.output.count
      var gradient = index == stages.count - 1 ? dy : UnsafePointer(kept.gradients.inner(index))
      if stage.activation != .identity {
        let inner: UnsafeMutablePointer<Element>
        if index == stages.count - 1 {
          inner = tangents.turn[turn].pointer
          turn = 1 - turn
          inner.update(from: incoming, count: n)
        } else {
          inner = UnsafeMutablePointer(mutating: incoming)
        }
        let outer = kept.gradients.outer[index].map { UnsafePointer($0.pointer) } ?? gradient
        let tangent =
          index < stages.count - 1 ? UnsafePointer(tangents.outputs[index].pointer) : (ty ?? incoming)
        stage.activation.slopeTangent(output(index, kept, y), ty: tangent, dy: outer, inner, n)
        gradient = UnsafePointer(kept.gradients.inner(index))
        incoming = UnsafePointer(inner)
      }
      let source = index == 0 ? x : UnsafePointer(kept.outputs[index - 1].pointer)
      let tangentSource = index == 0 ? tx : UnsafePointer(tangents.outputs[index - 1].pointer)
      let target = index == 0 ? tdx : tangents.turn[turn].pointer
      turn = 1 - turn
      stage.layer.tangentBackward(
        pass.entering(kept.frames[index], tangents.frames[index]), v: v, x: source, tx: tangentSource,
        dy: gradient, tdy: incoming, tdx: target, product: product)
      if let target { incoming = UnsafePointer(target) }
    }
  }

  // MARK: Training

  var couplesSamples: Bool { stages.contains { $0.layer.couplesSamples } }

  func trainForward(
    _ step: TrainingStep<Element>, _ passes: [Pass<Element>], x: [UnsafePointer<Element>],
    y: [UnsafeMutablePointer<Element>]
  ) throws(Cancelled) {
    var sources = x
    for (index, stage) in stages.enumerated() {
      let targets =
        index == stages.count - 1
        ? y : passes.map { unsafeDowncast($0.frame, to: Kept.self).outputs[index].pointer }
      let inner = passes.map { entering($0, index) }
      let arrays = ShardArrays(x: sources, y: targets)
      if stage.layer.couplesSamples {
        try stage.layer.trainForward(step, inner, x: sources, y: targets)
        if stage.activation != .identity {
          try step.forEachShard { shard, _ in
            stage.activation.forward(arrays.y[shard], inner[shard].count * stage.layer.output.count)
          }
        }
      } else {
        try step.forEachShard { shard, _ in
          stage.layer.forward(inner[shard], x: arrays.x[shard], y: arrays.y[shard])
          stage.activation.forward(arrays.y[shard], inner[shard].count * stage.layer.output.count)
        }
      }
      sources = targets.map { UnsafePointer($0) }
    }
  }

  func trainBackward(
    _ step: TrainingStep<Element>, _ passes: [Pass<Element>], x: [UnsafePointer<Element>],
    dy: [UnsafePointer<Element>], dx: [UnsafeMutablePointer<Element>]?
  ) throws(Cancelled) {
    try trainBackward(step, passes, x: x, y: nil, dy: dy, dx: dx)
  }

  func trainBackward(
    _ step: TrainingStep<Element>, _ passes: [Pass<Element>], x: [UnsafePointer<Element>],
    y: [UnsafePointer<Element>]?, dy: [UnsafePointer<Element>], dx: [UnsafeMutablePointer<Element>]?
  ) throws(Cancelled) {
    let kept = passes.map { unsafeDowncast($0.frame, to: Kept.self) }
    var incoming = dy
    for index in stages.indices.reversed() {
      let stage = stages[index]
      let sources = index == 0 ? x : kept.map { UnsafePointer($0.outputs[index - 1].pointer) }
      let targets = index == 0 ? dx : kept.map { $0.gradients.inner(index - 1) }
      let inner = passes.map { entering($0, index) }
      let arriving = ShardArrays(x: y ?? [], y: [], dy: incoming)
      let arrays = ShardArrays(x: sources, y: [], dy: [], dx: targets)
      if stage.layer.couplesSamples {
        var through = incoming
        if stage.activation != .identity {
          through = kept.map { UnsafePointer($0.gradients.inner(index)) }
          try step.forEachShard { shard, _ in
            _ = throughActivation(
              passes[shard].count, index, kept[shard], kept[shard].gradients,
              y: arriving.x.isEmpty ? nil : arriving.x[shard], arriving.dy[shard])
          }
        }
        try stage.layer.trainBackward(step, inner, x: sources, dy: through, dx: targets)
      } else {
        try step.forEachShard { shard, lane in
          let through = throughActivation(
            passes[shard].count, index, kept[shard], kept[shard].gradients,
            y: arriving.x.isEmpty ? nil : arriving.x[shard], arriving.dy[shard])
          stage.layer.backward(
            inner[shard], x: arrays.x[shard], dy: through, dx: arrays.dx?[shard],
            gradient: step.gradients[lane])
        }
      }
      if let targets { incoming = targets.map { UnsafePointer($0) } }
    }
  }

  private func entering(_ pass: Pass<Element>, _ index: Int) -> Pass<Element> {
    pass.entering(
      unsafeDowncast(pass.frame, to: Kept.self).frames[index],
      unsafeDowncast(pass.workspace, to: Tangents.self).frames[index])
  }
}
