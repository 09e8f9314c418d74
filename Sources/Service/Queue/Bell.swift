import Foundation

/// Wakes threads that wait for a change. It is a condition and not a mutex, because its threads must sleep.
///
/// The change is made before `ring`. A thread that saw the old state is either asleep and then woken, or
/// still looks again.
final class Bell: Sendable {
  private let condition = NSCondition()

  /// Wakes every thread that waits.
  func ring() {
    condition.lock()
    condition.broadcast()
    condition.unlock()
  }

  /// Waits until `isDue` is true or the deadline has passed. `isDue` is checked after every ring.
  func wait(until deadline: Date, for isDue: () -> Bool) {
    condition.lock()
    while !isDue(), Date() < deadline { _ = condition.wait(until: deadline) }
    condition.unlock()
  }
}
