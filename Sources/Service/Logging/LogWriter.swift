import Dispatch
import Foundation
import Synchronization

/// Writes lines to a descriptor in the background, in order and many with one call.
///
/// A caller never waits for the descriptor. If the descriptor takes nothing, as a pipe without a reader,
/// lines beyond a bound are dropped. Once writing works again, a line reports their number.
package final class LogWriter: Sendable {
  /// The most bytes that wait to be written.
  private static let limit = 4 << 20
  /// Milliseconds that a line waits for further lines.
  private static let delay = 20

  private struct State {
    var waiting: [UInt8] = []
    var dropped = 0
    var isScheduled = false
  }

  private let descriptor: Int32
  /// The line that reports dropped lines.
  private let notice: @Sendable (Int) -> String
  private let state = Mutex(State())
  private let queue = DispatchQueue(label: "service.log", qos: .utility)

  package init(descriptor: Int32, notice: @escaping @Sendable (Int) -> String) {
    self.descriptor = descriptor
    self.notice = notice
  }

  /// Appends a line and its newline. The line is written soon, or at once with all waiting lines.
  package func append(_ line: String, atOnce: Bool) {
    let isFirst = state.withLock { state in
      guard state.waiting.count + line.utf8.count < Self.limit else {
        state.dropped += 1
        return false
      }
      state.waiting.append(contentsOf: line.utf8)
      state.waiting.append(0x0A)
      defer { state.isScheduled = true }
      return atOnce || !state.isScheduled
    }
    guard isFirst else { return }
    queue.asyncAfter(deadline: .now() + .milliseconds(atOnce ? 0 : Self.delay)) { self.write() }
  }

  /// Waits until everything appended so far is written, but no longer than a second.
  package func flush() {
    let written = DispatchSemaphore(value: 0)
    queue.async {
      self.write()
      written.signal()
    }
    _ = written.wait(timeout: .now() + 1)
  }

  private func write() {
    let (lines, dropped) = state.withLock { state in
      defer { state = State() }
      return (state.waiting, state.dropped)
    }
    put(lines)
    if dropped > 0 { put(Array((notice(dropped) + "\n").utf8)) }
  }

  private func put(_ bytes: [UInt8]) {
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes { rest in
        Foundation.write(descriptor, rest.baseAddress.map { $0 + written }, rest.count - written)
      }
      if count > 0 { written += count } else if errno != EINTR { return }
    }
  }
}
