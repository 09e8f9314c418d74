import Glibc
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
    let box = Unmanaged.passRetained(
      Box { [self] in
        work()
        while let next = takeNext() { next() }
      })
    var thread = pthread_t()
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    pthread_attr_setstacksize(&attributes, 512 << 10)
    let failure = pthread_create(
      &thread, &attributes,
      { context in
        guard let context else { return nil }
        Unmanaged<Box>.fromOpaque(context).takeRetainedValue().work()
        return nil
      }, box.toOpaque())
    pthread_attr_destroy(&attributes)
    guard failure != 0 else { return }
    // No thread is to be had: the work waits for one that ends, or runs where it must.
    box.release()
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

  private final class Box: Sendable {
    let work: @Sendable () -> Void
    init(_ work: @escaping @Sendable () -> Void) { self.work = work }
  }
}
