import Tensor

/// The mean loss over fixed samples as a function of θ, in evaluation mode: what is minimised over many θ one after
/// the other. Its memory is kept between evaluations, and the samples too where they fit, so that an evaluation is the
/// passes and nothing else.
///
/// The bits are those of `Network.gradient`: they depend neither on the threads nor on what is kept.
public final class MeanLoss<Element: Scalar> {
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
  /// Of every shard, filled; empty where they are too many.
  private let kept: [ShardRecord<Element>]
  private let records: ReusePool<ShardRecord<Element>>

  /// The loss at one θ.
  public struct Value: Sendable {
    public var meanLoss: Double
    /// Mean over the samples of ‖∂ℓ/∂f‖‖f‖: how far the mean loss may move when every output moves by its own
    /// size. Times the rounding error of outputs it is the rounding error of the mean loss.
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
    let root = form.root
    let capacity = plan.capacity
    workspaces = ReusePool { Workspace(root, capacity: capacity) }
    records = ReusePool { ShardRecord(root, capacity: capacity) }
    let bytes = network.keptValues * MemoryLayout<Element>.size
    if samples.count <= memoryLimit / max(1, bytes) {
      kept = plan.shards.map { range in
        let record = ShardRecord(root, capacity: range.count)
        record.gather(samples, range)
        return record
      }
    } else {
      kept = []
    }
  }

  /// The mean loss and its gradient at a state.
  /// - Throws: `Cancelled`.
  public func evaluate(_ state: NetworkState<Element>) throws(Cancelled) -> Value {
    let form = network.folded
    let scale = 1 / Double(samples.count)
    let shared = Uncheckedly(self)
    sum.restart()
    try state.withPointers(in: form, operand, compute) { pointers throws(Cancelled) in
      try compute.pool.run(plan.lanes.count, cancellation: compute.cancellation) { lane in
        let mean = shared.value
        let part = mean.sum.makePart()
        mean.workspaces.with { workspace in
          for shard in mean.plan.lanes[lane] where !mean.compute.isCancelled {
            mean.withRecord(shard) { record in
              record.forward(pointers, workspace)
              record.backward(
                mean.samples, mean.loss, pointers, workspace,
                losses: mean.losses.pointer + record.range.lowerBound, scale: scale, gradient: part.pointer)
              mean.noises.pointer[shard] = record.sensitivity
            }
          }
        }
        mean.sum.add(part, lane: lane)
      }
    }
    return Value(
      meanLoss: Double.sum(losses.pointer, samples.count) * scale,
      sensitivity: Double.sum(noises.pointer, plan.shards.count),
      gradient: try state.pullBack(sum.total, in: form, compute))
  }

  private func withRecord(_ shard: Int, _ body: (ShardRecord<Element>) -> Void) {
    if kept.isEmpty {
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
