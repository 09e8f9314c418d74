import Dispatch
import Glibc
import Synchronization
import Tensor
import Testing

struct ComputePoolTests {
  @Test(arguments: [1, 2, 5])
  func everyIndexRunsOnce(_ threads: Int) throws {
    let pool = ComputePool(threads: threads)
    for count in [0, 1, 2, 3, 100] {
      let runs = Buffer<Int>(count: max(count, 1), zeroed: true)
      let marks = Disjoint(runs.pointer)
      try pool.run(count) { marks.value[$0] += 1 }
      #expect((0..<count).allSatisfy { runs.pointer[$0] == 1 })
    }
    pool.stop()
  }

  @Test func callersShareThePool() {
    let pool = ComputePool(threads: 3)
    let total = Atomic<Int>(0)
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      for _ in 0..<200 {
        try? pool.run(7) { total.wrappingAdd($0, ordering: .relaxed) }
      }
    }
    #expect(total.load(ordering: .relaxed) == 8 * 200 * 21)
  }

  @Test func runsCanNest() throws {
    let pool = ComputePool(threads: 2)
    let total = Atomic<Int>(0)
    try pool.run(4) { _ in try? pool.run(5) { _ in total.wrappingAdd(1, ordering: .relaxed) } }
    #expect(total.load(ordering: .relaxed) == 20)
  }

  @Test(arguments: [1, 3])
  func cancellationSkipsTheRest(_ threads: Int) {
    let pool = ComputePool(threads: threads)
    let cancellation = Cancellation()
    let done = Atomic<Int>(0)
    #expect(throws: Cancelled.self) {
      try pool.run(10_000, cancellation: cancellation) { _ in
        if done.wrappingAdd(1, ordering: .relaxed).newValue == 10 { cancellation.cancel() }
      }
    }
    #expect(done.load(ordering: .relaxed) < 10_000)
  }

  @Test func aPoolThatIsLetGoEndsItsThreads() throws {
    for _ in 0..<20 {
      let pool = ComputePool(threads: 4)
      try pool.run(8) { _ in }
      pool.stop()
    }
  }

  /// A body that sees the flag may stop before its end. Its caller must not take an unfinished part for a
  /// result.
  @Test(arguments: [1, 3])
  func cancellationInTheLastBodyIsThrown(_ threads: Int) {
    let pool = ComputePool(threads: threads)
    for count in [1, 4] {
      let cancellation = Cancellation()
      #expect(throws: Cancelled.self) {
        try pool.run(count, cancellation: cancellation) { if $0 == count - 1 { cancellation.cancel() } }
      }
    }
  }

  @Test func detachedWorkIsWaitedForOrLeft() throws {
    struct Left: Error {}
    #expect(
      try DetachedWork.run {
        7
      } check: {
        throw Left()
      } == 7)
    let goOn = DispatchSemaphore(value: 0)
    let ended = DispatchSemaphore(value: 0)
    #expect(throws: Left.self) {
      try DetachedWork.run {
        goOn.wait()
        ended.signal()
      } check: {
        throw Left()
      }
    }
    goOn.signal()
    ended.wait()
    #expect(throws: Left.self) {
      try DetachedWork.run {
        throw Left()
      } check: {
      }
    }
    var checks = 0
    _ = try DetachedWork.run {
      usleep(250_000)
    } check: {
      checks += 1
    }
    #expect(checks > 0)
  }
}
