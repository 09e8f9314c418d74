import Tensor

/// Computes the gradients of minibatches. Its memory is kept from one minibatch to the next.
///
/// If no layer couples samples, each shard runs through the whole network by itself. With batch normalization
/// by the minibatch's statistics all shards run layer by layer. A minibatch of one shard runs on the caller's
/// thread, without a lock or an allocation: a step of a small network takes microseconds.
final class GradientMachine<Element: Scalar> {
  /// ∇ of the minibatch's mean loss after `run`.
  var gradient: UnsafePointer<Element> {
    isAlone ? UnsafePointer(alone.gradient.pointer) : sum.total
  }

  private let network: Network<Element>
  let loss: Loss
  private let compute: Compute
  private let sum: OrderedSum<Element>
  private let pool: ReusePool<ShardPlace<Element>>
  private let losses: Buffer<Double>
  private let operand: Operand<Element>
  private let capacity: Int
  private let couplesSamples: Bool

  /// The memory for a minibatch of one shard.
  private lazy var alone = ShardPlace(network.plain, capacity: capacity)
  private var isAlone = false
  /// Whether the next run uses the samples that the last run has copied.
  private var isLoaded = false

  init(
    network: Network<Element>, loss: Loss, batchSize: Int, freezesStatistics: Bool = false, compute: Compute
  ) {
    self.network = network
    self.loss = loss
    self.compute = compute
    let count = network.plain.parameterCount
    sum = OrderedSum(count: count)
    let capacity = min(network.shardSize(for: batchSize), batchSize)
    self.capacity = capacity
    couplesSamples = network.plain.program.couplesSamples && !freezesStatistics
    pool = ReusePool { ShardPlace(network.plain, capacity: capacity) }
    losses = Buffer(count: batchSize)
    operand = Operand(network.plain)
  }

  /// Runs forward and backward over the minibatch in training mode. Updates the running statistics and
  /// counters of batch normalization in `state`, unless they are frozen.
  /// - Parameters:
  ///   - batch: the gradient of an empty minibatch is zero, and the state stays as it is.
  ///   - isWhole: whether every run gets the same samples.
  ///   - scale: a factor of the gradient of each sample. For the mean it is 1 over the number of samples.
  /// - Returns: the sum of the losses and the number of samples read right.
  func run(
    _ batch: Samples, isWhole: Bool, scale: Double, state: inout NetworkState<Element>, dropoutSeed: UInt64
  ) throws(Cancelled) -> (loss: Double, correct: Double) {
    if batch.count == 0 {
      isAlone = true
      alone.gradient.clear()
      return (0, 0)
    }
    isAlone = batch.count <= capacity && !couplesSamples
    if isAlone {
      let correct = try single(batch, isWhole, scale, state, dropoutSeed)
      return (Double.sum(losses.pointer, batch.count), correct)
    }
    let plan = ShardPlan(count: batch.count, of: network)
    let correct: Double
    if couplesSamples {
      correct = try coupled(batch, plan, scale, &state, dropoutSeed)
      for index in state.counters.indices { state.counters[index] += 1 }
    } else {
      correct = try independent(batch, plan, scale, state, dropoutSeed)
    }
    return (Double.sum(losses.pointer, batch.count), correct)
  }

  private func single(
    _ batch: Samples, _ isWhole: Bool, _ scale: Double, _ state: NetworkState<Element>,
    _ dropoutSeed: UInt64
  ) throws(Cancelled) -> Double {
    let shared = Disjoint((machine: self, alone: alone))
    let key = DropoutKey(seed: dropoutSeed, firstSample: 0)
    alone.gradient.clear()
    try state.withPointers(in: network.plain, operand, compute) { pointers throws(Cancelled) in
      try compute.pool.run(1, cancellation: compute.cancellation) { _ in
        let (machine, alone) = shared.value
        if !machine.isLoaded { alone.record.gather(batch, 0..<batch.count) }
        alone.record.forward(pointers, alone.workspace, dropout: key)
        alone.record.backward(
          batch, machine.loss, pointers, alone.workspace, losses: machine.losses.pointer,
          scale: scale, gradient: alone.gradient.pointer, dropout: key)
      }
    }
    isLoaded = isWhole
    return loss.correctness(alone.record, batch)
  }

  private func independent(
    _ batch: Samples, _ plan: ShardPlan, _ scale: Double, _ state: NetworkState<Element>,
    _ dropoutSeed: UInt64
  ) throws(Cancelled) -> Double {
    let correct = Buffer<Double>(count: plan.shards.count, zeroed: true)
    let (loss, losses) = (loss, losses)
    return try state.withPointers(in: network.plain, operand, compute) { pointers throws(Cancelled) in
      try plan.sum(into: sum, with: pool, compute) { shard, place, part in
        let range = plan.shards[shard]
        let key = DropoutKey(seed: dropoutSeed, firstSample: range.lowerBound)
        place.record.load(batch, range, pointers, place.workspace, dropout: key)
        place.record.backward(
          batch, loss, pointers, place.workspace, losses: losses.pointer + range.lowerBound, scale: scale,
          gradient: part, dropout: key)
        correct.pointer[shard] = loss.correctness(place.record, batch)
      }
      return (0..<plan.shards.count).reduce(0) { $0 + correct.pointer[$1] }
    }
  }

  /// Memory for the shards of a coupled step, kept between steps.
  private var places: [ShardPlace<Element>] = []

  private func coupled(
    _ batch: Samples, _ plan: ShardPlan, _ scale: Double, _ state: inout NetworkState<Element>,
    _ dropoutSeed: UInt64
  ) throws(Cancelled) -> Double {
    let program = network.plain.program
    while places.count < plan.shards.count {
      places.append(ShardPlace(network.plain, capacity: capacity))
    }
    let places = PerShard(Array(places.prefix(plan.shards.count)))
    sum.restart()
    let parts = plan.lanes.indices.map { sum.makePart(lane: $0) }
    let running = Buffer<Element>(count: state.statistics.count)
    running.pointer.update(from: state.statistics, count: state.statistics.count)
    let step = TrainingStep(compute, lanes: plan.lanes, parts: parts, statistics: running)
    let loss = loss
    let losses = losses
    let correct = try state.withPointers(in: network.plain, operand, compute) {
      pointers throws(Cancelled) -> Double in
      try step.forEachShard { shard, _ in
        places[shard].record.gather(batch, plan.shards[shard])
      }
      let runs = places.map { place in
        var pass = place.record.pass(pointers, place.workspace)
        pass.dropout = DropoutKey(seed: dropoutSeed, firstSample: place.record.range.lowerBound)
        return Program<Element>.Run(pass: pass, memory: place.record.memory(place.workspace))
      }
      try program.train(program.forward, step, runs)
      try step.forEachShard { shard, _ in
        let record = places[shard].record
        loss.evaluate(
          record.output.pointer, columns: record.columns, targets: batch.targets, range: record.range,
          losses: losses.pointer + record.range.lowerBound, gradient: record.outputGradient.pointer,
          scale: scale)
      }
      try program.train(program.backward, step, runs)
      return places.indices.reduce(0) { $0 + loss.correctness(places[$1].record, batch) }
    }
    for (lane, part) in parts.enumerated() { sum.add(part, lane: lane) }
    state.statistics.withUnsafeMutableBufferPointer {
      $0.baseAddress?.update(from: running.pointer, count: running.count)
    }
    return correct
  }
}

extension Loss {
  /// How much of a shard the network reads right, a sample for 1.
  fileprivate func correctness<Element>(_ record: ShardRecord<Element>, _ batch: Samples) -> Double {
    correctness(
      record.output.pointer, columns: record.columns, targets: batch.targets, range: record.range)
  }
}
