import Tensor

/// A network at one θ over one set of samples, with kept values of its forward and backward passes (the
/// primal passes). Products with the curvature of the mean loss read these values.
///
/// All quantities are of the mean loss L(θ) = 1/n Σ ℓ(zᵢ, θ), without weight decay. Batch normalization uses
/// its running statistics. The order of sums depends on n and the network alone.
public final class Linearization<Element: Scalar>: Sendable {
  public let network: Network<Element>
  public let state: NetworkState<Element>
  public let samples: Samples
  public let loss: Loss
  public let compute: Compute
  let plan: ShardPlan
  let form: NetworkForm<Element>
  /// φ(θ), if that is another vector than θ.
  private let operand: Operand<Element>
  private let statistics: Buffer<Element>
  let records: PerShard<ShardRecord<Element>>
  let workspaces: ReusePool<Workspace<Element>>
  let directions: ReusePool<Operand<Element>>
  let sums: ReusePool<OrderedSum<Element>>

  /// L(θ).
  public let meanLoss: Double
  /// ℓ(zᵢ, θ) of every sample.
  public let losses: [Double]
  /// ∇L by φ(θ).
  private let formGradient: Buffer<Element>

  /// ∇L(θ), in the engine's order. It is computed at each access.
  public var gradient: [Element] {
    do throws(Cancelled) {
      return try state.pullBack(UnsafePointer(formGradient.pointer), in: form, Compute(pool: compute.pool))
    } catch {
      preconditionFailure("A pass over θ without a cancellation cannot be cancelled.")
    }
  }

  /// Runs the forward and backward passes, and keeps the values that products need.
  /// - Parameter other: a linearization of the same network at the same state over other samples, whose
  ///   prepared θ this one shares.
  /// - Precondition: there is at least one sample; parameters and samples fit the network.
  /// - Throws: `Cancelled`.
  @specialized(where Element == Float)
  @specialized(where Element == Double)
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
    let program = form.program
    let capacity = plan.capacity
    let workspaces = ReusePool<Workspace<Element>> { Workspace(program, capacity: capacity) }
    self.workspaces = workspaces
    let records = PerShard(plan.shards.map { ShardRecord<Element>(program, capacity: $0.count) })
    self.records = records

    let count = form.parameterCount
    operand = other?.operand ?? Operand(form)
    directions = other?.directions ?? ReusePool { Operand(form) }
    sums = other?.sums ?? ReusePool { OrderedSum(count: count) }
    let running = UnsafePointer(statistics.pointer)
    let (operand, sums) = (operand, sums)
    let losses = Buffer<Double>(count: samples.count)
    let scale = 1 / Double(samples.count)
    let gradient = Buffer<Element>(count: count)
    try state.withArrays { theta, _ throws(Cancelled) in
      if other == nil, !form.isIdentity {
        try form.prepare(operand, theta: theta, running: running, compute)
      }
      let pointers = StatePointers(
        parameters: form.isIdentity ? theta : UnsafePointer(operand.values.pointer),
        transformed: operand.transformed, statistics: running)
      // This pass decides for all products on which side of a kink each value lies. So it rounds as little as
      // possible.
      let complete = form.hasTransforms ? Operand(form, isPlain: true) : operand
      if form.hasTransforms { try form.prepare(complete, theta: theta, running: running, compute) }
      let exact = StatePointers(
        parameters: form.isIdentity ? theta : UnsafePointer(complete.values.pointer),
        transformed: operand.transformed, statistics: running)
      try sums.with { sum throws(Cancelled) in
        try plan.sum(into: sum, lent: gradient, with: workspaces, compute) { shard, workspace, part in
          records[shard].load(samples, plan.shards[shard], exact, workspace, isExact: true)
          records[shard].backward(
            samples, loss, pointers, workspace, losses: losses.pointer + plan.shards[shard].lowerBound,
            scale: scale, gradient: part, keepsGradients: true)
        }
      }
    }
    formGradient = gradient
    self.losses = Array(UnsafeBufferPointer(start: losses.pointer, count: samples.count))
    meanLoss = Double.sum(losses.pointer, samples.count) / Double(samples.count)
  }

  /// n, the number of samples.
  public var count: Int { samples.count }

  /// Length of θ.
  public var dimension: Int { network.layout.parameterCount }

  /// Brings the sum of a product from φ to θ. A Hessian product has another part, from the curvature of φ
  /// (`NormalizationFold`).
  func pullBack(
    _ total: UnsafePointer<Element>, _ direction: Direction, _ kind: CurvatureKind,
    into result: UnsafeMutablePointer<Element>, _ compute: Compute
  ) throws(Cancelled) {
    try state.withArrays { theta, _ throws(Cancelled) in
      try form.pullBack(
        total, theta: theta, running: UnsafePointer(statistics.pointer),
        curved: kind == .hessian ? (v: direction.given, primal: UnsafePointer(formGradient.pointer)) : nil,
        wanted: direction.wanted, into: result, compute)
    }
  }

  /// A direction in the form that the layers read, and in the form that was given.
  struct Direction: Sendable {
    /// φ(θ).
    let state: StatePointers<Element>
    /// φ̇; nil if the layers read the direction as it was given.
    private let operand: Operand<Element>?
    /// The caller of the product lends this memory, and nothing writes it meanwhile.
    private let vector: Disjoint<UnsafePointer<Element>>
    let support: ParameterSubset<Element>?
    let wanted: ParameterSubset<Element>?

    init(
      at state: StatePointers<Element>, _ operand: Operand<Element>?, given: UnsafePointer<Element>,
      support: ParameterSubset<Element>?, wanted: ParameterSubset<Element>?
    ) {
      self.state = state
      self.operand = operand
      vector = Disjoint(given)
      self.support = support
      self.wanted = wanted
    }

    var given: UnsafePointer<Element> { vector.value }
    /// φ̇.
    var v: UnsafePointer<Element> { operand.map { UnsafePointer($0.values.pointer) } ?? given }
    var transformed: UnsafePointer<Element>? { operand?.transformed }
  }

  func withDirection<Result>(
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
    try state.withArrays { theta, _ throws(Cancelled) in
      let running = UnsafePointer(statistics.pointer)
      let state = StatePointers(
        parameters: form.isIdentity ? theta : UnsafePointer(operand.values.pointer),
        transformed: operand.transformed, statistics: running)
      if form.isIdentity, support == nil {
        return try body(Direction(at: state, nil, given: v, support: nil, wanted: wanted))
      }
      return try directions.with { operand throws(Cancelled) in
        try form.prepare(
          operand, theta: theta, running: running, direction: v, support: support, compute)
        return try body(Direction(at: state, operand, given: v, support: support, wanted: wanted))
      }
    }
  }

  func pass(
    _ record: ShardRecord<Element>, _ workspace: Workspace<Element>, _ direction: Direction
  ) -> Pass<Element> {
    var pass = record.pass(direction.state, workspace)
    pass.transformedDirection = direction.transformed
    pass.support = direction.support?.rows
    pass.wanted = direction.wanted?.rows
    return pass
  }

  /// The linearization at the same θ over some of the samples, by their places.
  /// - Throws: `Cancelled`.
  @specialized(where Element == Float)
  @specialized(where Element == Double)
  public func restricted(to places: [Int]) throws(Cancelled) -> Linearization {
    try Linearization(
      network: network, state: state, samples: samples.selecting(places), loss: loss, compute: compute)
  }
}
