import Foundation

/// Wakes threads that wait for something to change. A condition, not a mutex: its threads must sleep.
///
/// The change itself is made elsewhere, before `ring`. A thread that saw the old state is then either asleep, and woken, or
/// looks again.
final class Bell: Sendable {
  private let condition = NSCondition()

  /// Wakes every thread that waits.
  func ring() {
    condition.lock()
    condition.broadcast()
    condition.unlock()
  }

  /// Waits until `isDue` is true, which is looked at after every ring, but no longer than until the deadline.
  func wait(until deadline: Date, for isDue: () -> Bool) {
    condition.lock()
    while !isDue(), Date() < deadline { _ = condition.wait(until: deadline) }
    condition.unlock()
  }
}
