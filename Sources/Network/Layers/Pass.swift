import Tensor

/// Memory of one layer over one shard. A layer that keeps something has a subclass of its own.
class Frame {}

/// The settings of a pass over one shard. The caller owns all memory, and keeps it until the pass has ended.
struct Pass<Element: Scalar> {
  /// Samples in the shard.
  var count: Int
  /// φ(θ), in the network's order. Weights that `transformed` holds are undefined here, except in an exact
  /// pass.
  var parameters: UnsafePointer<Element>
  /// θ's transformed weights (`Operand`), if the network has any.
  var transformed: UnsafePointer<Element>?
  /// The direction's transformed weights, in tangent passes. The direction itself is undefined at these
  /// weights.
  var transformedDirection: UnsafePointer<Element>?
  /// Running means and variances of batch normalization, in the network's order.
  var statistics: UnsafePointer<Element>
  /// Memory for the values that the layer's primal passes keep.
  var frame: Frame
  /// Memory that the layer's tangent passes use.
  var workspace: Frame
  /// Scratch memory. Each layer of the pass uses it in turn.
  var scratch: UnsafeMutablePointer<Element>
  /// Whether a forward pass takes no short cut that rounds more than plain sums do. All parameters are then
  /// there.
  var isExact = false
  /// Set in training: which dropout mask to draw.
  var dropout: DropoutKey?
  /// Called by layers with neurons: in a forward pass with their output before normalization and activation,
  /// in a backward pass with its gradient.
  var observer: ((_ weights: Int, _ values: UnsafePointer<Element>, _ rows: Int) -> Void)?

  /// The rows of layers' weights at which the direction is not zero. The direction then has only these rows.
  var support: RowTable?
  /// The rows of layers' weights that are wanted. The gradient or product then has only these rows.
  var wanted: RowTable?

  /// The same pass without its observer, support and wanted rows.
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

/// The source of dropout masks: a seed, and the index of the shard's first sample in the minibatch.
struct DropoutKey: Sendable {
  var seed: UInt64
  var firstSample: Int
}

/// A value for every shard, such as an array or a pass. In a parallel loop over shards each body uses the
/// value of its own shard alone, by the rule of `Disjoint`.
struct PerShard<Value>: Sendable {
  private let values: Disjoint<[Value]>

  init(_ values: [Value]) { self.values = Disjoint(values) }

  var indices: Range<Int> { values.value.indices }
  subscript(shard: Int) -> Value { values.value[shard] }

  func map<Other>(_ transform: (Value) -> Other) -> PerShard<Other> {
    PerShard<Other>(values.value.map(transform))
  }
}

/// The settings of a training step over a minibatch.
struct TrainingStep<Element: Scalar>: Sendable {
  let pool: ComputePool
  let cancellation: Cancellation?
  /// The shards of each lane. They run one after the other and add to one gradient.
  let lanes: [Range<Int>]
  /// A gradient for each lane, of the network's length. A body adds to the gradient of its own lane.
  private let parts: [Buffer<Element>]
  /// Receives the running statistics after the step.
  let statistics: Buffer<Element>

  init(_ compute: Compute, lanes: [Range<Int>], parts: [Buffer<Element>], statistics: Buffer<Element>) {
    pool = compute.pool
    cancellation = compute.cancellation
    self.lanes = lanes
    self.parts = parts
    self.statistics = statistics
  }

  func gradient(ofLane lane: Int) -> UnsafeMutablePointer<Element> { parts[lane].pointer }

  /// Runs `body` for every shard, lanes in parallel.
  func forEachShard(_ body: @Sendable (_ shard: Int, _ lane: Int) -> Void) throws(Cancelled) {
    try pool.run(lanes.count, cancellation: cancellation) { lane in
      for shard in lanes[lane] { body(shard, lane) }
    }
  }
}
