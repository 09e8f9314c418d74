import Tensor

/// Layers one after the other, each followed by its activation: zᵢ = fᵢ(aᵢ₋₁), aᵢ = φᵢ(zᵢ), a₀ = x. A chain
/// is a whole network, or a branch of a residual block. A frame keeps only the values that later passes read.
/// All other values are written into two buffers in turn. The page of the module lists what is kept.
struct Chain<Element: Scalar>: Sendable {
  struct Stage: Sendable {
    enum Passes: Sendable {
      case layer(any Layer<Element>)
      case map(any FixedMap<Element>)
    }

    let passes: Passes
    let body: any LayerBody<Element>
    /// φ; nil is the identity.
    var activation: (any Elementwise)?

    init(_ layer: some Layer<Element>) {
      passes = .layer(layer)
      body = layer
    }

    init(_ map: some FixedMap<Element>, activation: (any Elementwise)? = nil) {
      passes = .map(map)
      body = map
      self.activation = activation
    }

    var isFixedMap: Bool { if case .map = passes { true } else { false } }

    /// Whether φ has a second derivative.
    var isCurved: Bool { activation?.isPiecewiseLinear == false }

    var coupled: (any CoupledLayer<Element>)? {
      if case .layer(let layer) = passes { layer.coupled } else { nil }
    }
  }

  let input: Shape
  let stages: [Stage]

  var output: Shape { stages.last?.body.output ?? input }

  /// Whether the last layer has no activation behind it.
  var endsInLayer: Bool { stages.last.map { $0.activation == nil } ?? false }

  /// Whether training needs all shards of a minibatch at once.
  var couplesSamples: Bool { stages.contains { $0.coupled != nil } }

  // MARK: Memory

  private func sizes(_ capacity: Int) -> [Int] { stages.map { capacity * $0.body.output.count } }

  /// Whether the layer after stage i is a fixed map.
  func entersMap(_ index: Int) -> Bool { index + 1 < stages.count && stages[index + 1].isFixedMap }

  /// Whether aᵢ is kept. The last output is not: the caller provides its memory.
  private func keepsOutput(_ index: Int) -> Bool {
    index + 1 < stages.count && (stages[index].activation != nil || !entersMap(index))
  }

  private func keepsTangent(_ index: Int) -> Bool {
    index + 1 < stages.count && (stages[index].isCurved || !entersMap(index))
  }

  var weightTransforms: [WeightTransform<Element>] { stages.flatMap { $0.body.weightTransforms } }

  /// Elements of scratch that a pass over `capacity` samples needs.
  func scratchCount(capacity: Int) -> Int {
    stages.map { $0.body.scratchCount(capacity: capacity) }.max() ?? 0
  }

  /// Values of a sample that are kept for products.
  var keptValues: Int {
    stages.indices.reduce(0) { sum, index in
      let stage = stages[index]
      let gradients = entersMap(index) ? 0 : stage.isCurved ? 2 : 1
      return sum + stage.body.keptValues + stage.body.output.count
        * ((keepsOutput(index) ? 1 : 0) + gradients)
    }
  }

  func makeFrame(capacity: Int) -> Frame {
    let sizes = sizes(capacity)
    return Kept(
      outputs: stages.indices.map { keepsOutput($0) ? Buffer(count: sizes[$0]) : nil },
      frames: stages.map { $0.body.makeFrame(capacity: capacity) }, sizes: sizes)
  }

  /// - Parameter turns: the buffers that all chains at this depth of nesting share.
  func makeWorkspace(capacity: Int, turns: Turns<Element>) -> Frame {
    Working(
      frames: stages.map { $0.body.makeWorkspace(capacity: capacity, turns: turns) }, sizes: sizes(capacity),
      keepsTangent: stages.indices.map(keepsTangent), turns: turns)
  }

  func kept(_ pass: Pass<Element>) -> Kept { unsafeDowncast(pass.frame, to: Kept.self) }
  func working(_ pass: Pass<Element>) -> Working { unsafeDowncast(pass.workspace, to: Working.self) }

  /// The pass for the layer of a stage.
  func entering(_ pass: Pass<Element>, _ index: Int) -> Pass<Element> {
    pass.entering(kept(pass).frames[index], working(pass).frames[index])
  }

  /// Values of stage i over the shard.
  func count(_ pass: Pass<Element>, _ index: Int) -> Int { pass.count * stages[index].body.output.count }
}
