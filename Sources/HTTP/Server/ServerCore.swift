import Synchronization

/// The state that the connections of a server share.
final class ServerCore: Sendable {
  let configuration: ServerConfiguration
  let handler: @Sendable (Exchange) -> Void
  let headDeadline: UInt64
  let bodyDeadline: UInt64
  let idleDeadline: UInt64
  let writeDeadline: UInt64
  private let nanosecondsPerByte: UInt64
  private let stopping = Atomic<Bool>(false)
  private let addresses = Mutex(Addresses())
  private let collected = Atomic<Int>(0)
  private let unsent = Atomic<Int>(0)
  let accepted = Atomic<Int>(0)
  let refused = Atomic<Int>(0)

  struct Addresses {
    var counts: [AddressKey: Int] = [:]
    var total = 0
    var whenEmpty: (@Sendable () -> Void)?
  }

  init(configuration: ServerConfiguration, handler: @escaping @Sendable (Exchange) -> Void) {
    self.configuration = configuration
    self.handler = handler
    headDeadline = configuration.headDeadline.nanoseconds
    bodyDeadline = configuration.bodyDeadline.nanoseconds
    idleDeadline = configuration.idleDeadline.nanoseconds
    writeDeadline = configuration.writeDeadline.nanoseconds
    nanosecondsPerByte = 1_000_000_000 / UInt64(min(max(1, configuration.minimumBodyRate), 1_000_000_000))
  }

  /// The time that `count` bytes are worth at the lowest rate allowed.
  func worth(_ count: Int) -> UInt64 { UInt64(max(0, count)) &* nanosecondsPerByte }

  var isStopping: Bool { stopping.load(ordering: .relaxed) }
  func beginStop() { stopping.store(true, ordering: .releasing) }

  /// Takes room for bytes of a body. False if there is none.
  func reserve(_ count: Int) -> Bool { take(count, of: collected, limit: configuration.collectedBytes) }
  func unreserve(_ count: Int) { collected.subtract(count, ordering: .relaxed) }

  /// Takes room for bytes that a client does not take yet. False if there is none.
  func reserveUnsent(_ count: Int) -> Bool { take(count, of: unsent, limit: configuration.unsentBytes) }
  func unreserveUnsent(_ count: Int) { unsent.subtract(count, ordering: .relaxed) }

  private func take(_ count: Int, of total: borrowing Atomic<Int>, limit: Int) -> Bool {
    if total.add(count, ordering: .relaxed).newValue <= limit { return true }
    total.subtract(count, ordering: .relaxed)
    return false
  }

  var openConnections: Int { addresses.withLock { $0.total } }

  /// Counts a connection. False if there are too many, in all or of its address.
  func admit(_ key: AddressKey) -> Bool {
    addresses.withLock { addresses in
      guard addresses.total < configuration.connections,
        addresses.counts[key, default: 0] < configuration.connectionsPerAddress
      else { return false }
      addresses.counts[key, default: 0] += 1
      addresses.total += 1
      return true
    }
  }

  func connectionClosed(_ key: AddressKey) {
    let action = addresses.withLock { addresses -> (@Sendable () -> Void)? in
      let rest = addresses.counts[key, default: 1] - 1
      addresses.counts[key] = rest == 0 ? nil : rest
      addresses.total -= 1
      guard addresses.total == 0 else { return nil }
      defer { addresses.whenEmpty = nil }
      return addresses.whenEmpty
    }
    action?()
  }

  /// Calls `action` once when no connection is open, possibly now.
  func whenEmpty(_ action: @escaping @Sendable () -> Void) {
    let isEmpty = addresses.withLock { addresses in
      if addresses.total > 0 { addresses.whenEmpty = action }
      return addresses.total == 0
    }
    if isEmpty { action() }
  }
}
