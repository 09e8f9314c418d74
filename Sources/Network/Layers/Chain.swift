import Tensor

/// Layers one after the other, each followed by its activation: a whole network, or a branch of a residual block.
///
/// With a₀ = x and zᵢ = fᵢ(aᵢ₋₁), aᵢ = φᵢ(zᵢ), a frame keeps what later passes read again and nothing else: aᵢ where
/// the next layer or the activation's slope asks for it, and ∂zᵢ (with ∂aᵢ where φᵢ is curved) where the layer's own
/// ∂zᵢ enters products. Before a fixed map, which follows from the map's own ∂, it is made again. Everything else goes
/// through two buffers in turn.
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

  /// What the primal passes leave behind.
  final class Kept: Frame, @unchecked Sendable {
    /// aᵢ of stage i, where it is kept.
    let outputs: [Buffer<Element>?]
    let frames: [Frame]
    /// ∂zᵢ and, for curved activations, ∂aᵢ; made when a backward pass first asks.
    private var inner: [Buffer<Element>?]
    private var outer: [Buffer<Element>?]
    private let sizes: [Int]

    init(outputs: [Buffer<Element>?], frames: [Frame], sizes: [Int]) {
      self.outputs = outputs
      self.frames = frames
      self.sizes = sizes
      inner = sizes.map { _ in nil }
      outer = inner
    }

    /// What the primal backward pass has left at those places.
    func keptInner(_ index: Int) -> UnsafePointer<Element> { Self.kept(inner, index) }
    func keptOuter(_ index: Int) -> UnsafePointer<Element> { Self.kept(outer, index) }

    /// ∂zᵢ of stage i, to be written.
    func innerGradient(_ index: Int) -> UnsafeMutablePointer<Element> { Self.made(&inner, index, sizes) }

    /// ∂aᵢ of stage i, to be written.
    func outerGradient(_ index: Int) -> UnsafeMutablePointer<Element> { Self.made(&outer, index, sizes) }

    private static func kept(_ buffers: [Buffer<Element>?], _ index: Int) -> UnsafePointer<Element> {
      guard let buffer = buffers[index] else {
        preconditionFailure("Products follow a backward pass that keeps its gradients.")
      }
      return UnsafePointer(buffer.pointer)
    }

    private static func made(
      _ buffers: inout [Buffer<Element>?], _ index: Int, _ sizes: [Int]
    ) -> UnsafeMutablePointer<Element> {
      if let buffer = buffers[index] { return buffer.pointer }
      let buffer = Buffer<Element>(count: sizes[index])
      buffers[index] = buffer
      return buffer.pointer
    }
  }

  /// What one pass needs and nobody keeps.
  final class Working: Frame, @unchecked Sendable {
    /// ȧᵢ of stage i, where a tangent's backward pass reads it.
    fileprivate lazy var tangents: [Buffer<Element>?] = zip(sizes, keepsTangent).map {
      $1 ? Buffer(count: $0) : nil
    }
    let frames: [Frame]
    /// Any stage's values fit in.
    let turns: Turns<Element>
    private let sizes: [Int]
    private let keepsTangent: [Bool]

    init(frames: [Frame], sizes: [Int], keepsTangent: [Bool], turns: Turns<Element>) {
      self.frames = frames
      self.sizes = sizes
      self.keepsTangent = keepsTangent
      self.turns = turns
      turns.makeRoom(for: sizes.max() ?? 0)
    }

    /// A buffer for any stage's values, another one than the last.
    func next() -> UnsafeMutablePointer<Element> { turns.next() }

    /// The same for primal gradients that are made again beside those of a product.
    func nextPrimal() -> UnsafeMutablePointer<Element> { turns.nextPrimal() }
  }

  private func sizes(_ capacity: Int) -> [Int] { stages.map { capacity * $0.layer.output.count } }

  /// Whether the layer after stage i is a fixed map.
  private func entersMap(_ index: Int) -> Bool {
    index + 1 < stages.count && stages[index + 1].layer.isFixedMap
  }

  /// Whether aᵢ is kept; the last output is written where the caller says.
  private func keepsOutput(_ index: Int) -> Bool {
    index + 1 < stages.count && (stages[index].activation != .identity || !entersMap(index))
  }

  private func keepsTangent(_ index: Int) -> Bool {
    index + 1 < stages.count && (!stages[index].activation.isPiecewiseLinear || !entersMap(index))
  }

  var weightTransforms: [WeightTransform<Element>] { stages.flatMap { $0.layer.weightTransforms } }

  func scratchCount(capacity: Int) -> Int {
    stages.map { $0.layer.scratchCount(capacity: capacity) }.max() ?? 0
  }

  var keptValues: Int {
    stages.indices.reduce(0) { sum, index in
      let stage = stages[index]
      let gradients = entersMap(index) ? 0 : stage.activation.isPiecewiseLinear ? 1 : 2
      return sum + stage.layer.keptValues + stage.layer.output.count
        * ((keepsOutput(index) ? 1 : 0) + gradients)
    }
  }

  func makeFrame(capacity: Int) -> Frame {
    let sizes = sizes(capacity)
    return Kept(
      outputs: stages.indices.map { keepsOutput($0) ? Buffer(count: sizes[$0]) : nil },
      frames: stages.map { $0.layer.makeFrame(capacity: capacity) }, sizes: sizes)
  }

  func makeWorkspace(capacity: Int, turns: Turns<Element>) -> Frame {
    Working(
      frames: stages.map { $0.layer.makeWorkspace(capacity: capacity, turns: turns) }, sizes: sizes(capacity),
      keepsTangent: stages.indices.map(keepsTangent), turns: turns)
  }

  func kept(_ pass: Pass<Element>) -> Kept { unsafeDowncast(pass.frame, to: Kept.self) }
  func working(_ pass: Pass<Element>) -> Working { unsafeDowncast(pass.workspace, to: Working.self) }

  /// The pass for the layer of a stage.
  func entering(_ pass: Pass<Element>, _ index: Int) -> Pass<Element> {
    pass.entering(kept(pass).frames[index], working(pass).frames[index])
  }

  // MARK: Primal passes

  func forward(_ pass: Pass<Element>, x: UnsafePointer<Element>, y: UnsafeMutablePointer<Element>) {
    var source = x
    for (index, stage) in stages.enumerated() {
      let target = outputTarget(pass, index, y)
      stage.layer.forward(entering(pass, index), x: source, y: target)
      stage.activation.forward(target, pass.count * stage.layer.output.count)
      source = UnsafePointer(target)
    }
  }

  /// Where stage i writes its output.
  func outputTarget(
    _ pass: Pass<Element>, _ index: Int, _ y: UnsafeMutablePointer<Element>
  ) -> UnsafeMutablePointer<Element> {
    index == stages.count - 1 ? y : kept(pass).outputs[index]?.pointer ?? working(pass).next()
  }

  /// aᵢ where it was kept. Layers that are fixed maps get some pointer they do not read.
  private func output(
    _ pass: Pass<Element>, _ index: Int, _ y: UnsafePointer<Element>?
  ) -> UnsafePointer<Element>? {
    index == stages.count - 1 ? y : kept(pass).outputs[index].map { UnsafePointer($0.pointer) }
  }

  /// What stage i read in the forward pass; x itself, unread, where it was not kept.
  func source(_ pass: Pass<Element>, _ index: Int, _ x: UnsafePointer<Element>) -> UnsafePointer<Element> {
    index == 0 ? x : output(pass, index - 1, nil) ?? x
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
    var incoming = dy
    for index in stages.indices.reversed() {
      incoming = throughActivation(pass, index, y: y, incoming)
      let target = index == 0 ? dx : gradientTarget(pass, index - 1)
      stages[index].layer.backward(
        entering(pass, index), x: source(pass, index, x), dy: incoming, dx: target, gradient: gradient)
      if let target { incoming = UnsafePointer(target) }
    }
  }

  /// Where ∂aᵢ is written, to become ∂zᵢ in place.
  func gradientTarget(_ pass: Pass<Element>, _ index: Int) -> UnsafeMutablePointer<Element> {
    pass.keepsGradients && !entersMap(index) ? kept(pass).innerGradient(index) : working(pass).next()
  }

  /// ∂zᵢ from ∂aᵢ: in place, but for what the caller handed in.
  func throughActivation(
    _ pass: Pass<Element>, _ index: Int, y: UnsafePointer<Element>?, _ incoming: UnsafePointer<Element>
  ) -> UnsafePointer<Element> {
    let stage = stages[index]
    guard stage.activation != .identity else { return incoming }
    let n = pass.count * stage.layer.output.count
    var inner = UnsafeMutablePointer(mutating: incoming)
    if index == stages.count - 1 {
      inner = gradientTarget(pass, index)
      inner.update(from: incoming, count: n)
    }
    if pass.keepsGradients, !stage.activation.isPiecewiseLinear, !entersMap(index) {
      kept(pass).outerGradient(index).update(from: inner, count: n)
    }
    stage.activation.slope(activated(pass, index, y), inner, n)
    return UnsafePointer(inner)
  }

  /// aᵢ of a stage with an activation.
  private func activated(
    _ pass: Pass<Element>, _ index: Int, _ y: UnsafePointer<Element>?
  ) -> UnsafePointer<Element> {
    guard let output = output(pass, index, y) else {
      preconditionFailure("A chain that ends in an activation needs its output here.")
    }
    return output
  }

  // MARK: Tangent passes

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
    var tangentSource = tx
    for (index, stage) in stages.enumerated() {
      let target =
        index == stages.count - 1 ? ty : working(pass).tangents[index]?.pointer ?? working(pass).next()
      stage.layer.tangentForward(
        entering(pass, index), v: v, x: source(pass, index, x), tx: tangentSource, ty: target)
      if stage.activation != .identity {
        stage.activation.slope(activated(pass, index, y), target, pass.count * stage.layer.output.count)
      }
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
    let kept = kept(pass)
    let working = working(pass)
    let last = stages.count - 1
    var incoming = tdy
    // ∂aᵢ of the primal pass, where the map after stage i has made it again.
    var remade: UnsafeMutablePointer<Element>?
    for index in stages.indices.reversed() {
      let stage = stages[index]
      let n = pass.count * stage.layer.output.count
      var gradient =
        index == last ? dy : remade.map { UnsafePointer($0) } ?? kept.keptInner(index)
      if stage.activation != .identity {
        var inner = UnsafeMutablePointer(mutating: incoming)
        if index == last {
          inner = working.next()
          inner.update(from: incoming, count: n)
        }
        // Piecewise linear slopes do not read ∂a and ȧ.
        var outer = gradient
        if !stage.activation.isPiecewiseLinear, index < last, remade == nil {
          outer = kept.keptOuter(index)
        }
        let tangent = index < last ? working.tangents[index].map { UnsafePointer($0.pointer) } : ty
        let output = activated(pass, index, y)
        stage.activation.slopeTangent(output, ty: tangent ?? incoming, dy: outer, inner, n)
        if let remade { stage.activation.slope(output, remade, n) }
        if index == last { gradient = kept.keptInner(index) }
        incoming = UnsafePointer(inner)
      }
      let source = source(pass, index, x)
      let tangentSource = index == 0 ? tx : working.tangents[index - 1].map { UnsafePointer($0.pointer) }
      let target = index == 0 ? tdx : working.next()
      stage.layer.tangentBackward(
        entering(pass, index), v: v, x: source, tx: tangentSource, dy: gradient, tdy: incoming, tdx: target,
        product: product)
      remade = nil
      if index > 0, stage.layer.isFixedMap {
        let made = working.nextPrimal()
        stage.layer.backward(entering(pass, index), x: source, dy: gradient, dx: made, gradient: made)
        remade = made
      }
      if let target { incoming = UnsafePointer(target) }
    }
  }

  var couplesSamples: Bool { stages.contains { $0.layer.couplesSamples } }
}
