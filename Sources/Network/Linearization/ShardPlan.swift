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

/// Sums vectors of lanes in the order of the lanes, however they arrive, holding as few as possible; made once, it sums
/// many times.
final class OrderedSum<Element: Scalar>: @unchecked Sendable {
  private let result: Buffer<Element>
  private let lock = NSLock()
  private var next = 0
  private var waiting: [Int: Buffer<Element>] = [:]
  private var free: [Buffer<Element>] = []

  /// - Parameter count: length of the vectors.
  init(count: Int) { result = Buffer(count: count, zeroed: true) }

  /// The sum of all vectors handed in since the start.
  var total: UnsafePointer<Element> { UnsafePointer(result.pointer) }

  /// A zeroed vector for a lane to sum into.
  func makePart() -> Buffer<Element> {
    lock.lock()
    let part = free.popLast()
    lock.unlock()
    guard let part else { return Buffer(count: result.count, zeroed: true) }
    part.clear()
    return part
  }

  /// Begins a new sum, also after one that was broken off.
  func restart() {
    next = 0
    free.append(contentsOf: waiting.values)
    waiting = [:]
    result.clear()
  }

  /// Hands in the vector of a lane.
  func add(_ part: Buffer<Element>, lane: Int) {
    lock.lock()
    defer { lock.unlock() }
    waiting[lane] = part
    while let part = waiting.removeValue(forKey: next) {
      Element.add(part.pointer, result.pointer, result.count)
      free.append(part)
      next += 1
    }
  }
}
