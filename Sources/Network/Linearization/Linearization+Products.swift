import Tensor

extension Linearization {
  /// The curvature of the mean loss times v.
  /// - Parameters:
  ///   - support: v is zero outside these parameters. If they are those of few neurons, the product costs
  ///     less.
  ///   - wanted: the entries of the result that are needed; the others are undefined. Few neurons cost less
  ///     here too.
  /// - Throws: `Cancelled`.
  @specialized(where Element == Float)
  @specialized(where Element == Double)
  public func curvatureProduct(
    _ kind: CurvatureKind, _ v: [Element], into result: inout [Element],
    support: ParameterSubset<Element>? = nil, wanted: ParameterSubset<Element>? = nil
  ) throws(Cancelled) {
    if result.count != dimension { result = .zeros(dimension) }
    try withDirection(v, support: support, wanted: wanted) { direction throws(Cancelled) in
      try result.withUnsafeMutableBufferPointer { result throws(Cancelled) in
        guard let base = result.baseAddress else { return }
        try curvatureProduct(kind, direction, into: base, compute)
      }
    }
  }

  /// Sums the parts of the shards, lanes in parallel, and brings the sum from φ to θ.
  func curvatureProduct(
    _ kind: CurvatureKind, _ direction: Direction, into result: UnsafeMutablePointer<Element>,
    _ compute: Compute
  ) throws(Cancelled) {
    // A long sum is made where it is wanted, if nothing is to be done with it.
    let isLent = form.isIdentity && direction.wanted == nil && dimension > 1 << 15
    try sums.with { sum throws(Cancelled) in
      try plan.sum(
        into: sum, over: direction.wanted?.sums,
        lent: isLent ? Buffer(lent: result, count: dimension) : nil, with: workspaces, compute
      ) { [self] shard, workspace, part in
        addProduct(kind, records[shard], workspace, direction, to: part)
      }
      if isLent { return }
      try pullBack(sum.total, direction, kind, into: result, compute)
    }
  }

  /// One shard's part of a product.
  private func addProduct(
    _ kind: CurvatureKind, _ record: ShardRecord<Element>, _ workspace: Workspace<Element>,
    _ direction: Direction, to part: UnsafeMutablePointer<Element>
  ) {
    let pass = pass(record, workspace, direction)
    tangentForward(record, pass, direction, workspace)
    let tdy = lossCurvature(record, workspace)
    switch kind {
    case .hessian: tangentBackward(record, pass, direction, workspace, tdy, tdx: nil, product: part)
    case .gaussNewton:
      var memory = record.memory(workspace)
      memory.ends.dy = tdy
      form.program.run(form.program.backward, .init(pass: pass, memory: memory, gradient: part))
    }
  }

  /// vᵀ∇ℓ(zᵢ, θ) of every sample i, by a tangent forward pass. No gradient of a sample is formed.
  /// - Throws: `Cancelled`.
  public func directionalDerivatives(_ v: [Element]) throws(Cancelled) -> [Double] {
    let result = Buffer<Double>(count: count)
    try withDirection(v) { direction throws(Cancelled) in
      try setDirectionalDerivatives(direction, in: result.pointer, compute)
    }
    return Array(UnsafeBufferPointer(start: result.pointer, count: count))
  }

  /// The directional derivatives of all samples, at their places.
  func setDirectionalDerivatives(
    _ direction: Direction, in result: UnsafeMutablePointer<Double>, _ compute: Compute
  ) throws(Cancelled) {
    let result = Disjoint(result)
    try forEachShard(compute) { [self] record, workspace in
      tangentForward(record, pass(record, workspace, direction), direction, workspace)
      for row in 0..<record.range.count {
        let start = row * record.columns
        // The kept output gradient is that of the mean loss. Times n it is that of the sample's loss.
        result.value[record.range.lowerBound + row] =
          Double(count)
          * Element.dot(
            record.outputGradient.pointer + start, workspace.rows[0].pointer + start, record.columns)
      }
    }
  }

  /// ∇ₓ(vᵀ∇ℓ(z, θ)) of every sample, by its input x: how the derivative along v changes with each input value
  /// (the perturbation influence of Koh and Liang 2017, §2.2).
  /// - Returns: n rows of the input shape, channels-last.
  /// - Throws: `Cancelled`.
  @specialized(where Element == Float)
  @specialized(where Element == Double)
  public func inputGradients(_ v: [Element]) throws(Cancelled) -> [Element] {
    let size = network.architecture.input.count
    let result = Buffer<Element>(count: count * size)
    try withDirection(v) { direction throws(Cancelled) in
      try forEachShard(compute) { [self] record, workspace in
        let pass = pass(record, workspace, direction)
        tangentForward(record, pass, direction, workspace)
        tangentBackward(
          record, pass, direction, workspace, lossCurvature(record, workspace),
          tdx: result.pointer + record.range.lowerBound * size, product: nil)
      }
    }
    Element.scale(Element(count), result.pointer, result.count)
    return Array(UnsafeBufferPointer(start: result.pointer, count: result.count))
  }

  // MARK: Passes

  /// Runs `body` for every shard, lanes in parallel.
  private func forEachShard(
    _ compute: Compute, _ body: @Sendable (ShardRecord<Element>, Workspace<Element>) -> Void
  ) throws(Cancelled) {
    try compute.pool.run(plan.lanes.count, cancellation: compute.cancellation) { lane in
      workspaces.with { workspace in
        for shard in plan.lanes[lane] where !compute.isCancelled { body(records[shard], workspace) }
      }
    }
  }

  /// Writes ḟ into `rows[0]` of the workspace.
  private func tangentForward(
    _ record: ShardRecord<Element>, _ pass: Pass<Element>, _ direction: Direction,
    _ workspace: Workspace<Element>
  ) {
    var memory = record.memory(workspace)
    memory.ends.ty = workspace.rows[0].pointer
    form.program.run(form.program.tangentForward, .init(pass: pass, memory: memory, v: direction.v))
  }

  /// The pass back along the direction, after `tangentForward`.
  private func tangentBackward(
    _ record: ShardRecord<Element>, _ pass: Pass<Element>, _ direction: Direction,
    _ workspace: Workspace<Element>, _ tdy: UnsafeMutablePointer<Element>,
    tdx: UnsafeMutablePointer<Element>?, product: UnsafeMutablePointer<Element>?
  ) {
    var memory = record.memory(workspace)
    memory.ends.ty = workspace.rows[0].pointer
    memory.ends.tdy = tdy
    memory.ends.tdx = tdx
    form.program.run(
      tdx == nil ? form.program.tangentBackward : form.program.tangentBackwardToInput,
      .init(pass: pass, memory: memory, v: direction.v, gradient: product))
  }

  /// 1/n ∇²_f ℓ·ḟ, from `rows[0]` of the workspace into `rows[1]`.
  private func lossCurvature(
    _ record: ShardRecord<Element>, _ workspace: Workspace<Element>
  ) -> UnsafeMutablePointer<Element> {
    let target = workspace.rows[1].pointer
    loss.curvature(
      record.output.pointer, tf: workspace.rows[0].pointer, columns: record.columns,
      targets: samples.targets, range: record.range, scale: 1 / Double(count), into: target)
    return target
  }
}
