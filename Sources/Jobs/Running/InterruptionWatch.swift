import Dispatch
import Tensor

/// Sets a computation's flag when the job must stop, so that products end at their next shard.
struct InterruptionWatch {
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
