import Tensor

/// How a set of samples is cut into shards of one size. Neighbouring shards form a lane.
///
/// The shards of a lane run one after the other and add to one sum. The sums of the lanes are added in order.
/// Shards and lanes depend on the number of samples and the network alone.
struct ShardPlan: Sendable {
  /// Places of the samples in each shard.
  let shards: [Range<Int>]
  /// Shards of each lane.
  let lanes: [Range<Int>]

  /// The most lanes. This number bounds the threads that have work, and the memory of partial sums.
  static let mostLanes = 16

  /// The most samples in a shard.
  var capacity: Int { shards.first?.count ?? 1 }

  init<Element>(count: Int, of network: Network<Element>) {
    let shardSize = network.shardSize(for: count)
    shards = stride(from: 0, to: count, by: shardSize).map { $0..<min($0 + shardSize, count) }
    let total = shards.count
    let laneCount = min(total, Self.mostLanes)
    lanes = (0..<laneCount).map { $0 * total / laneCount..<($0 + 1) * total / laneCount }
  }

  /// Memory for the passes of a network over the shards.
  func places<Element>(_ form: NetworkForm<Element>) -> ReusePool<ShardPlace<Element>> {
    let capacity = capacity
    return ReusePool { ShardPlace(form, capacity: capacity) }
  }

  /// Calls `body` for every shard with memory for its passes, in parallel.
  func forEachShard<Memory>(
    with pool: ReusePool<Memory>, _ compute: Compute,
    _ body: @Sendable (_ shard: Int, _ range: Range<Int>, Memory) -> Void
  ) throws(Cancelled) {
    try compute.pool.run(shards.count, cancellation: compute.cancellation) { shard in
      pool.with { body(shard, shards[shard], $0) }
    }
  }

  /// Calls `body` for every shard with memory for its passes, lanes in parallel, and sums the parts of the
  /// lanes in order.
  /// - Parameters:
  ///   - ranges: the parts of the vectors that are summed; nil for all.
  ///   - lent: receives the sum, if it is not nil.
  func sum<Element, Memory>(
    into sum: OrderedSum<Element>, over ranges: [Range<Int>]? = nil, lent: Buffer<Element>? = nil,
    with pool: ReusePool<Memory>,
    _ compute: Compute,
    _ body: @Sendable (_ shard: Int, Memory, _ part: UnsafeMutablePointer<Element>) -> Void
  ) throws(Cancelled) {
    sum.restart(over: ranges, into: lent)
    try compute.pool.run(lanes.count, cancellation: compute.cancellation) { lane in
      let part = sum.makePart(lane: lane)
      pool.with { memory in
        for shard in lanes[lane] where !compute.isCancelled { body(shard, memory, part.pointer) }
      }
      sum.add(part, lane: lane)
    }
  }
}
