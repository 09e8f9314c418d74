import Foundation
import Tensor

/// Sums vectors of lanes in the order of the lanes, however they arrive, holding as few as possible; made once, it sums
/// many times.
final class OrderedSum<Element: Scalar>: @unchecked Sendable {
  private let count: Int
  /// What of the vectors is summed.
  private var ranges: [Range<Int>]
  private let lock = NSLock()
  /// The first lane's vector, and on it those that have been added.
  private var result: Buffer<Element>?
  private var next = 0
  private var waiting: [Int: Buffer<Element>] = [:]
  private var free: [Buffer<Element>] = []

  /// - Parameter count: length of the vectors.
  init(count: Int) {
    self.count = count
    ranges = [0..<count]
  }

  /// The sum of all vectors handed in since the start.
  /// - Precondition: there was one.
  var total: UnsafePointer<Element> {
    guard let result else { preconditionFailure("A sum of no lanes was asked for.") }
    return UnsafePointer(result.pointer)
  }

  /// A zeroed vector for a lane to sum into.
  func makePart() -> Buffer<Element> {
    lock.lock()
    let part = free.popLast()
    lock.unlock()
    let cleared = part ?? Buffer(count: count)
    for range in ranges { (cleared.pointer + range.lowerBound).clear(range.count) }
    return cleared
  }

  /// Begins a new sum, also after one that was broken off.
  /// - Parameter ranges: what of the vectors is summed; nil for all.
  func restart(over ranges: [Range<Int>]? = nil) {
    self.ranges = ranges ?? [0..<count]
    next = 0
    free.append(contentsOf: waiting.values)
    if let result { free.append(result) }
    result = nil
    waiting = [:]
  }

  /// Hands in the vector of a lane.
  func add(_ part: Buffer<Element>, lane: Int) {
    lock.lock()
    defer { lock.unlock() }
    waiting[lane] = part
    while let part = waiting.removeValue(forKey: next) {
      next += 1
      guard let result else {
        self.result = part
        continue
      }
      for range in ranges {
        Element.add(part.pointer + range.lowerBound, result.pointer + range.lowerBound, range.count)
      }
      free.append(part)
    }
  }
}
