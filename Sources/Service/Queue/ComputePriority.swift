import Dispatch
import Foundation
import Tensor

/// Threads that compute give way to those that answer: polls stay quick while a training has every processor.
enum ComputePriority {
  /// Of two threads that both want a processor the other gets three quarters of it.
  private static let niceness: Int32 = 5

  /// Lowers the calling thread's, and that of threads it makes from then on (Linux: `setpriority(2)`, "C library/kernel
  /// differences").
  static func lower() { setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness) }

  /// A pool whose threads give way.
  ///
  /// - Parameter threads: 0 takes as many as there are processors.
  static func pool(threads: Int) -> ComputePool {
    let made = DispatchSemaphore(value: 0)
    nonisolated(unsafe) var pool = ComputePool.single
    Thread.detachNewThread {
      lower()
      pool = threads > 0 ? ComputePool(threads: threads) : ComputePool()
      made.signal()
    }
    made.wait()
    return pool
  }
}
