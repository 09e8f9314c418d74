import Tensor

extension Network {
  /// The gradient of the loss of every sample by itself, a vector each, with the bits that `gradient` gives for that
  /// sample alone.
  /// - Throws: `Cancelled`.
  public func sampleGradients(
    _ state: NetworkState<Element>, on samples: Samples, loss: Loss, compute: Compute
  ) throws(Cancelled) -> VectorBlock<Element> {
    let count = layout.parameterCount
    var gradients = VectorBlock<Element>(count: samples.count, length: count, zeroed: false)
    if samples.count == 0 { return gradients }
    let stride = gradients.stride
    let form = folded
    let places = ReusePool<(ShardRecord<Element>, Workspace<Element>, Buffer<Element>)> {
      (ShardRecord(form.root, capacity: 1), Workspace(form.root, capacity: 1), Buffer(count: count))
    }
    let losses = Buffer<Double>(count: samples.count)
    let alone = Compute(pool: .single, cancellation: compute.cancellation)
    try gradients.withMutablePointer { first throws(Cancelled) in
      let rows = Disjoint(first)
      try state.withPointers(in: form, Operand(form), compute) { pointers throws(Cancelled) in
        try compute.pool.run(samples.count, cancellation: compute.cancellation) { index in
          places.with { record, workspace, sum in
            sum.clear()
            record.load(samples, index..<index + 1, pointers, workspace)
            record.backward(
              samples, loss, pointers, workspace, losses: losses.pointer + index, scale: 1,
              gradient: sum.pointer)
            // Cancelled only where the check below throws the same.
            try? state.withArrays { theta, running throws(Cancelled) in
              try form.pullBack(
                UnsafePointer(sum.pointer), theta: theta, running: running,
                into: rows.pointer + index * stride, alone)
            }
          }
        }
        try compute.cancellation?.check()
      }
    }
    return gradients
  }
}
