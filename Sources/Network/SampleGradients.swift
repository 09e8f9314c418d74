import Tensor

extension Network {
  /// The gradients of the losses of single samples, a vector for each sample, with the bits that `gradient`
  /// gives for that sample alone.
  /// - Throws: `Cancelled`.
  @specialized(where Element == Float)
  @specialized(where Element == Double)
  public func sampleGradients(
    _ state: NetworkState<Element>, on samples: Samples, loss: Loss, compute: Compute
  ) throws(Cancelled) -> VectorBlock<Element> {
    let count = layout.parameterCount
    var gradients = VectorBlock<Element>(count: samples.count, length: count, zeroed: false)
    if samples.count == 0 { return gradients }
    let stride = gradients.stride
    let form = folded
    let places = ReusePool { ShardPlace(form, capacity: 1) }
    let losses = Buffer<Double>(count: samples.count)
    let alone = Compute(pool: .single, cancellation: compute.cancellation)
    try gradients.withMutablePointer { first throws(Cancelled) in
      let rows = Disjoint(first)
      try state.withPointers(in: form, Operand(form), compute) { pointers throws(Cancelled) in
        try compute.pool.run(samples.count, cancellation: compute.cancellation) { index throws(Cancelled) in
          try places.with { place throws(Cancelled) in
            place.gradient.clear()
            place.record.load(samples, index..<index + 1, pointers, place.workspace)
            place.record.backward(
              samples, loss, pointers, place.workspace, losses: losses.pointer + index, scale: 1,
              gradient: place.gradient.pointer)
            try state.withArrays { theta, running throws(Cancelled) in
              try form.pullBack(
                UnsafePointer(place.gradient.pointer), theta: theta, running: running,
                into: rows.value + index * stride, alone)
            }
          }
        }
      }
    }
    return gradients
  }
}
