import Foundation
import Tensor

/// How a set of samples is cut: shards of one size, gathered into lanes of neighbours. A lane's shards run one
/// after the other into one sum; the sums of the lanes are added in order. Both depend on the number of samples
/// and the network alone.
struct ShardPlan: Sendable {
  /// Places of the samples in each shard.
  let shards: [Range<Int>]
  /// Shards of each lane.
  let lanes: [Range<Int>]

  /// The most lanes: what bounds parallelism, and the memory of partial sums.
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
}
