import Tensor

/// The forward and backward passes of a network over random arrays, down to the gradient by its input. The
/// benchmark of one layer runs them.
package final class PrimalPasses<Element: Scalar>: Sendable {
  private let form: NetworkForm<Element>
  private let plan: ShardPlan
  private let compute: Compute
  private let operand: Operand<Element>
  private let sum: OrderedSum<Element>
  private let workspaces: ReusePool<Workspace<Element>>
  private let records: PerShard<ShardRecord<Element>>
  private let inputGradients: [Buffer<Element>]

  package init(_ network: Network<Element>, count: Int, compute: Compute) {
    let form = network.folded
    self.form = form
    self.compute = compute
    plan = ShardPlan(count: count, of: network)
    operand = Operand(form)
    sum = OrderedSum(count: form.parameterCount)
    let capacity = plan.capacity
    workspaces = ReusePool { Workspace(form.program, capacity: capacity) }
    let records = plan.shards.map { ShardRecord(form.program, capacity: $0.count) }
    self.records = PerShard(records)
    inputGradients = plan.shards.map { Buffer(count: $0.count * form.program.inputCount) }
    var stream = RandomStream(seed: 0, purpose: "arrays of the passes")
    for record in records {
      for buffer in [record.input, record.outputGradient] {
        for index in 0..<buffer.count { buffer.pointer[index] = Element(stream.normal()) }
      }
    }
  }

  /// Runs both passes.
  /// - Throws: `Cancelled`.
  package func run(_ state: NetworkState<Element>) throws(Cancelled) {
    try state.withPointers(in: form, operand, compute) { pointers throws(Cancelled) in
      try plan.sum(into: sum, with: workspaces, compute) { [self] shard, workspace, part in
        let record = records[shard]
        var pass = record.pass(pointers, workspace)
        pass.count = plan.shards[shard].count
        var memory = record.memory(workspace)
        memory.ends.dx = inputGradients[shard].pointer
        form.program.run(form.program.forward, .init(pass: pass, memory: memory))
        form.program.run(
          form.program.backwardToInput, .init(pass: pass, memory: memory, gradient: part))
      }
    }
  }
}
