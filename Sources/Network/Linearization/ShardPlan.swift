import Foundation
import Tensor

/// How a set of samples is cut: shards of a fixed size, gathered into lanes of neighbours. A lane's shards run one
/// after the other into one sum; the sums of the lanes are added in order. Both depend on the number of samples
/// and the network alone.
struct ShardPlan: Sendable {
  /// Places of the samples in each shard.
  let shards: [Range<Int>]
  /// Shards of each lane.
  let lanes: [Range<Int>]

  /// The most lanes: what bounds parallelism, and the memory of partial sums.
  static let mostLanes = 16

  init(count: Int, shardSize: Int) {
    shards = stride(from: 0, to: count, by: shardSize).map { $0..<min($0 + shardSize, count) }
    let total = shards.count
    let laneCount = min(total, Self.mostLanes)
    lanes = (0..<laneCount).map { $0 * total / laneCount..<($0 + 1) * total / laneCount }
  }
}

/// Sums vectors of lanes in the order of the lanes, however they arrive, holding as few as possible.
final class OrderedSum<Element: Scalar>: @unchecked Sendable {
  private let total: UnsafeMutablePointer<Element>
  private let count: Int
  private let lock = NSLock()
  private var next = 0
  private var waiting: [Int: Buffer<Element>] = [:]
  private var free: [Buffer<Element>] = []

  /// - Parameter total: receives the sum; its contents before count as the first term.
  init(into total: UnsafeMutablePointer<Element>, count: Int) {
    self.total = total
    self.count = count
  }

  /// A zeroed vector for a lane to sum into.
  func makePart() -> Buffer<Element> {
    lock.lock()
    let part = free.popLast()
    lock.unlock()
    guard let part else { return Buffer(count: count, zeroed: true) }
    part.clear()
    return part
  }

  /// Makes the sum ready to be built anew.
  func restart() { next = 0 }

  /// Hands in the vector of a lane.
  func add(_ part: Buffer<Element>, lane: Int) {
    lock.lock()
    defer { lock.unlock() }
    waiting[lane] = part
    while let part = waiting.removeValue(forKey: next) {
      Element.add(part.pointer, total, count)
      free.append(part)
      next += 1
    }
  }
}
