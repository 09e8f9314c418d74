import Foundation
import Glibc
import Synchronization

/// Runs work that nothing can interrupt, such as one call of LAPACK, on a thread of its own. So the caller
/// can stop waiting. The work then runs to its end, and its result is dropped.
public enum DetachedWork {
  /// Linux's `SCHED_IDLE` (sched(7)).
  private static let idlePolicy: Int32 = 5

  private final class Outcome<Value: Sendable>: Sendable {
    private struct State {
      var thread: pthread_t?
      var isLeft = false
      var result: Result<Value, any Error>?
    }

    private let state = Mutex(State())
    let isDone = DispatchSemaphore(value: 0)

    func begin() {
      state.withLock { state in
        state.thread = pthread_self()
        if state.isLeft { Self.yield(pthread_self()) }
      }
    }

    func end(_ result: Result<Value, any Error>) {
      state.withLock { state in
        // From now on the thread may be gone.
        state.thread = nil
        state.result = result
      }
      isDone.signal()
    }

    func leave() {
      state.withLock { state in
        state.isLeft = true
        if let thread = state.thread { Self.yield(thread) }
      }
    }

    func take() throws -> Value {
      guard let result = state.withLock({ $0.result }) else {
        preconditionFailure("Work that is done must have left its result.")
      }
      return try result.get()
    }

    private static func yield(_ thread: pthread_t) {
      var parameters = sched_param()
      pthread_setschedparam(thread, DetachedWork.idlePolicy, &parameters)
    }
  }

  /// Runs `work` and returns its result.
  ///
  /// - Parameters:
  ///   - yieldsWhenLeft: whether work that nobody waits for runs only while no other thread wants the
  ///     processor. Pass false for work that holds a lock or a file that others may wait for.
  ///   - check: called about ten times a second on the caller's thread; an error that it throws ends the
  ///     wait.
  /// - Throws: the errors of `work` and `check`.
  public static func run<Value: Sendable>(
    yieldsWhenLeft: Bool = true, _ work: @escaping @Sendable () throws -> Value, check: () throws -> Void
  ) throws -> Value {
    let outcome = Outcome<Value>()
    let thread = Thread {
      outcome.begin()
      outcome.end(Result { try work() })
    }
    thread.name = "detached"
    thread.stackSize = 16 << 20
    thread.start()
    do {
      while outcome.isDone.wait(timeout: .now() + .milliseconds(100)) == .timedOut { try check() }
    } catch {
      if yieldsWhenLeft { outcome.leave() }
      throw error
    }
    return try outcome.take()
  }
}
