import Synchronization
import Tensor

/// Adds the vectors of lanes in the order of the lanes. The vectors may come in any order, and as few as
/// possible are held. One object makes many sums, one after the other.
final class OrderedSum<Element: Scalar>: Sendable {
  private struct State: Sendable {
    /// The parts of the vectors that are summed.
    var ranges: [Range<Int>]
    /// The vector of the first lane, to which the following ones are added.
    var result: Buffer<Element>?
    var next = 0
    var waiting: [Int: Buffer<Element>] = [:]
    var free: [Buffer<Element>] = []
    /// Memory of the caller, which the first lane sums into.
    var lent: Buffer<Element>?

    mutating func giveBack(_ part: Buffer<Element>) { if part !== lent { free.append(part) } }
  }

  private let count: Int
  private let state: Mutex<State>

  /// - Parameter count: length of the vectors.
  init(count: Int) {
    self.count = count
    state = Mutex(State(ranges: [0..<count]))
  }

  /// The sum of all vectors since the start. It stays valid until the next sum begins.
  /// - Precondition: there was one.
  var total: UnsafePointer<Element> {
    guard let result = state.withLock({ $0.result }) else {
      preconditionFailure("A sum of no lanes was asked for.")
    }
    return UnsafePointer(result.pointer)
  }

  /// A zeroed vector for a lane to sum into.
  func makePart(lane: Int) -> Buffer<Element> {
    let (part, ranges) = state.withLock { state in
      (lane == 0 ? state.lent ?? state.free.popLast() : state.free.popLast(), state.ranges)
    }
    let cleared = part ?? Buffer(count: count)
    for range in ranges { (cleared.pointer + range.lowerBound).clear(range.count) }
    return cleared
  }

  /// Begins a new sum, also after a sum that was not finished.
  /// - Parameters:
  ///   - ranges: the parts of the vectors that are summed; nil for all.
  ///   - lent: receives the sum, if it is not nil. The caller keeps it until the sum is made.
  func restart(over ranges: [Range<Int>]? = nil, into lent: Buffer<Element>? = nil) {
    state.withLock { state in
      state.ranges = ranges ?? [0..<count]
      state.next = 0
      for part in state.waiting.values { state.giveBack(part) }
      if let result = state.result { state.giveBack(result) }
      state.result = nil
      state.waiting = [:]
      state.lent = lent
    }
  }

  /// Adds the vector of a lane, or holds it until the lanes before have come.
  func add(_ part: Buffer<Element>, lane: Int) {
    state.withLock { state in
      state.waiting[lane] = part
      while let part = state.waiting.removeValue(forKey: state.next) {
        state.next += 1
        guard let result = state.result else {
          state.result = part
          continue
        }
        for range in state.ranges {
          Element.add(part.pointer + range.lowerBound, result.pointer + range.lowerBound, range.count)
        }
        state.giveBack(part)
      }
    }
  }
}
