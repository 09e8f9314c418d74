import Foundation
import Synchronization

/// Threads for work that may block, so that no connection's loop ever does. What finds none free waits its turn.
///
/// At most one thread is being woken at a time, the one that slept last; it wakes the next where there is more to do
/// when it takes its work. So short work is done by few threads, and work that blocks brings others in.
final class BlockingThreads: Sendable {
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

  private let limit: Int
  private let state = Mutex(State())

  init(limit: Int) { self.limit = max(1, limit) }

  func run(_ work: @escaping @Sendable () -> Void) {
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
    case .start:
      let thread = Thread { self.loop() }
      thread.name = "request"
      thread.stackSize = 2 << 20
      thread.start()
    }
  }

  private func loop() {
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
