import Tensor

/// One shard with the kept values of its forward and backward pass.
final class ShardRecord<Element: Scalar> {
  private(set) var range: Range<Int>
  let input: Buffer<Element>
  let kept: Program<Element>.Kept
  let output: Buffer<Element>
  /// ∂ℓ/∂f, divided by the number of samples of the whole set.
  let outputGradient: Buffer<Element>
  private let program: Program<Element>
  /// Stands for the memory of a stage until the pass enters one.
  private let noFrame = Frame()

  init(_ program: Program<Element>, capacity: Int) {
    self.program = program
    range = 0..<0
    input = Buffer(count: capacity * program.inputCount)
    kept = Program<Element>.Kept(program, capacity: capacity)
    output = Buffer(count: capacity * program.outputCount)
    outputGradient = Buffer(count: capacity * program.outputCount)
  }

  var columns: Int { program.outputCount }

  func pass(_ state: StatePointers<Element>, _ workspace: Workspace<Element>) -> Pass<Element> {
    Pass(
      count: range.count, parameters: state.parameters, transformed: state.transformed,
      statistics: state.statistics, frame: noFrame, workspace: noFrame,
      scratch: workspace.scratch.pointer)
  }

  /// The arrays of the shard, for a run of the program in a workspace.
  func memory(_ workspace: Workspace<Element>) -> Program<Element>.Memory {
    .init(
      kept: kept, working: workspace.working,
      ends: .init(x: input.pointer, y: output.pointer, dy: outputGradient.pointer))
  }

  /// Copies the samples at `range` into the record.
  func gather(_ samples: Samples, _ range: Range<Int>) {
    self.range = range
    samples.source.copyInputs(samples.indices[range], into: input.pointer)
  }

  /// Loads the samples at `range` and runs the forward pass.
  /// - Parameters:
  ///   - isExact: see `Pass`.
  ///   - keeps: whether values stay for a backward pass or products.
  func load(
    _ samples: Samples, _ range: Range<Int>, _ state: StatePointers<Element>, _ workspace: Workspace<Element>,
    observer: ((Int, UnsafePointer<Element>, Int) -> Void)? = nil, dropout: DropoutKey? = nil,
    isExact: Bool = false, keeps: Bool = true
  ) {
    gather(samples, range)
    forward(state, workspace, observer: observer, dropout: dropout, isExact: isExact, keeps: keeps)
  }

  /// Runs the forward pass over the samples that are there.
  /// - Parameter keeps: whether values stay for a backward pass or products.
  func forward(
    _ state: StatePointers<Element>, _ workspace: Workspace<Element>,
    observer: ((Int, UnsafePointer<Element>, Int) -> Void)? = nil, dropout: DropoutKey? = nil,
    isExact: Bool = false, keeps: Bool = true
  ) {
    var pass = pass(state, workspace)
    pass.observer = observer
    pass.dropout = dropout
    pass.isExact = isExact
    program.run(keeps ? program.forward : program.inference, .init(pass: pass, memory: memory(workspace)))
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
    program.run(
      keepsGradients ? program.backwardKeeping : program.backward,
      .init(pass: pass, memory: memory(workspace), gradient: gradient))
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
