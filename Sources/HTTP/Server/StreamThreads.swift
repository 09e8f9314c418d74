import Synchronization

/// Threads for bodies whose writing blocks: Dispatch's own pool must not be held by slow clients.
final class StreamThreads: Sendable {
  private struct State {
    var running = 0
    var waiting: [@Sendable () -> Void] = []
    var first = 0
  }

  private let limit: Int
  private let state = Mutex(State())

  init(limit: Int) { self.limit = max(1, limit) }

  /// Runs `work` on a thread of its own; while the limit is reached it waits for one.
  func run(_ work: @escaping @Sendable () -> Void) {
    let starts = state.withLock { state in
      guard state.running < limit else {
        state.waiting.append(work)
        return false
      }
      state.running += 1
      return true
    }
    if starts { start(work) }
  }

  private func start(_ work: @escaping @Sendable () -> Void) {
    let started = DetachedThread.start(stackBytes: 512 << 10) { [self] in
      work()
      while let next = takeNext() { next() }
    }
    guard !started else { return }
    // No thread is to be had: the work waits for one that ends, or runs where it must.
    let mustRun = state.withLock { state in
      state.running -= 1
      guard state.running > 0 else { return true }
      state.waiting.append(work)
      return false
    }
    if mustRun { work() }
  }

  private func takeNext() -> (@Sendable () -> Void)? {
    state.withLock { state in
      guard state.first < state.waiting.count else {
        state.waiting = []
        state.first = 0
        state.running -= 1
        return nil
      }
      state.first += 1
      return state.waiting[state.first - 1]
    }
  }
}
