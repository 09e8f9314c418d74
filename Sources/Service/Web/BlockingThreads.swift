import Foundation
import Synchronization

/// Threads for work that may block, so that no connection's loop ever does. What finds none free waits its turn.
final class BlockingThreads: Sendable {
  private struct State {
    var pending: [@Sendable () -> Void] = []
    var first = 0
    var idle = 0
    var threads = 0
    var isStopped = false
  }

  private let limit: Int
  private let state = Mutex(State())
  private let semaphore = DispatchSemaphore(value: 0)

  init(limit: Int) { self.limit = max(1, limit) }

  func run(_ work: @escaping @Sendable () -> Void) {
    let needsThread = state.withLock { state in
      state.pending.append(work)
      guard state.idle < state.pending.count - state.first, state.threads < limit else { return false }
      state.threads += 1
      return true
    }
    if needsThread {
      let thread = Thread { self.loop() }
      thread.name = "request"
      thread.stackSize = 2 << 20
      thread.start()
    }
    semaphore.signal()
  }

  private func loop() {
    while true {
      state.withLock { $0.idle += 1 }
      semaphore.wait()
      let work = state.withLock { state -> (@Sendable () -> Void)? in
        state.idle -= 1
        guard state.first < state.pending.count else { return nil }
        let work = state.pending[state.first]
        state.first += 1
        if state.first == state.pending.count {
          state.pending.removeAll(keepingCapacity: true)
          state.first = 0
        } else if state.first >= 1024 {
          state.pending.removeFirst(state.first)
          state.first = 0
        }
        return work
      }
      work?()
    }
  }
}
