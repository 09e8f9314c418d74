import Tensor

extension Network {
  /// The mean loss and its gradient over samples, nothing kept: memory does not grow with their number.
  /// - Throws: `Cancelled`.
  public func gradient(
    _ state: NetworkState<Element>, on samples: Samples, loss: Loss, compute: Compute
  ) throws(Cancelled) -> (meanLoss: Double, gradient: [Element]) {
    let plan = ShardPlan(count: samples.count, of: self)
    let form = folded
    let root = form.root
    let capacity = plan.capacity
    let places = ReusePool<(ShardRecord<Element>, Workspace<Element>)> {
      (ShardRecord(root, capacity: capacity), Workspace(root, capacity: capacity))
    }
    let count = layout.parameterCount
    let sum = OrderedSum<Element>(count: count)
    let losses = Buffer<Double>(count: samples.count, zeroed: true)
    let scale = 1 / Double(samples.count)
    try state.withPointers(in: form, Operand(form), compute) { pointers throws(Cancelled) in
      try compute.pool.run(plan.lanes.count, cancellation: compute.cancellation) { lane in
        let part = sum.makePart()
        places.with { record, workspace in
          for shard in plan.lanes[lane] where !compute.isCancelled {
            record.load(samples, plan.shards[shard], pointers, workspace)
            record.backward(
              samples, loss, pointers, workspace, losses: losses.pointer + plan.shards[shard].lowerBound,
              scale: scale, gradient: part.pointer)
          }
        }
        sum.add(part, lane: lane)
      }
    }
    return (
      Double.sum(losses.pointer, samples.count) * scale,
      try state.pullBack(sum.total, in: form, compute)
    )
  }
}
