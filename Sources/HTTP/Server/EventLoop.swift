import Dispatch
import Glibc
import Synchronization

/// A serial queue with the connections that belong to it. All state but `queue` and the atomics is the queue's own.
final class EventLoop: @unchecked Sendable {
  static let bufferSize = 256 << 10

  let queue: DispatchQueue
  /// What `recv` fills; lives for one event.
  let buffer = UnsafeMutableRawPointer.allocate(byteCount: EventLoop.bufferSize, alignment: 64)
  /// Small responses of one event, sent together.
  var output: [UInt8] = []
  var date = DateField()
  /// The monotonic clock at the start of the event.
  var eventTime: UInt64 = 0
  private(set) var connections: [Connection] = []
  private var timer: (any DispatchSourceTimer)?
  private let thread = Atomic<UInt>(0)
  let requests = Atomic<Int>(0)

  init(index: Int, tick: Duration) {
    queue = DispatchQueue(label: "http.loop.\(index)")
    output.reserveCapacity(64 << 10)
    let timer = DispatchSource.makeTimerSource(queue: queue)
    let milliseconds = Int(tick.nanoseconds / 1_000_000)
    timer.schedule(
      deadline: .now() + .milliseconds(milliseconds), repeating: .milliseconds(milliseconds),
      leeway: .milliseconds(max(1, milliseconds / 8)))
    timer.setEventHandler { [weak self] in self?.tick() }
    timer.activate()
    self.timer = timer
  }

  deinit { buffer.deallocate() }

  /// Ends the loop's connections and its timer.
  func stop() {
    queue.async { [self] in
      perform { closeAll() }
      timer?.cancel()
      timer = nil
    }
  }

  func closeAll() {
    while let connection = connections.last { connection.close() }
  }

  private func tick() { perform { expire() } }

  /// Whether the caller runs within `perform`.
  @inline(__always) var isCurrent: Bool { thread.load(ordering: .relaxed) == UInt(pthread_self()) }

  /// Runs `work`, which the queue has called.
  @inline(__always) func perform(_ work: () -> Void) {
    thread.store(UInt(pthread_self()), ordering: .relaxed)
    work()
    thread.store(0, ordering: .relaxed)
  }

  /// Runs `work` on the queue: at once where the caller is there already.
  func run(_ work: @escaping @Sendable () -> Void) {
    if isCurrent { work() } else { queue.async { self.perform(work) } }
  }

  func add(_ connection: Connection) {
    connection.index = connections.count
    connections.append(connection)
  }

  func remove(_ connection: Connection) {
    let index = connection.index
    guard index >= 0 else { return }
    connection.index = -1
    let last = connections.removeLast()
    if last !== connection {
      connections[index] = last
      last.index = index
    }
  }

  private func expire() {
    let now = monotonicNow()
    // Closing one moves the last into its place: from the back, none is missed.
    for i in stride(from: connections.count - 1, through: 0, by: -1) where i < connections.count {
      let connection = connections[i]
      if connection.deadline <= now { connection.expired(now) }
    }
  }
}
