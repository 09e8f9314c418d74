import Dispatch
import Tensor

/// Raises a computation's flag when the job is to stop, so that products end at their next shard.
/// The timer is only ever touched by `init` and `stop`, on the run's thread.
final class InterruptionWatch: @unchecked Sendable {
  private let timer: any DispatchSourceTimer

  init(_ context: any JobContext, _ cancellation: Cancellation) {
    let timer = DispatchSource.makeTimerSource(queue: .global(qos: .userInitiated))
    timer.schedule(deadline: .now() + 0.1, repeating: 0.1)
    timer.setEventHandler { if context.interruption != nil { cancellation.cancel() } }
    timer.resume()
    self.timer = timer
  }

  func stop() { timer.cancel() }
}
