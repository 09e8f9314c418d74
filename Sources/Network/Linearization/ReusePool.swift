import Synchronization
import Tensor

/// Keeps items that are costly to make. One thread at a time uses an item.
final class ReusePool<Item>: Sendable {
  /// The items that no thread uses now.
  private let free = Mutex<[Disjoint<Item>]>([])
  private let make: @Sendable () -> Item

  init(_ make: @escaping @Sendable () -> Item) { self.make = make }

  /// Lends an item that no other thread uses meanwhile.
  func with<Result, Failure: Error>(_ body: (Item) throws(Failure) -> Result) throws(Failure) -> Result {
    let item = free.withLock { $0.popLast() } ?? Disjoint(make())
    defer { free.withLock { $0.append(item) } }
    return try body(item.value)
  }
}
