import Tensor

/// The shapes and memory of a layer, which the chain around it needs to know.
protocol LayerBody<Element>: Sendable {
  associatedtype Element: Scalar

  var input: Shape { get }
  var output: Shape { get }

  /// Transforms of weights that are computed once, before the passes over the shards read them.
  var weightTransforms: [WeightTransform<Element>] { get }

  /// Elements of scratch that a pass over `capacity` samples needs.
  func scratchCount(capacity: Int) -> Int

  /// Values of a sample that the layer keeps for products, besides the values that the chain around keeps.
  var keptValues: Int { get }

  /// Memory for the values that the primal passes over one shard leave behind.
  func makeFrame(capacity: Int) -> Frame

  /// Memory that one pass over a shard needs and that nobody keeps.
  /// - Parameter turns: of the chain around.
  func makeWorkspace(capacity: Int, turns: Turns<Element>) -> Frame
}

extension LayerBody {
  var weightTransforms: [WeightTransform<Element>] { [] }
  func scratchCount(capacity: Int) -> Int { 0 }
  var keptValues: Int { 0 }
  func makeFrame(capacity: Int) -> Frame { Frame() }
  func makeWorkspace(capacity: Int, turns: Turns<Element>) -> Frame { Frame() }
}

/// One layer's passes over a shard of `pass.count` samples.
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
/// where d/dt is the derivative along (ẋ, v): Pearlmutter's R-operator (1994) on the backward pass. Arrays
/// hold the samples channels-last. Parameters lie in vectors of the network's whole length, and a layer finds
/// its own at its offsets. The caller owns every array. A pass writes only through mutable pointers.
protocol Layer<Element>: LayerBody {
  func forward(_ pass: Pass<Element>, x: UnsafePointer<Element>, y: UnsafeMutablePointer<Element>)

  /// - Parameters:
  ///   - dx: receives ∂x; nil if nobody asks.
  ///   - gradient: of the network's length, added to.
  func backward(
    _ pass: Pass<Element>, x: UnsafePointer<Element>, dy: UnsafePointer<Element>,
    dx: UnsafeMutablePointer<Element>?, gradient: UnsafeMutablePointer<Element>)

  /// - Parameters:
  ///   - v: of the network's length.
  ///   - tx: ẋ; nil if it is zero.
  func tangentForward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: UnsafePointer<Element>,
    tx: UnsafePointer<Element>?, ty: UnsafeMutablePointer<Element>)

  /// - Parameters:
  ///   - dy: ∂y of the primal backward pass.
  ///   - tdy: ∂ẏ.
  ///   - tdx: receives ∂ẋ; nil if nobody asks.
  ///   - product: of the network's length, added to; nil if nobody asks.
  func tangentBackward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: UnsafePointer<Element>,
    tx: UnsafePointer<Element>?, dy: UnsafePointer<Element>, tdy: UnsafePointer<Element>,
    tdx: UnsafeMutablePointer<Element>?, product: UnsafeMutablePointer<Element>?)

  /// The layer's training passes, if training needs all shards of a minibatch at once (batch statistics).
  var coupled: (any CoupledLayer<Element>)? { get }
}

extension Layer {
  var coupled: (any CoupledLayer<Element>)? { nil }
}

/// A layer that couples the samples of a minibatch in training: its training passes see all shards at once.
protocol CoupledLayer<Element>: Layer {
  /// `forward` in training.
  func trainForward(
    _ step: TrainingStep<Element>, _ passes: PerShard<Pass<Element>>, x: PerShard<UnsafePointer<Element>>,
    y: PerShard<UnsafeMutablePointer<Element>>) throws(Cancelled)

  /// `backward` in training; gradients go to the lane of each shard.
  func trainBackward(
    _ step: TrainingStep<Element>, _ passes: PerShard<Pass<Element>>, x: PerShard<UnsafePointer<Element>>,
    dy: PerShard<UnsafePointer<Element>>, dx: PerShard<UnsafeMutablePointer<Element>>?) throws(Cancelled)
}

/// A layer y = Ax without parameters. The forward pass settles A at the latest.
///
/// tangentForward is A; backward and tangentBackward are Aᵀ. They read neither the x nor the ẋ of earlier
/// passes, so a chain need not keep these.
protocol FixedMap<Element>: LayerBody {
  /// y ← Ax, and settles A if A depends on x.
  func forward(_ pass: Pass<Element>, x: UnsafePointer<Element>, y: UnsafeMutablePointer<Element>)

  /// ty ← Aẋ, with the A of the forward pass.
  func push(_ pass: Pass<Element>, tx: UnsafePointer<Element>, ty: UnsafeMutablePointer<Element>)

  /// dx ← Aᵀ∂y, with the A of the forward pass.
  func pull(_ pass: Pass<Element>, dy: UnsafePointer<Element>, dx: UnsafeMutablePointer<Element>)
}

extension FixedMap {
  func push(_ pass: Pass<Element>, tx: UnsafePointer<Element>, ty: UnsafeMutablePointer<Element>) {
    forward(pass, x: tx, y: ty)
  }
}
