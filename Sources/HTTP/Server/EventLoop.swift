import Dispatch
import Glibc
import Synchronization

/// A serial queue with its connections, and a thread that waits until one of them is ready and then joins the
/// queue. So an event costs no change of thread. All state but `queue` and the atomics belongs to the queue.
final class EventLoop: @unchecked Sendable {
  static let bufferSize = 256 << 10
  private static let eventsAtOnce = 256
  /// The stack of the thread. Handlers run on it too.
  private static let stackBytes = 4 << 20

  let queue: DispatchQueue
  /// The target of `recv`, valid for one event.
  let buffer = UnsafeMutableRawPointer.allocate(byteCount: EventLoop.bufferSize, alignment: 64)
  /// Small responses of one event, sent together.
  var output: [UInt8] = []
  var date = DateField()
  /// The monotonic clock at the start of the event.
  var eventTime: UInt64 = 0
  private var slots: [Connection?] = []
  private var freeSlots: [Int] = []
  private var registrations: UInt32 = 0
  private var poller: Poller?
  /// The time between looks at deadlines, in nanoseconds.
  private let tick: UInt64
  private let stopped = Atomic<Bool>(false)
  private let thread = Atomic<UInt>(0)
  let requests = Atomic<Int>(0)

  init(index: Int, tick: Duration) {
    queue = DispatchQueue(label: "http.loop.\(index)")
    self.tick = tick.nanoseconds
    output.reserveCapacity(64 << 10)
  }

  deinit {
    buffer.deallocate()
    poller?.close()
  }

  /// Starts to wait for events. Called before the first connection joins.
  func start() throws(SocketError) {
    guard poller == nil else { return }
    let poller = try Poller()
    self.poller = poller
    guard DetachedThread.start(stackBytes: Self.stackBytes, { [self] in run(poller) }) else {
      throw SocketError("pthread_create", code: EAGAIN)
    }
  }

  /// Ends the loop's connections and its thread.
  func stop() {
    stopped.store(true, ordering: .releasing)
    queue.async { [self] in perform { closeAll() } }
  }

  func closeAll() {
    for connection in connections { connection.close() }
  }

  // MARK: Events

  private func run(_ poller: Poller) {
    let events = Poller.Events.allocate(capacity: Self.eventsAtOnce)
    defer { events.deallocate() }
    var nextTick = monotonicNow() &+ tick
    while !stopped.load(ordering: .acquiring) {
      let now = monotonicNow()
      let rest = nextTick > now ? (nextTick - now) / 1_000_000 + 1 : 0
      let count = poller.wait(events, milliseconds: Int32(clamping: rest))
      queue.sync {
        perform {
          for i in 0..<count {
            let event = Poller.Event(events[i])
            connection(event.token)?.ready(event)
          }
          guard monotonicNow() >= nextTick else { return }
          expire()
          nextTick = monotonicNow() &+ tick
        }
      }
    }
  }

  /// Whether the caller runs within `perform`.
  @inline(__always) var isCurrent: Bool { thread.load(ordering: .relaxed) == UInt(pthread_self()) }

  /// Runs `work`, which the queue has called.
  @inline(__always) func perform(_ work: () -> Void) {
    thread.store(UInt(pthread_self()), ordering: .relaxed)
    work()
    thread.store(0, ordering: .relaxed)
  }

  /// Runs `work` on the queue, at once if the caller is on it.
  func run(_ work: @escaping @Sendable () -> Void) {
    if isCurrent { work() } else { queue.async { self.perform(work) } }
  }

  // MARK: Connections

  var connections: [Connection] { slots.compactMap { $0 } }

  /// Takes a connection in. False if the system cannot watch it, or the loop has stopped.
  func add(_ connection: Connection, _ interest: Poller.Interest) -> Bool {
    guard !stopped.load(ordering: .acquiring) else { return false }
    registrations &+= 1
    let slot = freeSlots.popLast() ?? slots.count
    if slot == slots.count { slots.append(connection) } else { slots[slot] = connection }
    connection.slot = slot
    // An event may belong to a connection that has left its slot to another since.
    connection.token = UInt64(registrations) << 32 | UInt64(slot)
    return poller?.add(connection.descriptor, token: connection.token, interest) ?? false
  }

  func change(_ connection: Connection, _ interest: Poller.Interest) {
    poller?.change(connection.descriptor, token: connection.token, interest)
  }

  func remove(_ connection: Connection) {
    let slot = connection.slot
    guard slot >= 0 else { return }
    connection.slot = -1
    poller?.remove(connection.descriptor)
    slots[slot] = nil
    freeSlots.append(slot)
  }

  private func connection(_ token: UInt64) -> Connection? {
    let slot = Int(truncatingIfNeeded: token & 0xFFFF_FFFF)
    guard slot < slots.count, let connection = slots[slot], connection.token == token else { return nil }
    return connection
  }

  private func expire() {
    let now = monotonicNow()
    for slot in slots.indices {
      if let connection = slots[slot], connection.deadline <= now { connection.expired(now) }
    }
  }
}
