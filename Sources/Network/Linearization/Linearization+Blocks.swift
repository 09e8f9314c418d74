import Tensor

/// Products with several vectors at once. Each thread takes a vector through all shards, so threads do not
/// wait for each other. In small networks the vector and its product stay in the cache. Each answer has the
/// bits of the product with that vector alone.
extension Linearization {
  /// The curvature of the mean loss times every vector of a block.
  /// - Parameter products: receives as many vectors as the block has.
  /// - Throws: `Cancelled`.
  @specialized(where Element == Float)
  @specialized(where Element == Double)
  public func curvatureProducts(
    _ kind: CurvatureKind, _ block: VectorBlock<Element>, into products: inout VectorBlock<Element>
  ) throws(Cancelled) {
    let together = wholeTurns(of: block)
    if products.length != dimension || products.count != block.count {
      products = VectorBlock(count: block.count, length: dimension, zeroed: false)
    }
    let stride = products.stride
    try products.withMutablePointer { answers throws(Cancelled) in
      let answers = Disjoint(answers)
      try forEachDirection(of: block, together) { [self] index, direction, alone throws(Cancelled) in
        try curvatureProduct(kind, direction, into: answers.value + index * stride, alone)
      }
    }
    var product: [Element] = []
    for index in together..<block.count {
      try curvatureProduct(kind, block[index], into: &product)
      products.set(index, to: product)
    }
  }

  /// vᵀ∇ℓ(zᵢ, θ) of every sample i, for every vector of a block.
  /// - Returns: a row of n values for each vector.
  /// - Throws: `Cancelled`.
  public func directionalDerivatives(_ block: VectorBlock<Element>) throws(Cancelled) -> [[Double]] {
    let rows = Buffer<Double>(count: block.count * count)
    let together = wholeTurns(of: block)
    try forEachDirection(of: block, together) { [self] index, direction, alone throws(Cancelled) in
      try setDirectionalDerivatives(direction, in: rows.pointer + index * count, alone)
    }
    return try (0..<block.count).map { index throws(Cancelled) in
      index < together
        ? Array(UnsafeBufferPointer(start: rows.pointer + index * count, count: count))
        : try directionalDerivatives(block[index])
    }
  }

  /// How many vectors of a block are computed one on each thread, so that no thread is idle. The others are
  /// computed one by one with all threads. Both ways give the same bits.
  private func wholeTurns(of block: VectorBlock<Element>) -> Int {
    precondition(block.length == dimension, "A direction has the length of θ, \(dimension).")
    return block.count / compute.pool.threads * compute.pool.threads
  }

  /// Calls `body` for the first `together` vectors, in parallel, each with all its work on one thread.
  private func forEachDirection(
    of block: VectorBlock<Element>, _ together: Int,
    _ body: @Sendable (Int, Direction, Compute) throws(Cancelled) -> Void
  ) throws(Cancelled) {
    let alone = Compute(pool: .single, cancellation: compute.cancellation)
    try block.withPointer { vectors throws(Cancelled) in
      let vectors = Disjoint(vectors)
      try compute.pool.run(together, cancellation: compute.cancellation) { index throws(Cancelled) in
        try withDirection(vectors.value + index * block.stride, alone) { direction throws(Cancelled) in
          try body(index, direction, alone)
        }
      }
    }
  }
}
