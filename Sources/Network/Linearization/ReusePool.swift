import Synchronization
import Tensor

/// Keeps things that one thread uses at a time and that are costly to make.
final class ReusePool<Item>: Sendable {
  /// Nobody uses an item while it is here.
  private let free = Mutex<[Disjoint<Item>]>([])
  private let make: @Sendable () -> Item

  init(_ make: @escaping @Sendable () -> Item) { self.make = make }

  /// Lends an item that no one else uses meanwhile.
  func with<Result, Failure: Error>(_ body: (Item) throws(Failure) -> Result) throws(Failure) -> Result {
    let item = free.withLock { $0.popLast() } ?? Disjoint(make())
    defer { free.withLock { $0.append(item) } }
    return try body(item.value)
  }
}
