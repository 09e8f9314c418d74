import Foundation
import HTTP
import Synchronization

/// Threads for work that may block, so that no connection's loop ever blocks. Work that finds no free thread
/// waits.
///
/// At most one thread is being woken at a time, the last one to sleep. When it takes its work, it wakes the
/// next thread if there is more work. So few threads do short work, and blocking work brings in more threads.
package final class BlockingThreads: Sendable {
  private struct State {
    var pending: [@Sendable () -> Void] = []
    var first = 0
    var asleep: [DispatchSemaphore] = []
    var threads = 0
    var isWaking = false

    mutating func take() -> (@Sendable () -> Void)? {
      guard first < pending.count else { return nil }
      let work = pending[first]
      first += 1
      if first == pending.count {
        pending.removeAll(keepingCapacity: true)
        first = 0
      } else if first >= 1024 {
        pending.removeFirst(first)
        first = 0
      }
      return work
    }

    mutating func nextWake(limit: Int) -> Wake? {
      guard !isWaking, first < pending.count else { return nil }
      if let sleeper = asleep.popLast() {
        isWaking = true
        return .signal(sleeper)
      }
      guard threads < limit else { return nil }
      threads += 1
      isWaking = true
      return .start
    }
  }

  private enum Wake {
    case signal(DispatchSemaphore)
    case start
  }

  /// Runs its argument on a new thread; false if no thread can be made.
  package typealias Starter = @Sendable (@escaping @Sendable () -> Void) -> Bool

  private let limit: Int
  private let start: Starter
  private let state = Mutex(State())

  package init(
    limit: Int, start: @escaping Starter = { DetachedThread.start(stackBytes: 2 << 20, $0) }
  ) {
    self.limit = max(1, limit)
    self.start = start
  }

  package func run(_ work: @escaping @Sendable () -> Void) {
    wake(
      state.withLock { state in
        state.pending.append(work)
        return state.nextWake(limit: limit)
      })
  }

  private func wake(_ wake: Wake?) {
    switch wake {
    case nil: return
    case .signal(let sleeper): sleeper.signal()
    case .start: if !start({ self.loop() }) { startFailed() }
    }
  }

  /// Leaves the waiting work to the existing threads; if there is none, to the caller's thread.
  private func startFailed() {
    let (isAlone, next) = state.withLock { state -> (Bool, Wake?) in
      state.threads -= 1
      state.isWaking = false
      guard state.threads > 0 else { return (true, nil) }
      // A busy thread takes the work before it sleeps. A thread that fell asleep meanwhile is woken.
      return (false, state.asleep.isEmpty ? nil : state.nextWake(limit: limit))
    }
    wake(next)
    while isAlone, let work = state.withLock({ $0.take() }) { work() }
  }

  private func loop() {
    Thread.current.name = "request"
    let semaphore = DispatchSemaphore(value: 0)
    var isWoken = true
    while true {
      let (work, next) = state.withLock { state -> ((@Sendable () -> Void)?, Wake?) in
        if isWoken { state.isWaking = false }
        if let work = state.take() { return (work, state.nextWake(limit: limit)) }
        state.asleep.append(semaphore)
        return (nil, nil)
      }
      isWoken = false
      wake(next)
      if let work {
        work()
      } else {
        semaphore.wait()
        isWoken = true
      }
    }
  }
}
