import Synchronization

/// Signals to the clients that wait for a job: a new event or the job's end.
final class JobSignals: Sendable {
  typealias Action = @Sendable () -> Void

  private struct State {
    var next = 0
    var actions: [String: [Int: Action]] = [:]
  }

  /// Names a subscription.
  struct Token: Sendable {
    let job: String
    let number: Int
  }

  private let state = Mutex(State())

  /// Calls `action` at every signal, on any thread; it must not block.
  func subscribe(_ job: String, _ action: @escaping Action) -> Token {
    state.withLock { state in
      state.next += 1
      state.actions[job, default: [:]][state.next] = action
      return Token(job: job, number: state.next)
    }
  }

  func unsubscribe(_ token: Token) {
    state.withLock { state in
      state.actions[token.job]?[token.number] = nil
      if state.actions[token.job]?.isEmpty ?? false { state.actions[token.job] = nil }
    }
  }

  func notify(_ job: String) {
    let actions = state.withLock { $0.actions[job].map { Array($0.values) } ?? [] }
    for action in actions { action() }
  }

  /// Wakes everybody: the service stops.
  func notifyAll() {
    let actions = state.withLock { $0.actions.values.flatMap(\.values) }
    for action in actions { action() }
  }
}
