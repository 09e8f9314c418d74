import CEpoll
import Glibc

/// Finds the ready ones among many descriptors: epoll(7), level-triggered.
struct Poller: Sendable {
  struct Interest: OptionSet, Sendable {
    let rawValue: UInt32
    static let reading = Interest(rawValue: EPOLLIN.rawValue)
    static let writing = Interest(rawValue: EPOLLOUT.rawValue)
  }

  struct Event {
    /// The token that the descriptor was added with.
    var token: UInt64
    var isReadable: Bool
    var isWritable: Bool
    /// Whether both directions are closed, or the connection has failed. Reported even for no interest.
    var isBroken: Bool
  }

  /// The buffer that `wait` fills.
  typealias Events = UnsafeMutableBufferPointer<epoll_event>

  private let descriptor: Int32

  init() throws(SocketError) {
    descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
    guard descriptor >= 0 else { throw SocketError("epoll_create1") }
  }

  func close() { _ = Glibc.close(descriptor) }

  /// False if the system has no room for another.
  func add(_ client: Int32, token: UInt64, _ interest: Interest) -> Bool {
    control(EPOLL_CTL_ADD, client, token, interest)
  }

  func change(_ client: Int32, token: UInt64, _ interest: Interest) {
    _ = control(EPOLL_CTL_MOD, client, token, interest)
  }

  func remove(_ client: Int32) { _ = control(EPOLL_CTL_DEL, client, 0, []) }

  private func control(_ operation: Int32, _ client: Int32, _ token: UInt64, _ interest: Interest) -> Bool {
    var event = epoll_event()
    event.events = interest.rawValue
    event.data.u64 = token
    return epoll_ctl(descriptor, operation, client, &event) == 0
  }

  /// Waits until a descriptor is ready or the time is over. Returns how many of `events` are filled.
  func wait(_ events: Events, milliseconds: Int32) -> Int {
    Int(max(0, epoll_wait(descriptor, events.baseAddress, Int32(events.count), milliseconds)))
  }
}

extension Poller.Event {
  init(_ event: epoll_event) {
    let broken = EPOLLHUP.rawValue | EPOLLERR.rawValue
    token = event.data.u64
    isBroken = event.events & broken != 0
    isReadable = event.events & EPOLLIN.rawValue != 0
    isWritable = event.events & EPOLLOUT.rawValue != 0
  }
}
