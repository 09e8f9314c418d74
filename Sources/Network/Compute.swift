import Tensor

/// The threads that a computation runs on, and the flag that stops it.
public struct Compute: Sendable {
  public let pool: ComputePool
  public let cancellation: Cancellation?

  public init(pool: ComputePool, cancellation: Cancellation? = nil) {
    self.pool = pool
    self.cancellation = cancellation
  }

  /// Whether the computation must end. The rest may be skipped, since the result is not used.
  var isCancelled: Bool { cancellation?.isCancelled == true }
}
