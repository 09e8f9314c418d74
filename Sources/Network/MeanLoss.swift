import Tensor

/// The mean loss over fixed samples as a function of θ, in evaluation mode, for minimisations. Memory is kept
/// between evaluations, and the samples too if they fit. One evaluation runs at a time.
///
/// The bits are those of `Network.gradient`. They depend neither on the threads nor on the memory.
public final class MeanLoss<Element: Scalar>: Sendable {
  public let network: Network<Element>
  public let samples: Samples
  public let loss: Loss
  private let compute: Compute
  private let plan: ShardPlan
  private let operand: Operand<Element>
  private let sum: OrderedSum<Element>
  private let losses: Buffer<Double>
  private let noises: Buffer<Double>
  private let workspaces: ReusePool<Workspace<Element>>
  /// A filled record for every shard; empty if they are too many.
  private let kept: PerShard<ShardRecord<Element>>
  private let records: ReusePool<ShardRecord<Element>>

  /// The loss at one θ.
  public struct Value: Sendable {
    public var meanLoss: Double
    /// The mean of ‖∂ℓ/∂f‖‖f‖ over the samples. Times the relative rounding error of the outputs, it is the
    /// rounding error of the mean loss.
    public var sensitivity: Double
    public var gradient: [Element]
  }

  /// - Parameter memoryLimit: bytes for samples that stay gathered.
  /// - Precondition: there is at least one sample.
  public init(
    network: Network<Element>, samples: Samples, loss: Loss, memoryLimit: Int = 1 << 30, compute: Compute
  ) {
    precondition(samples.count > 0, "A mean needs at least one sample.")
    self.network = network
    self.samples = samples
    self.loss = loss
    self.compute = compute
    let form = network.folded
    let plan = ShardPlan(count: samples.count, of: network)
    self.plan = plan
    operand = Operand(form)
    sum = OrderedSum(count: form.parameterCount)
    losses = Buffer(count: samples.count)
    noises = Buffer(count: plan.shards.count)
    let program = form.program
    let capacity = plan.capacity
    workspaces = ReusePool { Workspace(program, capacity: capacity) }
    records = ReusePool { ShardRecord(program, capacity: capacity) }
    let bytes = network.keptValues * MemoryLayout<Element>.size
    if samples.count <= memoryLimit / max(1, bytes) {
      kept = PerShard(
        plan.shards.map { range in
          let record = ShardRecord(program, capacity: range.count)
          record.gather(samples, range)
          return record
        })
    } else {
      kept = PerShard([])
    }
  }

  /// The mean loss and its gradient at a state.
  /// - Throws: `Cancelled`.
  public func evaluate(_ state: NetworkState<Element>) throws(Cancelled) -> Value {
    let form = network.folded
    let scale = 1 / Double(samples.count)
    try state.withPointers(in: form, operand, compute) { pointers throws(Cancelled) in
      try plan.sum(into: sum, with: workspaces, compute) { [self] shard, workspace, part in
        withRecord(shard) { record in
          record.forward(pointers, workspace)
          record.backward(
            samples, loss, pointers, workspace, losses: losses.pointer + record.range.lowerBound,
            scale: scale, gradient: part)
          noises.pointer[shard] = record.sensitivity
        }
      }
    }
    return Value(
      meanLoss: Double.sum(losses.pointer, samples.count) * scale,
      sensitivity: Double.sum(noises.pointer, plan.shards.count),
      gradient: try state.pullBack(sum.total, in: form, compute))
  }

  private func withRecord(_ shard: Int, _ body: (ShardRecord<Element>) -> Void) {
    if kept.indices.isEmpty {
      records.with { record in
        record.gather(samples, plan.shards[shard])
        body(record)
      }
    } else {
      body(kept[shard])
    }
  }
}

extension ShardRecord {
  /// Σ over the samples of ‖∂ℓ/∂f‖‖f‖, after `backward`.
  fileprivate var sensitivity: Double {
    var total = 0.0
    for row in 0..<range.count {
      let f = UnsafePointer(output.pointer + row * columns)
      let dy = UnsafePointer(outputGradient.pointer + row * columns)
      total += (Element.dot(f, f, columns) * Element.dot(dy, dy, columns)).squareRoot()
    }
    return total
  }
}
