import Synchronization

/// Counts the work that the shards of a pass have done, and reports it.
final class Tally: Sendable {
  private let total: Int
  private let report: (@Sendable (_ done: Int, _ total: Int) -> Void)?
  private let done = Mutex(0)

  init(total: Int, report: (@Sendable (_ done: Int, _ total: Int) -> Void)?) {
    self.total = total
    self.report = report
  }

  func add(_ count: Int) {
    guard let report else { return }
    // Reports are made under the lock, so they come in order and one at a time.
    done.withLock { done in
      done += count
      report(done, total)
    }
  }
}
