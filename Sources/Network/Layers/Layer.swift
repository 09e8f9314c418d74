import Tensor

/// What one layer does to a shard of `pass.count` samples.
///
/// Four passes stand side by side in every layer's file:
///
/// | pass | given | gives |
/// |---|---|---|
/// | forward | x | y = f(x, θ) |
/// | backward | x, ∂y | ∂x = fₓᵀ∂y, and adds f_θᵀ∂y to the gradient |
/// | tangentForward | x, ẋ, v | ẏ = fₓẋ + f_θ v |
/// | tangentBackward | x, ẋ, ∂y, ∂ẏ, v | ∂ẋ = d/dt (fₓᵀ∂y), and adds d/dt (f_θᵀ∂y) to the product |
///
/// where d/dt is the derivative along (ẋ, v): Pearlmutter's R-operator (1994) on the backward pass. Arrays hold
/// the samples channels-last; parameters lie in vectors of the network's whole length, and a layer finds its
/// own at its offsets.
protocol Layer<Element>: Sendable {
  associatedtype Element: Scalar

  var input: Shape { get }
  var output: Shape { get }

  /// What is computed from weights once, before the passes over the shards read it.
  var weightTransforms: [WeightTransform<Element>] { get }

  /// Whether the layer is y = Ax with an A that the forward pass settles: its backward passes read neither x nor ẋ, and its ∂x
  /// costs little.
  var isFixedMap: Bool { get }

  /// Elements of scratch that a pass over `capacity` samples needs.
  func scratchCount(capacity: Int) -> Int

  /// Values of a sample that the layer keeps for products, besides those that the chain around keeps.
  var keptValues: Int { get }

  /// Memory for what the primal passes over one shard leave behind.
  func makeFrame(capacity: Int) -> Frame

  /// Memory for what one pass over a shard needs and nobody keeps.
  /// - Parameter turns: of the chain around.
  func makeWorkspace(capacity: Int, turns: Turns<Element>) -> Frame

  func forward(_ pass: Pass<Element>, x: UnsafePointer<Element>, y: UnsafeMutablePointer<Element>)

  /// - Parameters:
  ///   - dx: receives ∂x; nil where nobody asks.
  ///   - gradient: of the network's length, added to.
  func backward(
    _ pass: Pass<Element>, x: UnsafePointer<Element>, dy: UnsafePointer<Element>,
    dx: UnsafeMutablePointer<Element>?, gradient: UnsafeMutablePointer<Element>)

  /// - Parameters:
  ///   - v: of the network's length.
  ///   - tx: ẋ; nil where it is zero.
  func tangentForward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: UnsafePointer<Element>,
    tx: UnsafePointer<Element>?, ty: UnsafeMutablePointer<Element>)

  /// - Parameters:
  ///   - dy: ∂y of the primal backward pass.
  ///   - tdy: ∂ẏ.
  ///   - tdx: receives ∂ẋ; nil where nobody asks.
  ///   - product: of the network's length, added to; nil where nobody asks.
  func tangentBackward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: UnsafePointer<Element>,
    tx: UnsafePointer<Element>?, dy: UnsafePointer<Element>, tdy: UnsafePointer<Element>,
    tdx: UnsafeMutablePointer<Element>?, product: UnsafeMutablePointer<Element>?)

  /// Whether training needs all shards of a minibatch at once (batch statistics).
  var couplesSamples: Bool { get }

  /// `forward` in training, over all shards of a minibatch.
  func trainForward(
    _ step: TrainingStep<Element>, _ passes: [Pass<Element>], x: [UnsafePointer<Element>],
    y: [UnsafeMutablePointer<Element>]) throws(Cancelled)

  /// `backward` in training, over all shards of a minibatch; gradients go to each pass's lane.
  func trainBackward(
    _ step: TrainingStep<Element>, _ passes: [Pass<Element>], x: [UnsafePointer<Element>],
    dy: [UnsafePointer<Element>], dx: [UnsafeMutablePointer<Element>]?) throws(Cancelled)
}

/// Memory of one layer over one shard. Layers that keep something have a subclass of their own.
class Frame: @unchecked Sendable {}

/// What a pass over one shard is given besides its arrays.
struct Pass<Element: Scalar>: @unchecked Sendable {
  /// Samples in the shard.
  var count: Int
  /// θ, in the network's order.
  var parameters: UnsafePointer<Element>
  /// θ's transformed weights (`Operand`), where the network has any.
  var transformed: UnsafePointer<Element>?
  /// v's, in tangent passes.
  var transformedDirection: UnsafePointer<Element>?
  /// Running means and variances of batch normalization, in the network's order.
  var statistics: UnsafePointer<Element>
  /// What the layer's primal passes keep.
  var frame: Frame
  /// What the layer's tangent passes use.
  var workspace: Frame
  /// Shared by all layers of the pass, one after the other.
  var scratch: UnsafeMutablePointer<Element>
  /// Whether a backward pass leaves the gradients that products read in the frame.
  var keepsGradients = false
  /// Whether a forward pass takes no short cuts that round more than plain sums; the parameters are all there then.
  var isExact = false
  /// Set in training: which dropout mask to draw.
  var dropout: DropoutKey?
  /// Called by parameterised layers with their output before normalization and activation in a forward
  /// pass, and with its gradient in a backward pass.
  var observer: ((_ weights: Int, _ values: UnsafePointer<Element>, _ rows: Int) -> Void)?

  /// Rows of layers' weights outside of which the direction vanishes: it holds those alone.
  var support: RowTable?
  /// Rows of layers' weights that are asked for: the gradient or product holds those alone.
  var wanted: RowTable?

  /// The same pass without what concerns single neurons.
  var plain: Pass {
    var pass = self
    pass.observer = nil
    pass.support = nil
    pass.wanted = nil
    return pass
  }

  /// The same pass for a layer inside.
  func entering(_ frame: Frame, _ workspace: Frame) -> Pass {
    var pass = self
    pass.frame = frame
    pass.workspace = workspace
    return pass
  }
}

/// Where dropout masks come from: a seed, and the index of the shard's first sample in the minibatch.
struct DropoutKey: Sendable {
  var seed: UInt64
  var firstSample: Int
}

/// What a training step over a minibatch is given.
struct TrainingStep<Element: Scalar>: @unchecked Sendable {
  var pool: ComputePool
  var cancellation: Cancellation?
  /// Shards of each lane: a lane's shards run one after the other and share a gradient.
  var lanes: [Range<Int>]
  /// One gradient a lane, of the network's length.
  var gradients: [UnsafeMutablePointer<Element>]
  /// Receives the running statistics after the step.
  var statistics: UnsafeMutablePointer<Element>

  /// Runs `body` for every shard, lanes in parallel.
  func forEachShard(_ body: @Sendable (_ shard: Int, _ lane: Int) -> Void) throws(Cancelled) {
    try pool.run(lanes.count, cancellation: cancellation) { lane in
      for shard in lanes[lane] { body(shard, lane) }
    }
  }
}

extension Layer {
  var weightTransforms: [WeightTransform<Element>] { [] }
  var isFixedMap: Bool { false }
  func scratchCount(capacity: Int) -> Int { 0 }
  var keptValues: Int { 0 }
  func makeFrame(capacity: Int) -> Frame { Frame() }
  func makeWorkspace(capacity: Int, turns: Turns<Element>) -> Frame { Frame() }
  var couplesSamples: Bool { false }

  func trainForward(
    _ step: TrainingStep<Element>, _ passes: [Pass<Element>], x: [UnsafePointer<Element>],
    y: [UnsafeMutablePointer<Element>]
  ) throws(Cancelled) {
    let arrays = ShardArrays(x: x, y: y)
    try step.forEachShard { shard, _ in forward(passes[shard], x: arrays.x[shard], y: arrays.y[shard]) }
  }

  func trainBackward(
    _ step: TrainingStep<Element>, _ passes: [Pass<Element>], x: [UnsafePointer<Element>],
    dy: [UnsafePointer<Element>], dx: [UnsafeMutablePointer<Element>]?
  ) throws(Cancelled) {
    let arrays = ShardArrays(x: x, y: [], dy: dy, dx: dx)
    try step.forEachShard { shard, lane in
      backward(
        passes[shard], x: arrays.x[shard], dy: arrays.dy[shard], dx: arrays.dx?[shard],
        gradient: step.gradients[lane])
    }
  }
}

/// The arrays of all shards, handed to a parallel loop in which each shard touches its own.
struct ShardArrays<Element>: @unchecked Sendable {
  var x: [UnsafePointer<Element>]
  var y: [UnsafeMutablePointer<Element>]
  var dy: [UnsafePointer<Element>] = []
  var dx: [UnsafeMutablePointer<Element>]?
}
