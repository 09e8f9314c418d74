import Tensor

extension Network {
  /// The most bytes of directions for one pass over the samples. More vectors take more passes.
  private static var directionBytes: Int { 1 << 28 }

  /// vᵀ∇ℓ(zᵢ, θ) of every sample i and every vector v of a block, by one forward and tangent forward pass
  /// over the samples. No gradient of a sample is formed and nothing is kept between shards, so memory does
  /// not grow with the samples.
  /// - Returns: a row of n values for each vector, in the order of the samples. The bits are the same for any
  ///   number of threads.
  /// - Throws: `Cancelled`.
  @specialized(where Element == Float)
  @specialized(where Element == Double)
  public func directionalDerivatives(
    _ state: NetworkState<Element>, on samples: Samples, along vectors: VectorBlock<Element>, loss: Loss,
    compute: Compute, progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
  ) throws(Cancelled) -> [[Double]] {
    let count = samples.count
    let rows = Buffer<Double>(count: vectors.count * count)
    try forEachDirectionalDerivative(
      state, on: samples, along: vectors, loss: loss, compute: compute, progress: progress
    ) { vector, range, values in
      (rows.pointer + vector * count + range.lowerBound).update(from: values, count: range.count)
    }
    return (0..<vectors.count).map {
      Array(UnsafeBufferPointer(start: rows.pointer + $0 * count, count: count))
    }
  }

  /// Gives vᵀ∇ℓ(zᵢ, θ) to `body` shard by shard, for values that are too many to hold at once. The forward
  /// pass is as exact as that of a `Linearization`, so values lie on the same side of a kink.
  /// - Parameters:
  ///   - progress: called now and then from any thread, with samples times vectors done, and their total.
  ///   - body: called once for every pair of a vector and a shard, from several threads. It gets the index of
  ///     the vector, the places of the shard's samples, and a value for each sample.
  /// - Throws: `Cancelled`.
  @specialized(where Element == Float)
  @specialized(where Element == Double)
  public func forEachDirectionalDerivative(
    _ state: NetworkState<Element>, on samples: Samples, along vectors: VectorBlock<Element>, loss: Loss,
    compute: Compute, progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil,
    _ body: @Sendable (_ vector: Int, _ places: Range<Int>, _ values: UnsafePointer<Double>) -> Void
  ) throws(Cancelled) {
    precondition(
      vectors.length == layout.parameterCount, "A direction has the length of θ, \(layout.parameterCount).")
    if samples.count == 0 || vectors.count == 0 { return }
    let form = folded
    let each = form.parameterCount + form.transformRoom
    let group = max(1, min(vectors.count, Self.directionBytes / max(1, each * MemoryLayout<Element>.size)))
    let directions = (0..<group).map { _ in Operand(form) }
    let operand = Operand(form, isPlain: true)
    let transformed = form.hasTransforms ? Operand(form) : operand
    let plan = ShardPlan(count: samples.count, of: self)
    let places = plan.places(form)
    let total = samples.count * vectors.count
    let tally = Tally(total: total, report: progress)
    try state.withArrays { theta, running throws(Cancelled) in
      try form.prepare(operand, theta: theta, running: running, compute)
      if form.hasTransforms { try form.prepare(transformed, theta: theta, running: running, compute) }
      let pointers = StatePointers(
        parameters: UnsafePointer(operand.values.pointer), transformed: transformed.transformed,
        statistics: running)
      for first in stride(from: 0, to: vectors.count, by: group) {
        let taken = min(group, vectors.count - first)
        for place in 0..<taken {
          try vectors.withPointer(first + place) { v throws(Cancelled) in
            try form.prepare(directions[place], theta: theta, running: running, direction: v, compute)
          }
        }
        try plan.forEachShard(with: places, compute) { _, range, place in
          let (record, values) = (place.record, place.values.pointer)
          record.load(samples, range, pointers, place.workspace, isExact: true)
          loss.evaluate(
            record.output.pointer, columns: record.columns, targets: samples.targets, range: range,
            losses: values, gradient: record.outputGradient.pointer, scale: 1)
          for vector in 0..<taken where !compute.isCancelled {
            setDerivatives(record, place.workspace, directions[vector], pointers, values)
            body(first + vector, range, UnsafePointer(values))
          }
          tally.add(taken * range.count)
        }
      }
    }
  }

  /// One shard's derivatives along one direction.
  private func setDerivatives(
    _ record: ShardRecord<Element>, _ workspace: Workspace<Element>, _ direction: Operand<Element>,
    _ pointers: StatePointers<Element>, _ values: UnsafeMutablePointer<Double>
  ) {
    var pass = record.pass(pointers, workspace)
    pass.transformedDirection = direction.transformed
    let tangent = workspace.rows[0].pointer
    var memory = record.memory(workspace)
    memory.ends.ty = tangent
    folded.program.run(
      folded.program.tangentForward,
      .init(pass: pass, memory: memory, v: UnsafePointer(direction.values.pointer)))
    for row in 0..<record.range.count {
      let start = row * record.columns
      values[row] = Element.dot(record.outputGradient.pointer + start, tangent + start, record.columns)
    }
  }
}
