import Tensor

/// Products with several vectors at once. Each thread takes whole vectors and stays with one while it goes through the
/// shards, so that a vector and its product stay in the cache of small networks; threads need no word from each other.
/// The sums are made as for one vector alone: each answer has the bits of the single product.
extension Linearization {
  /// ∇²L(θ) times every vector of a block.
  /// - Parameter products: receives as many vectors as the block has.
  /// - Throws: `Cancelled`.
  public func hessianProducts(
    _ block: VectorBlock<Element>, into products: inout VectorBlock<Element>
  ) throws(Cancelled) {
    let together = try sums(block, into: &products, isCurved: true) { [self] in
      addHessianProduct($0, $1, $2, to: $3)
    }
    for index in together..<block.count {
      var product: [Element] = []
      try hessianProduct(block[index], into: &product)
      products.set(index, to: product)
    }
  }

  /// The generalised Gauss–Newton matrix times every vector of a block.
  /// - Parameter products: receives as many vectors as the block has.
  /// - Throws: `Cancelled`.
  public func gaussNewtonProducts(
    _ block: VectorBlock<Element>, into products: inout VectorBlock<Element>
  ) throws(Cancelled) {
    let together = try sums(block, into: &products, isCurved: false) { [self] in
      addGaussNewtonProduct($0, $1, $2, to: $3)
    }
    for index in together..<block.count {
      var product: [Element] = []
      try gaussNewtonProduct(block[index], into: &product)
      products.set(index, to: product)
    }
  }

  /// vᵀ∇ℓ(zᵢ, θ) of every sample i, for every vector of a block.
  /// - Returns: a row of n values for each vector.
  /// - Throws: `Cancelled`.
  public func directionalDerivatives(_ block: VectorBlock<Element>) throws(Cancelled) -> [[Double]] {
    let rows = Buffer<Double>(count: block.count * count)
    let together = wholeTurns(of: block)
    try forEachDirection(of: block, together) { [self] index, direction, _ in
      workspaces.with { workspace in
        for record in records where !isCancelled {
          setDirectionalDerivatives(record, workspace, direction, in: rows.pointer + index * count)
        }
      }
    }
    return try (0..<block.count).map { index throws(Cancelled) in
      index < together
        ? Array(UnsafeBufferPointer(start: rows.pointer + index * count, count: count))
        : try directionalDerivatives(block[index])
    }
  }

  private var isCancelled: Bool { compute.isCancelled }

  /// How many vectors of a block the threads take one each, in whole turns; the rest go one by one with all threads.
  /// Either way gives the same bits.
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
      let vectors = Shared(vectors)
      try compute.pool.run(together, cancellation: compute.cancellation) { index in
        do throws(Cancelled) {
          try withDirection(vectors.pointer + index * block.stride, alone) { direction throws(Cancelled) in
            try body(index, direction, alone)
          }
        } catch {
          // The flag stays set: the check below throws the same.
        }
      }
    }
    try compute.cancellation?.check()
  }

  /// Sums the parts of the shards for the vectors that go together, lane by lane.
  /// - Parameter isCurved: whether the derivative along the vector is meant (`NormalizationFold`).
  /// - Returns: how many vectors went together.
  private func sums(
    _ block: VectorBlock<Element>, into products: inout VectorBlock<Element>, isCurved: Bool,
    _ body:
      @Sendable (
        ShardRecord<Element>, Workspace<Element>, Direction, UnsafeMutablePointer<Element>
      ) -> Void
  ) throws(Cancelled) -> Int {
    let together = wholeTurns(of: block)
    if products.length != dimension || products.count != block.count {
      products = VectorBlock(count: block.count, length: dimension, zeroed: false)
    }
    let stride = products.stride
    try products.withMutablePointer { answers throws(Cancelled) in
      let answers = Disjoint(answers)
      try forEachDirection(of: block, together) { [self] index, direction, alone throws(Cancelled) in
        try sums.with { sum throws(Cancelled) in
          sum.restart()
          for (lane, shards) in plan.lanes.enumerated() {
            let part = sum.makePart()
            workspaces.with { workspace in
              for shard in shards where !isCancelled {
                body(records[shard], workspace, direction, part.pointer)
              }
            }
            sum.add(part, lane: lane)
          }
          try pullBack(
            sum.total, direction, isCurved: isCurved, into: answers.pointer + index * stride, alone
          )
        }
      }
    }
    return together
  }
}
