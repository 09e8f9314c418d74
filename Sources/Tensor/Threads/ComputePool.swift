import COpenBLAS
import Foundation
import Synchronization

/// Thrown by a computation that was asked to stop.
public struct Cancelled: Error, Equatable {
  public init() {}
}

/// A flag that ends a computation at its next shard.
public final class Cancellation: Sendable {
  private let flag = Atomic<Bool>(false)

  public init() {}

  public func cancel() { flag.store(true, ordering: .relaxed) }

  public var isCancelled: Bool { flag.load(ordering: .relaxed) }

  public func check() throws(Cancelled) {
    if isCancelled { throw Cancelled() }
  }
}

/// The threads that all products share.
///
/// Any thread may run any index of a loop. Each index writes to a place of its own, and the caller adds up
/// the places in order, so the number of threads changes no result. Several callers share the helper threads
/// index by index, so short work does not wait for long work to end.
public final class ComputePool: Sendable {
  /// The most threads that one `run` uses.
  public let threads: Int

  /// A pool without helper threads: its loops run on the caller's thread.
  public static let single = ComputePool(threads: 1)

  private struct State {
    var open: [Batch] = []
    var isStopped = false
  }

  private final class Batch: Sendable {
    let count: Int
    /// nil once the loop has ended.
    let body: Mutex<Body?>
    let cancellation: Cancellation?
    let next = Atomic<Int>(0)
    let unfinished: Atomic<Int>
    let helpers = Atomic<Int>(0)
    let isBroken = Atomic<Bool>(false)
    let done = DispatchSemaphore(value: 0)

    init(_ count: Int, _ cancellation: Cancellation?, _ body: @escaping Body) {
      self.count = count
      self.cancellation = cancellation
      self.body = Mutex(body)
      unfinished = Atomic(count)
    }

    /// Takes one index and runs it; false if none is left. Not inlined, so that no reference to the body
    /// outlives the call.
    @inline(never)
    func step() -> Bool {
      let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
      guard index < count else { return false }
      if cancellation?.isCancelled != true, let body = body.withLock({ $0 }) {
        do throws(Cancelled) {
          try body(index)
        } catch {
          isBroken.store(true, ordering: .relaxed)
        }
      }
      if unfinished.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue == 0 { done.signal() }
      return true
    }
  }

  /// Runs one index of a loop.
  public typealias Body = @Sendable (Int) throws(Cancelled) -> Void

  /// Helpers sleep on the condition until there is work: a mutex alone cannot wake a thread.
  private let condition = NSCondition()
  private let state = Mutex(State())
  private let busyNanoseconds = Atomic<Int>(0)

  /// - Parameter threads: at least 1; by default the number of processors.
  public init(threads: Int = ProcessInfo.processInfo.activeProcessorCount) {
    self.threads = max(1, threads)
    // Every product runs on one thread of BLAS: the shards are the parallelism.
    openblas_set_num_threads(1)
    for index in 1..<max(2, self.threads) where self.threads > 1 {
      let thread = Thread { [weak self] in
        while let pool = self, pool.help() {}
      }
      thread.name = "compute-\(index)"
      thread.stackSize = 8 << 20
      thread.start()
    }
  }

  /// Ends the helper threads once the work they have is done.
  public func stop() {
    condition.lock()
    state.withLock { $0.isStopped = true }
    condition.broadcast()
    condition.unlock()
  }

  /// Seconds that all threads together spent in bodies since the pool was made.
  public var busySeconds: Double { Double(busyNanoseconds.load(ordering: .relaxed)) / 1e9 }

  /// Calls `body` once for every index of 0 ..< count, on the caller's thread and up to `threads − 1` others.
  /// Returns when all indices are done.
  /// - Throws: `Cancelled` if the flag was set or a body threw it; then some indices were not run to their
  ///   end.
  public func run(_ count: Int, cancellation: Cancellation? = nil, _ body: Body) throws(Cancelled) {
    try cancellation?.check()
    let start = DispatchTime.now().uptimeNanoseconds
    defer { note(since: start) }
    if count <= 1 || threads == 1 {
      for index in 0..<max(count, 0) {
        try cancellation?.check()
        try body(index)
      }
      // A body may have stopped before its end.
      try cancellation?.check()
      return
    }
    let isBroken = withoutActuallyEscaping(body) { body in
      let batch = Batch(count, cancellation, body)
      condition.lock()
      state.withLock { $0.open.append(batch) }
      condition.broadcast()
      condition.unlock()
      while batch.step() {}
      batch.done.wait()
      state.withLock { $0.open.removeAll { $0 === batch } }
      // A helper may still hold the batch for an instant; the closure must not outlive this scope.
      while batch.helpers.load(ordering: .acquiring) != 0 { sched_yield() }
      batch.body.withLock { $0 = nil }
      return batch.isBroken.load(ordering: .relaxed)
    }
    if isBroken { throw Cancelled() }
    try cancellation?.check()
  }

  /// One turn of a helper thread: an index of some open batch, or a wait for one. False when stopped.
  private func help() -> Bool {
    condition.lock()
    var batch = takeBatch()
    while batch == nil {
      if state.withLock({ $0.isStopped }) {
        condition.unlock()
        return false
      }
      _ = condition.wait(until: Date(timeIntervalSinceNow: 1))
      batch = takeBatch()
      if batch == nil {
        // The caller holds the pool weakly between turns, so that an unused pool can be freed.
        condition.unlock()
        return true
      }
    }
    condition.unlock()
    guard let batch else { return true }
    let start = DispatchTime.now().uptimeNanoseconds
    let more = batch.step()
    note(since: start)
    if !more { state.withLock { $0.open.removeAll { $0 === batch } } }
    batch.helpers.wrappingSubtract(1, ordering: .releasing)
    return true
  }

  /// The next batch in turn, with this thread counted among its helpers.
  private func takeBatch() -> Batch? {
    state.withLock { state in
      // The batch goes to the end of the queue, so that every caller gets its share. A batch without an index
      // left is dropped.
      while !state.open.isEmpty {
        let batch = state.open.removeFirst()
        guard batch.next.load(ordering: .relaxed) < batch.count else { continue }
        state.open.append(batch)
        batch.helpers.wrappingAdd(1, ordering: .acquiringAndReleasing)
        return batch
      }
      return nil
    }
  }

  private func note(since start: UInt64) {
    busyNanoseconds.wrappingAdd(Int(DispatchTime.now().uptimeNanoseconds - start), ordering: .relaxed)
  }
}
