import Tensor

/// Computes the gradient of minibatches, keeping its memory from one to the next.
///
/// Where no layer couples samples, shards pass through the whole network on their own; with batch normalization by the
/// minibatch's statistics all shards go layer by layer. A minibatch of one shard runs on the caller's thread, without a lock or an allocation:
/// a step of a small network takes microseconds.
final class GradientMachine<Element: Scalar> {
  /// ∇ of the minibatch's mean loss after `run`.
  var gradient: UnsafePointer<Element> {
    isAlone ? UnsafePointer(alone.gradient.pointer) : sum.total
  }

  private let network: Network<Element>
  private let loss: Loss
  private let compute: Compute
  private let sum: OrderedSum<Element>
  private let records: ReusePool<ShardRecord<Element>>
  private let workspaces: ReusePool<Workspace<Element>>
  private let losses: Buffer<Double>
  private let operand: Operand<Element>
  private let capacity: Int
  private let couplesSamples: Bool

  /// The place of a minibatch of one shard.
  private struct Alone {
    let record: ShardRecord<Element>
    let workspace: Workspace<Element>
    let gradient: Buffer<Element>
  }

  private lazy var alone = Alone(
    record: ShardRecord(network.plain.root, capacity: capacity),
    workspace: Workspace(network.plain.root, capacity: capacity),
    gradient: Buffer(count: network.layout.parameterCount))
  private var isAlone = false
  /// Whether the samples of the last run are there to be used again.
  private var isLoaded = false

  init(
    network: Network<Element>, loss: Loss, batchSize: Int, freezesStatistics: Bool = false, compute: Compute
  ) {
    self.network = network
    self.loss = loss
    self.compute = compute
    let count = network.layout.parameterCount
    sum = OrderedSum(count: count)
    let capacity = min(network.shardSize(for: batchSize), batchSize)
    self.capacity = capacity
    let root = network.plain.root
    couplesSamples = root.couplesSamples && !freezesStatistics
    records = ReusePool { ShardRecord(root, capacity: capacity) }
    workspaces = ReusePool { Workspace(root, capacity: capacity) }
    losses = Buffer(count: batchSize)
    operand = Operand(network.plain)
  }

  /// Runs forward and backward over the minibatch in training mode; batch normalization's running statistics and
  /// counters in `state` move on, unless they are frozen.
  /// - Parameters:
  ///   - batch: an empty one has no gradient, and moves nothing.
  ///   - isWhole: whether every run is handed the same samples.
  ///   - scale: what the gradient of each sample is multiplied by: 1 over their number for the mean.
  /// - Returns: the sum of the losses and the number of samples read right.
  func run(
    _ batch: Samples, isWhole: Bool, scale: Double, state: inout NetworkState<Element>, dropoutSeed: UInt64
  ) throws(Cancelled) -> (loss: Double, correct: Int) {
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
    sum.restart()
    let correct: Int
    if couplesSamples {
      correct = try coupled(batch, plan, scale, &state, dropoutSeed)
      for index in state.counters.indices { state.counters[index] += 1 }
    } else {
      correct = try independent(batch, plan, scale, state, dropoutSeed)
    }
    return (Double.sum(losses.pointer, batch.count), correct)
  }

  private func correctCount(_ record: ShardRecord<Element>, _ batch: Samples) -> Int {
    loss.correctCount(
      record.output.pointer, columns: record.columns, targets: batch.targets, range: record.range)
  }

  private func single(
    _ batch: Samples, _ isWhole: Bool, _ scale: Double, _ state: NetworkState<Element>,
    _ dropoutSeed: UInt64
  ) throws(Cancelled) -> Int {
    let shared = Uncheckedly((machine: self, alone: alone))
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
    return correctCount(alone.record, batch)
  }

  private func independent(
    _ batch: Samples, _ plan: ShardPlan, _ scale: Double, _ state: NetworkState<Element>,
    _ dropoutSeed: UInt64
  ) throws(Cancelled) -> Int {
    let correct = Buffer<Int>(count: plan.shards.count, zeroed: true)
    let shared = Uncheckedly(self)
    return try state.withPointers(in: network.plain, operand, compute) { pointers throws(Cancelled) in
      try compute.pool.run(plan.lanes.count, cancellation: compute.cancellation) { lane in
        let machine = shared.value
        let part = machine.sum.makePart()
        machine.records.with { record in
          machine.workspaces.with { workspace in
            for shard in plan.lanes[lane] where !machine.compute.isCancelled {
              let range = plan.shards[shard]
              let key = DropoutKey(seed: dropoutSeed, firstSample: range.lowerBound)
              record.load(batch, range, pointers, workspace, dropout: key)
              record.backward(
                batch, machine.loss, pointers, workspace, losses: machine.losses.pointer + range.lowerBound,
                scale: scale, gradient: part.pointer, dropout: key)
              correct.pointer[shard] = machine.correctCount(record, batch)
            }
          }
        }
        machine.sum.add(part, lane: lane)
      }
      return (0..<plan.shards.count).reduce(0) { $0 + correct.pointer[$1] }
    }
  }

  /// Shards and their workspaces of a coupled step, kept between steps.
  private var places: [(record: ShardRecord<Element>, workspace: Workspace<Element>)] = []

  private func coupled(
    _ batch: Samples, _ plan: ShardPlan, _ scale: Double, _ state: inout NetworkState<Element>,
    _ dropoutSeed: UInt64
  ) throws(Cancelled) -> Int {
    let root = network.plain.root
    while places.count < plan.shards.count {
      places.append((ShardRecord(root, capacity: capacity), Workspace(root, capacity: capacity)))
    }
    let places = Uncheckedly(Array(places.prefix(plan.shards.count)))
    let parts = plan.lanes.map { _ in sum.makePart() }
    let running = Buffer<Element>(count: state.statistics.count)
    running.pointer.update(from: state.statistics, count: state.statistics.count)
    let step = TrainingStep(
      pool: compute.pool, cancellation: compute.cancellation, lanes: plan.lanes,
      gradients: parts.map(\.pointer), statistics: running.pointer)
    let loss = loss
    let losses = losses
    let correct = try state.withPointers(in: network.plain, operand, compute) {
      pointers throws(Cancelled) -> Int in
      try step.forEachShard { shard, _ in
        places.value[shard].record.gather(batch, plan.shards[shard])
      }
      let passes = places.value.enumerated().map { shard, place in
        var pass = place.record.pass(pointers, place.workspace)
        pass.dropout = DropoutKey(seed: dropoutSeed, firstSample: plan.shards[shard].lowerBound)
        return pass
      }
      let inputs = places.value.map { UnsafePointer($0.record.input.pointer) }
      let outputs = places.value.map(\.record.output.pointer)
      try root.trainForward(step, passes, x: inputs, y: outputs)
      try step.forEachShard { shard, _ in
        let record = places.value[shard].record
        loss.evaluate(
          record.output.pointer, columns: record.columns, targets: batch.targets, range: record.range,
          losses: losses.pointer + record.range.lowerBound, gradient: record.outputGradient.pointer,
          scale: scale)
      }
      try root.trainBackward(
        step, passes, x: inputs, y: outputs.map { UnsafePointer($0) },
        dy: places.value.map { UnsafePointer($0.record.outputGradient.pointer) }, dx: nil)
      return places.value.reduce(0) { $0 + correctCount($1.record, batch) }
    }
    for (lane, part) in parts.enumerated() { sum.add(part, lane: lane) }
    state.statistics.withUnsafeMutableBufferPointer {
      $0.baseAddress?.update(from: running.pointer, count: running.count)
    }
    return correct
  }
}

/// Carries a value into a parallel loop that touches disjoint parts of it.
struct Uncheckedly<Value>: @unchecked Sendable {
  let value: Value
  init(_ value: Value) { self.value = value }
}
