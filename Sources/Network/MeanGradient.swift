import Tensor

extension Network {
  /// The mean loss and its gradient over samples. Nothing is kept, so memory does not grow with the samples.
  /// - Throws: `Cancelled`.
  @specialized(where Element == Float)
  @specialized(where Element == Double)
  public func gradient(
    _ state: NetworkState<Element>, on samples: Samples, loss: Loss, compute: Compute
  ) throws(Cancelled) -> (meanLoss: Double, gradient: [Element]) {
    let plan = ShardPlan(count: samples.count, of: self)
    let form = folded
    let places = plan.places(form)
    let sum = OrderedSum<Element>(count: form.parameterCount)
    let losses = Buffer<Double>(count: samples.count, zeroed: true)
    let scale = 1 / Double(samples.count)
    try state.withPointers(in: form, Operand(form), compute) { pointers throws(Cancelled) in
      try plan.sum(into: sum, with: places, compute) { shard, place, part in
        let range = plan.shards[shard]
        place.record.load(samples, range, pointers, place.workspace)
        place.record.backward(
          samples, loss, pointers, place.workspace, losses: losses.pointer + range.lowerBound, scale: scale,
          gradient: part)
      }
    }
    return (
      Double.sum(losses.pointer, samples.count) * scale,
      try state.pullBack(sum.total, in: form, compute)
    )
  }
}
