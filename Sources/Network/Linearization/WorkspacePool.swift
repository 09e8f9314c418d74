import Foundation
import Tensor

/// A place to run passes over one shard: what tangent passes use, and scratch.
final class Workspace<Element: Scalar>: @unchecked Sendable {
  let frame: Frame
  let scratch: Buffer<Element>
  /// Outputs and their gradients, tangents, tangent gradients: rows of the network's output.
  let rows: [Buffer<Element>]
  let capacity: Int

  init(_ root: Chain<Element>, capacity: Int) {
    self.capacity = capacity
    frame = root.makeWorkspace(capacity: capacity, turns: Turns())
    scratch = Buffer(count: root.scratchCount(capacity: capacity))
    rows = (0..<2).map { _ in Buffer(count: capacity * root.output.count) }
  }
}

/// Keeps things that one thread uses at a time and that are costly to make.
final class ReusePool<Item>: @unchecked Sendable {
  private let lock = NSLock()
  private var free: [Item] = []
  private let make: @Sendable () -> Item

  /// - Parameter first: one that is there already.
  init(first: Item? = nil, _ make: @escaping @Sendable () -> Item) {
    self.make = make
    if let first { free = [first] }
  }

  func with<Result, Failure: Error>(_ body: (Item) throws(Failure) -> Result) throws(Failure) -> Result {
    lock.lock()
    let item = free.popLast()
    lock.unlock()
    let taken = item ?? make()
    defer {
      lock.lock()
      free.append(taken)
      lock.unlock()
    }
    return try body(taken)
  }
}
