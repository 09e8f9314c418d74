import Tensor

/// A network at one θ over one set of samples, with what its forward and backward passes leave behind: from it come
/// products with the curvature of the mean loss, without touching the primal passes again.
///
/// All quantities are of the mean loss L(θ) = 1/n Σ ℓ(zᵢ, θ), without weight decay. Batch normalization uses its
/// running statistics. Sums are made in an order that depends on n and the network alone, so results are the
/// same bits for any number of threads.
public final class Linearization<Element: Scalar>: @unchecked Sendable {
  public let network: Network<Element>
  public let state: NetworkState<Element>
  public let samples: Samples
  public let loss: Loss
  let compute: Compute
  let plan: ShardPlan
  private let form: NetworkForm<Element>
  private let operand: Operand<Element>
  private let statistics: Buffer<Element>
  let records: [ShardRecord<Element>]
  let workspaces: ReusePool<Workspace<Element>>
  let directions: ReusePool<Operand<Element>>
  let sums: ReusePool<OrderedSum<Element>>

  /// L(θ).
  public let meanLoss: Double
  /// ℓ(zᵢ, θ) of every sample.
  public let losses: [Double]
  /// ∇L by φ(θ), what the layers read.
  private let formGradient: Buffer<Element>

  /// ∇L(θ), in the engine's order; computed when asked for.
  public var gradient: [Element] {
    // Nothing cancels this: it is a pass over θ, made when the linearization is done.
    (try? state.pullBack(UnsafePointer(formGradient.pointer), in: form, Compute(pool: compute.pool))) ?? []
  }

  /// Runs the forward and backward passes and keeps them.
  /// - Parameter other: a linearization of the same network at the same state, over other samples: what both need of θ is
  ///   then there once.
  /// - Precondition: there is at least one sample; parameters and samples fit the network.
  /// - Throws: `Cancelled`.
  public init(
    network: Network<Element>, state: NetworkState<Element>, samples: Samples, loss: Loss, compute: Compute,
    beside other: Linearization? = nil
  ) throws(Cancelled) {
    precondition(samples.count > 0, "A linearization needs at least one sample.")
    self.network = network
    self.state = state
    self.samples = samples
    self.loss = loss
    self.compute = compute
    let plan = ShardPlan(count: samples.count, of: network)
    self.plan = plan
    let form = network.folded
    self.form = form
    statistics = Buffer(count: state.statistics.count)
    statistics.pointer.update(from: state.statistics, count: state.statistics.count)
    let root = form.root
    let capacity = plan.capacity
    let workspaces = ReusePool<Workspace<Element>> { Workspace(root, capacity: capacity) }
    self.workspaces = workspaces
    let records = plan.shards.map { ShardRecord<Element>(root, capacity: $0.count) }
    self.records = records

    let count = form.parameterCount
    operand = other?.operand ?? Operand(form)
    directions = other?.directions ?? ReusePool { Operand(form) }
    sums = other?.sums ?? ReusePool { OrderedSum(count: count) }
    let running = UnsafePointer(statistics.pointer)
    let operand = operand
    if other == nil {
      try state.withArrays { theta, _ throws(Cancelled) in
        try form.prepare(operand, theta: theta, running: running, compute)
      }
    }

    let pointers = StatePointers(
      parameters: UnsafePointer(operand.values.pointer), transformed: operand.transformed,
      statistics: running)
    // Which side of a kink a value lies on is settled here for all products, so this once the forward pass rounds as
    // little as it can.
    let complete = form.hasTransforms ? Operand(form, isPlain: true) : operand
    if form.hasTransforms {
      try state.withArrays { theta, _ throws(Cancelled) in
        try form.prepare(complete, theta: theta, running: running, compute)
      }
    }
    let exact = StatePointers(
      parameters: UnsafePointer(complete.values.pointer), transformed: operand.transformed,
      statistics: running)
    let losses = Buffer<Double>(count: samples.count)
    let scale = 1 / Double(samples.count)
    let gradient = Buffer<Element>(count: count)
    try sums.with { sum throws(Cancelled) in
      sum.restart()
      try compute.pool.run(plan.lanes.count, cancellation: compute.cancellation) { lane in
        let part = sum.makePart()
        workspaces.with { workspace in
          for shard in plan.lanes[lane] where !compute.isCancelled {
            records[shard].load(samples, plan.shards[shard], exact, workspace, isExact: true)
            records[shard].backward(
              samples, loss, pointers, workspace, losses: losses.pointer + plan.shards[shard].lowerBound,
              scale: scale, gradient: part.pointer, keepsGradients: true)
          }
        }
        sum.add(part, lane: lane)
      }
      gradient.pointer.update(from: sum.total, count: count)
    }
    formGradient = gradient
    self.losses = Array(UnsafeBufferPointer(start: losses.pointer, count: samples.count))
    meanLoss = Double.sum(losses.pointer, samples.count) / Double(samples.count)
  }

  /// Samples n.
  public var count: Int { samples.count }

  /// Length of θ.
  public var dimension: Int { network.layout.parameterCount }

  private var pointers: StatePointers<Element> {
    StatePointers(
      parameters: UnsafePointer(operand.values.pointer), transformed: operand.transformed,
      statistics: UnsafePointer(statistics.pointer))
  }

  /// Runs `body` for every shard, lanes in parallel.
  private func forEachShard(
    _ body: @Sendable (ShardRecord<Element>, Workspace<Element>) -> Void
  ) throws(Cancelled) {
    try compute.pool.run(plan.lanes.count, cancellation: compute.cancellation) { lane in
      workspaces.with { workspace in
        for shard in plan.lanes[lane] where !compute.isCancelled { body(records[shard], workspace) }
      }
    }
  }

  /// Runs `body` for every shard, lanes in parallel, sums what the lanes leave in order, and brings the sum from φ to θ.
  /// - Parameter isCurved: whether the derivative along the direction is meant (`NormalizationFold`).
  private func sum(
    into result: inout [Element], _ direction: Direction, isCurved: Bool,
    _ body: @Sendable (ShardRecord<Element>, Workspace<Element>, UnsafeMutablePointer<Element>) -> Void
  ) throws(Cancelled) {
    if result.count != dimension { result = .zeros(dimension) }
    try sums.with { sum throws(Cancelled) in
      sum.restart(over: direction.wanted?.sums)
      try compute.pool.run(plan.lanes.count, cancellation: compute.cancellation) { lane in
        let part = sum.makePart()
        workspaces.with { workspace in
          for shard in plan.lanes[lane] where !compute.isCancelled {
            body(records[shard], workspace, part.pointer)
          }
        }
        sum.add(part, lane: lane)
      }
      try result.withUnsafeMutableBufferPointer { result throws(Cancelled) in
        guard let base = result.baseAddress else { return }
        try pullBack(sum.total, direction, isCurved: isCurved, into: base, compute)
      }
    }
  }

  /// Brings the sum of a product along a direction from φ to θ.
  /// - Parameter isCurved: whether the derivative along it is meant (`NormalizationFold`).
  func pullBack(
    _ total: UnsafePointer<Element>, _ direction: Direction, isCurved: Bool,
    into result: UnsafeMutablePointer<Element>, _ compute: Compute
  ) throws(Cancelled) {
    try state.withArrays { theta, _ throws(Cancelled) in
      try form.pullBack(
        total, theta: theta, running: UnsafePointer(statistics.pointer),
        curved: isCurved ? (v: direction.given, primal: UnsafePointer(formGradient.pointer)) : nil,
        wanted: direction.wanted, into: result, compute)
    }
  }

  /// A direction as the layers read it, and as it was given.
  struct Direction: @unchecked Sendable {
    let operand: Operand<Element>
    let given: UnsafePointer<Element>
    let support: ParameterSubset<Element>?
    let wanted: ParameterSubset<Element>?
    /// φ̇.
    var v: UnsafePointer<Element> { UnsafePointer(operand.values.pointer) }
  }

  private func withDirection<Result>(
    _ v: [Element], support: ParameterSubset<Element>? = nil, wanted: ParameterSubset<Element>? = nil,
    _ body: (Direction) throws(Cancelled) -> Result
  ) throws(Cancelled) -> Result {
    precondition(v.count == dimension, "A direction has the length of θ, \(dimension).")
    return try v.withUnsafeBufferPointer { v throws(Cancelled) in
      try withDirection(v.start, support: support, wanted: wanted, compute, body)
    }
  }

  func withDirection<Result>(
    _ v: UnsafePointer<Element>, support: ParameterSubset<Element>? = nil,
    wanted: ParameterSubset<Element>? = nil, _ compute: Compute,
    _ body: (Direction) throws(Cancelled) -> Result
  ) throws(Cancelled) -> Result {
    try directions.with { operand throws(Cancelled) in
      try state.withArrays { theta, _ throws(Cancelled) in
        try form.prepare(
          operand, theta: theta, running: UnsafePointer(statistics.pointer), direction: v, support: support,
          compute)
      }
      return try body(Direction(operand: operand, given: v, support: support, wanted: wanted))
    }
  }

  private func pass(
    _ record: ShardRecord<Element>, _ workspace: Workspace<Element>, _ direction: Direction
  ) -> Pass<Element> {
    var pass = record.pass(pointers, workspace)
    pass.transformedDirection = direction.operand.transformed
    pass.support = direction.support?.rows
    pass.wanted = direction.wanted?.rows
    return pass
  }

  /// The linearization at the same θ over some of the samples, by their places.
  /// - Throws: `Cancelled`.
  public func restricted(to places: [Int]) throws(Cancelled) -> Linearization {
    try Linearization(
      network: network, state: state, samples: samples.selecting(places), loss: loss, compute: compute)
  }

  // MARK: Products

  /// ∇²L(θ)·v, by Pearlmutter's R-operator (1994): a tangent forward and a tangent backward pass.
  /// - Parameters:
  ///   - support: v is zero outside of it: passes over few neurons' weights cost less.
  ///   - wanted: the entries of the result that are asked for, likewise; the others are left open.
  /// - Throws: `Cancelled`.
  public func hessianProduct(
    _ v: [Element], into result: inout [Element], support: ParameterSubset<Element>? = nil,
    wanted: ParameterSubset<Element>? = nil
  ) throws(Cancelled) {
    try withDirection(v, support: support, wanted: wanted) { direction throws(Cancelled) in
      try sum(into: &result, direction, isCurved: true) { [self] in
        addHessianProduct($0, $1, direction, to: $2)
      }
    }
  }

  /// One shard's part of a Hessian product.
  func addHessianProduct(
    _ record: ShardRecord<Element>, _ workspace: Workspace<Element>, _ direction: Direction,
    to part: UnsafeMutablePointer<Element>
  ) {
    let pass = pass(record, workspace, direction)
    tangentForward(record, pass, direction, workspace)
    let tdy = curvature(record, workspace, scale: 1 / Double(count))
    form.root.tangentBackward(
      pass, v: direction.v, x: record.input.pointer, y: record.output.pointer, tx: nil,
      ty: workspace.rows[0].pointer, dy: record.outputGradient.pointer, tdy: tdy, tdx: nil, product: part)
  }

  /// The generalised Gauss–Newton matrix 1/n Σ Jᵢᵀ(∇²_f ℓ)Jᵢ times v (Schraudolph 2002): a tangent forward pass, the
  /// loss's curvature, a backward pass.
  /// - Parameters: as for `hessianProduct`.
  /// - Throws: `Cancelled`.
  public func gaussNewtonProduct(
    _ v: [Element], into result: inout [Element], support: ParameterSubset<Element>? = nil,
    wanted: ParameterSubset<Element>? = nil
  ) throws(Cancelled) {
    try withDirection(v, support: support, wanted: wanted) { direction throws(Cancelled) in
      try sum(into: &result, direction, isCurved: false) { [self] in
        addGaussNewtonProduct($0, $1, direction, to: $2)
      }
    }
  }

  /// One shard's part of a Gauss–Newton product.
  func addGaussNewtonProduct(
    _ record: ShardRecord<Element>, _ workspace: Workspace<Element>, _ direction: Direction,
    to part: UnsafeMutablePointer<Element>
  ) {
    let pass = pass(record, workspace, direction)
    tangentForward(record, pass, direction, workspace)
    let tdy = curvature(record, workspace, scale: 1 / Double(count))
    form.root.backward(
      pass, x: record.input.pointer, y: record.output.pointer, dy: tdy, dx: nil, gradient: part)
  }

  /// vᵀ∇ℓ(zᵢ, θ) of every sample i: a tangent forward pass alone, no gradient of a sample is ever formed.
  /// - Throws: `Cancelled`.
  public func directionalDerivatives(_ v: [Element]) throws(Cancelled) -> [Double] {
    let result = Buffer<Double>(count: count)
    try withDirection(v) { direction throws(Cancelled) in
      try forEachShard { [self] in setDirectionalDerivatives($0, $1, direction, in: result.pointer) }
    }
    return Array(UnsafeBufferPointer(start: result.pointer, count: count))
  }

  /// One shard's directional derivatives, at the places of its samples.
  func setDirectionalDerivatives(
    _ record: ShardRecord<Element>, _ workspace: Workspace<Element>, _ direction: Direction,
    in result: UnsafeMutablePointer<Double>
  ) {
    tangentForward(record, pass(record, workspace, direction), direction, workspace)
    for row in 0..<record.range.count {
      let start = row * record.columns
      // The kept output gradient is that of the mean: times n it is the sample's own.
      result[record.range.lowerBound + row] =
        Double(count)
        * Element.dot(
          record.outputGradient.pointer + start, workspace.rows[0].pointer + start, record.columns)
    }
  }

  /// ∇ₓ(vᵀ∇ℓ(z, θ)) of every sample, by its input x: how the derivative along v changes with each input value
  /// (the perturbation influence of Koh and Liang 2017, §2.2).
  /// - Returns: n rows of the input shape, channels-last.
  /// - Throws: `Cancelled`.
  public func inputGradients(_ v: [Element]) throws(Cancelled) -> [Element] {
    let size = network.architecture.input.count
    let result = Buffer<Element>(count: count * size)
    try withDirection(v) { direction throws(Cancelled) in
      try forEachShard { [self] record, workspace in
        let pass = pass(record, workspace, direction)
        tangentForward(record, pass, direction, workspace)
        let tdy = curvature(record, workspace, scale: 1 / Double(count))
        form.root.tangentBackward(
          pass, v: direction.v, x: record.input.pointer, y: record.output.pointer, tx: nil,
          ty: workspace.rows[0].pointer, dy: record.outputGradient.pointer, tdy: tdy,
          tdx: result.pointer + record.range.lowerBound * size, product: nil)
      }
    }
    Element.scale(Element(count), result.pointer, result.count)
    return Array(UnsafeBufferPointer(start: result.pointer, count: result.count))
  }

  /// Leaves ḟ in the workspace's first rows.
  private func tangentForward(
    _ record: ShardRecord<Element>, _ pass: Pass<Element>, _ direction: Direction,
    _ workspace: Workspace<Element>
  ) {
    form.root.tangentForward(
      pass, v: direction.v, x: record.input.pointer, y: record.output.pointer, tx: nil,
      ty: workspace.rows[0].pointer)
  }

  /// ∇²_f ℓ·ḟ, from the workspace's first rows into its second.
  private func curvature(
    _ record: ShardRecord<Element>, _ workspace: Workspace<Element>, scale: Double
  ) -> UnsafePointer<Element> {
    let target = workspace.rows[1].pointer
    loss.curvature(
      record.output.pointer, tf: workspace.rows[0].pointer, columns: record.columns,
      targets: samples.targets, range: record.range, scale: scale, into: target)
    return UnsafePointer(target)
  }
}
