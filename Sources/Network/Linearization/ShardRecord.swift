import Tensor

/// One shard with the kept values of its forward and backward pass.
final class ShardRecord<Element: Scalar> {
  private(set) var range: Range<Int>
  let input: Buffer<Element>
  let frame: Frame
  let output: Buffer<Element>
  /// ∂ℓ/∂f, divided by the number of samples of the whole set.
  let outputGradient: Buffer<Element>
  private let root: Chain<Element>

  init(_ root: Chain<Element>, capacity: Int) {
    self.root = root
    range = 0..<0
    input = Buffer(count: capacity * root.input.count)
    frame = root.makeFrame(capacity: capacity)
    output = Buffer(count: capacity * root.output.count)
    outputGradient = Buffer(count: capacity * root.output.count)
  }

  var columns: Int { root.output.count }

  func pass(_ state: StatePointers<Element>, _ workspace: Workspace<Element>) -> Pass<Element> {
    Pass(
      count: range.count, parameters: state.parameters, transformed: state.transformed,
      statistics: state.statistics, frame: frame,
      workspace: workspace.frame, scratch: workspace.scratch.pointer)
  }

  /// Copies the samples at `range` into the record.
  func gather(_ samples: Samples, _ range: Range<Int>) {
    self.range = range
    samples.source.copyInputs(samples.indices[range], into: input.pointer)
  }

  /// Loads the samples at `range` and runs the forward pass.
  /// - Parameter isExact: see `Pass`.
  func load(
    _ samples: Samples, _ range: Range<Int>, _ state: StatePointers<Element>, _ workspace: Workspace<Element>,
    observer: ((Int, UnsafePointer<Element>, Int) -> Void)? = nil, dropout: DropoutKey? = nil,
    isExact: Bool = false
  ) {
    gather(samples, range)
    forward(state, workspace, observer: observer, dropout: dropout, isExact: isExact)
  }

  /// Runs the forward pass over the samples of the record.
  func forward(
    _ state: StatePointers<Element>, _ workspace: Workspace<Element>,
    observer: ((Int, UnsafePointer<Element>, Int) -> Void)? = nil, dropout: DropoutKey? = nil,
    isExact: Bool = false
  ) {
    var pass = pass(state, workspace)
    pass.observer = observer
    pass.dropout = dropout
    pass.isExact = isExact
    root.forward(pass, x: input.pointer, y: output.pointer)
  }

  /// Runs the loss and the backward pass, adding to `gradient`.
  /// - Parameters:
  ///   - losses: receives a loss for each sample of the shard.
  ///   - keepsGradients: whether later products will read the gradients.
  func backward(
    _ samples: Samples, _ loss: Loss, _ state: StatePointers<Element>, _ workspace: Workspace<Element>,
    losses: UnsafeMutablePointer<Double>, scale: Double, gradient: UnsafeMutablePointer<Element>,
    keepsGradients: Bool = false,
    observer: ((Int, UnsafePointer<Element>, Int) -> Void)? = nil, dropout: DropoutKey? = nil
  ) {
    loss.evaluate(
      output.pointer, columns: columns, targets: samples.targets, range: range, losses: losses,
      gradient: outputGradient.pointer, scale: scale)
    var pass = pass(state, workspace)
    pass.observer = observer
    pass.dropout = dropout
    pass.keepsGradients = keepsGradients
    root.backward(
      pass, x: input.pointer, y: output.pointer, dy: outputGradient.pointer, dx: nil, gradient: gradient)
  }
}

/// φ(θ), its transformed weights and the running statistics, for passes to read. The scope that made the
/// pointers lends the memory, and nothing writes it meanwhile.
struct StatePointers<Element>: Sendable {
  private let memory:
    Disjoint<
      (
        parameters: UnsafePointer<Element>, transformed: UnsafePointer<Element>?,
        statistics: UnsafePointer<Element>
      )
    >

  init(
    parameters: UnsafePointer<Element>, transformed: UnsafePointer<Element>?,
    statistics: UnsafePointer<Element>
  ) {
    memory = Disjoint((parameters, transformed, statistics))
  }

  var parameters: UnsafePointer<Element> { memory.value.parameters }
  var transformed: UnsafePointer<Element>? { memory.value.transformed }
  var statistics: UnsafePointer<Element> { memory.value.statistics }
}
