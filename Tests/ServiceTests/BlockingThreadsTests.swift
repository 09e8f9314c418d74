import Foundation
import Service
import Synchronization
import Testing

@Suite struct BlockingThreadsTests {
  /// Starts `count` threads, and then no more.
  private final class Starter: Sendable {
    let left: Mutex<Int>
    init(_ count: Int) { left = Mutex(count) }

    func start(_ body: @escaping @Sendable () -> Void) -> Bool {
      let starts = left.withLock { left in
        left -= 1
        return left >= 0
      }
      if starts { Thread.detachNewThread(body) }
      return starts
    }
  }

  @Test(arguments: [0, 1, 2, 8])
  func everyWorkIsDoneWhateverThreadsThereAre(available: Int) {
    let starter = Starter(available)
    let threads = BlockingThreads(limit: 4) { starter.start($0) }
    let done = DispatchSemaphore(value: 0)
    let order = Mutex<[Int]>([])
    for index in 0..<200 {
      threads.run {
        if index % 50 == 0 { usleep(1000) }
        order.withLock { $0.append(index) }
        done.signal()
      }
    }
    for _ in 0..<200 { #expect(done.wait(timeout: .now() + 10) == .success) }
    let found = order.withLock { $0 }
    #expect(found.sorted() == Array(0..<200))
    // One at a time keeps the order.
    if available < 2 { #expect(found == Array(0..<200)) }
  }

  /// Blocking work brings in another thread, up to the limit.
  @Test func workThatBlocksHoldsNobodyUp() {
    let threads = BlockingThreads(limit: 3)
    let gate = DispatchSemaphore(value: 0)
    let done = DispatchSemaphore(value: 0)
    for _ in 0..<2 {
      threads.run {
        gate.wait()
        done.signal()
      }
    }
    threads.run { gate.signal() }
    threads.run { gate.signal() }
    for _ in 0..<2 { #expect(done.wait(timeout: .now() + 10) == .success) }
  }

  /// A thread that cannot be had now may be had later.
  @Test func aStartIsTriedAgain() {
    let starter = Starter(0)
    let threads = BlockingThreads(limit: 2) { starter.start($0) }
    let here = Mutex<Bool?>(nil)
    let own = pthread_self()
    threads.run { here.withLock { $0 = pthread_equal(own, pthread_self()) != 0 } }
    #expect(here.withLock { $0 } == true)
    starter.left.withLock { $0 = 1 }
    let done = DispatchSemaphore(value: 0)
    threads.run {
      here.withLock { $0 = pthread_equal(own, pthread_self()) != 0 }
      done.signal()
    }
    #expect(done.wait(timeout: .now() + 10) == .success)
    #expect(here.withLock { $0 } == false)
  }
}
