import Dispatch
import Foundation
import Synchronization

/// Writes lines to a descriptor in the background, many with one call, in their order.
///
/// Who logs never waits for the descriptor: where it takes nothing (a pipe nobody reads) lines beyond a bound are
/// dropped, and a line says how many once it takes some again.
package final class LogWriter: Sendable {
  /// Bytes that may wait.
  private static let limit = 4 << 20
  /// Milliseconds a line waits for others to be written with.
  private static let delay = 20

  private struct State {
    var waiting: [UInt8] = []
    var dropped = 0
    var isScheduled = false
  }

  private let descriptor: Int32
  /// The line that tells of lines dropped.
  private let notice: @Sendable (Int) -> String
  private let state = Mutex(State())
  private let queue = DispatchQueue(label: "service.log", qos: .utility)

  package init(descriptor: Int32, notice: @escaping @Sendable (Int) -> String) {
    self.descriptor = descriptor
    self.notice = notice
  }

  /// Appends a line and its end; it is written soon, or at once with what waits.
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
