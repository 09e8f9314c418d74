import Tensor

/// The shapes and memory of a layer, which the program around it needs to know.
protocol LayerBody<Element>: Sendable {
  associatedtype Element: Scalar

  /// Values of a sample that the layer gives.
  var outputCount: Int { get }

  /// Transforms of weights that are computed once, before the passes over the shards read them.
  var weightTransforms: [WeightTransform<Element>] { get }

  /// Elements of scratch that a pass over `capacity` samples needs.
  func scratchCount(capacity: Int) -> Int

  /// Values of a sample that the layer keeps for products, besides the values that the program keeps.
  var keptValues: Int { get }

  /// Memory for the values that the primal passes over one shard leave behind.
  func makeFrame(capacity: Int) -> Frame

  /// Memory that one pass over a shard needs and that nobody keeps.
  /// - Parameter spares: shared by all layers of the network.
  func makeWorkspace(capacity: Int, spares: Spares<Element>) -> Frame
}

/// A layer whose input and output are pictures, or positions with features.
protocol PictureBody: LayerBody {
  var input: Shape { get }
  var output: Shape { get }
}

extension PictureBody {
  var outputCount: Int { output.count }
}

extension LayerBody {
  var weightTransforms: [WeightTransform<Element>] { [] }
  func scratchCount(capacity: Int) -> Int { 0 }
  var keptValues: Int { 0 }
  func makeFrame(capacity: Int) -> Frame { Frame() }
  func makeWorkspace(capacity: Int, spares: Spares<Element>) -> Frame { Frame() }
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
/// d/dt is the derivative along (ẋ, v): Pearlmutter's R-operator (1994) on the backward pass. Arrays hold
/// samples channels-last. Vectors of parameters have the length of θ. The caller owns every array.
protocol Layer<Element>: LayerBody {
  func forward(_ pass: Pass<Element>, x: UnsafePointer<Element>, y: UnsafeMutablePointer<Element>)

  /// - Parameters:
  ///   - dx: receives ∂x; nil if not wanted.
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
  ///   - tdx: receives ∂ẋ; nil if not wanted.
  ///   - product: of the network's length, added to; nil if not wanted.
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

/// A layer that couples the samples of a minibatch in training. Its training passes get all shards at once.
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

/// A layer y = Ax without parameters. A is fixed, or the forward pass chooses it.
///
/// tangentForward is A; backward and tangentBackward are Aᵀ. They read neither the x nor the ẋ of earlier
/// passes, so these need not be kept.
protocol FixedMap<Element>: LayerBody {
  /// y ← Ax. If A depends on x, this pass chooses A.
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
