import Foundation

/// Counts what the shards of a pass have done, and says so.
final class Tally: @unchecked Sendable {
  private let lock = NSLock()
  private let total: Int
  private let report: (@Sendable (_ done: Int, _ total: Int) -> Void)?
  private var done = 0

  init(total: Int, report: (@Sendable (_ done: Int, _ total: Int) -> Void)?) {
    self.total = total
    self.report = report
  }

  func add(_ count: Int) {
    guard let report else { return }
    // Reports come in order, one at a time.
    lock.lock()
    defer { lock.unlock() }
    done += count
    report(done, total)
  }
}
