import Tensor

/// Memory to run passes over one shard in: the buffers of tangent passes, and scratch.
final class Workspace<Element: Scalar> {
  let working: Program<Element>.Working
  let scratch: Buffer<Element>
  /// Rows of the network's output: tangents of outputs, and gradients by them.
  let rows: [Buffer<Element>]
  let capacity: Int

  init(_ program: Program<Element>, capacity: Int) {
    self.capacity = capacity
    working = Program<Element>.Working(program, capacity: capacity)
    scratch = Buffer(count: program.scratchCount(capacity: capacity))
    rows = (0..<2).map { _ in Buffer(count: capacity * program.outputCount) }
  }
}

/// All memory that passes over one shard need. It is used for one shard after the other.
final class ShardPlace<Element: Scalar> {
  let record: ShardRecord<Element>
  let workspace: Workspace<Element>
  /// A value for each sample.
  private(set) lazy var values = Buffer<Double>(count: workspace.capacity)
  private let parameterCount: Int
  /// A vector of φ's length, zero at first.
  private(set) lazy var gradient = Buffer<Element>(count: parameterCount, zeroed: true)

  init(_ form: NetworkForm<Element>, capacity: Int) {
    record = ShardRecord(form.program, capacity: capacity)
    workspace = Workspace(form.program, capacity: capacity)
    parameterCount = form.parameterCount
  }
}
