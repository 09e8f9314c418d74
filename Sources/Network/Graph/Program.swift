import Tensor

/// A network as the steps of its passes: the stages of the graph, and a schedule for each pass.
///
/// A schedule says which memory every step reads and writes. Only values that later passes read again are
/// kept (`Wiring`). All others share slots of a workspace.
struct Program<Element: Scalar>: Sendable {
  /// An operation with the activation behind it.
  struct Stage: Sendable {
    enum Passes: Sendable {
      case layer(any Layer<Element>)
      case joint(any Joint<Element>)
      case map(any FixedMap<Element>)
      /// The sum of the inputs.
      case sum
    }

    let passes: Passes
    /// nil for a sum, which keeps nothing.
    let body: (any LayerBody<Element>)?
    /// Values of a sample that the stage gives.
    let count: Int
    /// φ; nil is the identity.
    var activation: (any Elementwise)?
    /// Whether its parameters are no part of θ.
    var isFrozen = false

    init(_ layer: some Layer<Element>) {
      passes = .layer(layer)
      body = layer
      count = layer.outputCount
    }

    init(_ joint: some Joint<Element>) {
      passes = .joint(joint)
      body = joint
      count = joint.outputCount
    }

    init(_ map: some FixedMap<Element>, activation: (any Elementwise)? = nil) {
      passes = .map(map)
      body = map
      count = map.outputCount
      self.activation = activation
    }

    /// A sum of inputs that have `count` values each.
    init(sumOf count: Int) {
      passes = .sum
      body = nil
      self.count = count
    }

    /// The layer, if training needs all shards of a minibatch at once.
    var coupled: (any CoupledLayer<Element>)? {
      if case .layer(let layer) = passes { layer.coupled } else { nil }
    }

    /// Whether an activation may take the place of the stage's own values. Passes that read y read those.
    var takesActivation: Bool {
      if case .joint(let joint) = passes, joint.uses.output { return false }
      return activation == nil
    }

    fileprivate var kind: Wiring.Kind {
      switch passes {
      case .layer: .layer(LayerUses())
      case .joint(let joint): .layer(joint.uses)
      case .map: .map
      case .sum: .sum
      }
    }

    fileprivate var hasParameters: Bool {
      switch passes {
      case .layer: !isFrozen
      case .joint(let joint): joint.hasParameters && !isFrozen
      case .map, .sum: false
      }
    }
  }

  /// Values of a sample of the network's input and output.
  let inputCount: Int
  let outputCount: Int
  let stages: [Stage]
  let wiring: Wiring

  /// The forward pass that keeps what later passes read, and the one that keeps nothing.
  let forward: Schedule
  let inference: Schedule
  /// The backward pass that keeps the gradients that products read, and those that keep nothing.
  let backwardKeeping: Schedule
  let backward: Schedule
  let backwardToInput: Schedule
  let tangentForward: Schedule
  let tangentBackward: Schedule
  let tangentBackwardToInput: Schedule
  /// Values a sample of each slot of a workspace.
  let slots: [Int]

  /// - Parameter inputs: the values that each stage reads; value 0 is the network's input, and value i + 1 is
  ///   given by stage i.
  init(inputCount: Int, stages: [Stage], inputs: [[Int]], outputValue: Int) {
    self.inputCount = inputCount
    self.stages = stages
    let wiring = Wiring(
      stages: zip(stages, inputs).enumerated().map { index, pair in
        let (stage, inputs) = pair
        return Wiring.Stage(
          kind: stage.kind,
          activation: stage.activation.map { $0.isPiecewiseLinear ? .piecewiseLinear : .curved } ?? .none,
          hasParameters: stage.hasParameters, inputs: inputs, output: index + 1)
      }, sizes: [inputCount] + stages.map(\.count), output: outputValue)
    self.wiring = wiring
    outputCount = wiring.sizes[outputValue]
    var slots: [Int] = []
    forward = wiring.forward(keeps: true, &slots)
    inference = wiring.forward(keeps: false, &slots)
    let keeping = wiring.backward(keeps: true, &slots)
    backwardKeeping = keeping.schedule
    backward = wiring.backward(keeps: false, &slots).schedule
    backwardToInput = wiring.backward(keeps: false, toInput: true, &slots).schedule
    tangentForward = wiring.tangentForward(&slots)
    tangentBackward = wiring.tangentBackward(keeping.primal, toInput: false, &slots)
    tangentBackwardToInput = wiring.tangentBackward(keeping.primal, toInput: true, &slots)
    self.slots = slots
  }

  /// Whether training needs all shards of a minibatch at once.
  var couplesSamples: Bool { stages.contains { $0.coupled != nil } }

  var weightTransforms: [WeightTransform<Element>] { stages.flatMap { $0.body?.weightTransforms ?? [] } }

  /// Elements of scratch that a pass over `capacity` samples needs.
  func scratchCount(capacity: Int) -> Int {
    stages.map { $0.body?.scratchCount(capacity: capacity) ?? 0 }.max() ?? 0
  }

  /// Values of a sample that are kept for products.
  var keptValues: Int { wiring.keptValues + stages.reduce(0) { $0 + ($1.body?.keptValues ?? 0) } }
}
