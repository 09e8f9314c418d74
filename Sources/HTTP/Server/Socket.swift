import Glibc

/// A failed system call.
public struct SocketError: Error, Sendable, CustomStringConvertible {
  public let call: String
  public let code: Int32

  init(_ call: String, code: Int32 = errno) {
    self.call = call
    self.code = code
  }

  public var description: String { "\(call): \(String(cString: strerror(code)))" }
}

/// The address of a client as bytes, for counting: IPv4 in its mapped form; of IPv6 the network part (/64),
/// because one client has all of it.
struct AddressKey: Hashable, Sendable {
  var high: UInt64
  var low: UInt64
}

/// System calls on sockets. No call raises SIGPIPE.
enum Socket {
  private static let noSignal = Int32(MSG_NOSIGNAL)

  /// Raises the process' limit of open descriptors to `count`, or as near as the system allows. Returns the
  /// limit.
  static func allowDescriptors(_ count: Int) -> Int {
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    guard getrlimit(resource, &limit) == 0 else { return count }
    if limit.rlim_cur < UInt(clamping: count) {
      limit.rlim_cur = min(UInt(clamping: count), limit.rlim_max)
      _ = setrlimit(resource, &limit)
      guard getrlimit(resource, &limit) == 0 else { return count }
    }
    return Int(clamping: limit.rlim_cur)
  }

  /// Listening sockets for every address of `host`, and the port they share.
  static func listen(host: String, port: UInt16, backlog: Int32) throws -> (
    descriptors: [Int32], port: UInt16
  ) {
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_PASSIVE
    var list: UnsafeMutablePointer<addrinfo>?
    let failure = getaddrinfo(host, nil, &hints, &list)
    guard failure == 0, let list else {
      throw SocketError("resolving '\(host)' (\(String(cString: gai_strerror(failure))))", code: EINVAL)
    }
    defer { freeaddrinfo(list) }
    var descriptors: [Int32] = []
    var bound = port
    do {
      var next: UnsafeMutablePointer<addrinfo>? = list
      while let info = next?.pointee {
        descriptors.append(try listen(info, &bound, backlog, dualStack: host == "::"))
        next = info.ai_next
      }
    } catch {
      for descriptor in descriptors { close(descriptor) }
      throw error
    }
    return (descriptors, bound)
  }

  private static func listen(
    _ info: addrinfo, _ port: inout UInt16, _ backlog: Int32, dualStack: Bool
  ) throws -> Int32 {
    let kind = info.ai_socktype | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let descriptor = socket(info.ai_family, kind, 0)
    guard descriptor >= 0 else { throw SocketError("socket") }
    do {
      set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
      if info.ai_family == AF_INET6 { set(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, dualStack ? 0 : 1) }
      var address = sockaddr_storage()
      memcpy(&address, info.ai_addr, Int(info.ai_addrlen))
      setPort(&address, port)
      let result = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, info.ai_addrlen) }
      }
      guard result == 0 else { throw SocketError("bind to port \(port)") }
      guard Glibc.listen(descriptor, backlog) == 0 else { throw SocketError("listen") }
      var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
      let named = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
      }
      guard named == 0 else { throw SocketError("getsockname") }
      port = self.port(of: &address)
      return descriptor
    } catch {
      close(descriptor)
      throw error
    }
  }

  private static func setPort(_ address: inout sockaddr_storage, _ port: UInt16) {
    // The port lies at the same place in both families.
    withUnsafeMutableBytes(of: &address) {
      $0.storeBytes(of: port.bigEndian, toByteOffset: 2, as: UInt16.self)
    }
  }

  private static func port(of address: inout sockaddr_storage) -> UInt16 {
    withUnsafeBytes(of: &address) { UInt16(bigEndian: $0.loadUnaligned(fromByteOffset: 2, as: UInt16.self)) }
  }

  static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
    var value = value
    setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
  }

  enum Accepted {
    case connection(descriptor: Int32, key: AddressKey, address: String)
    case none
    /// No descriptor is left for another connection.
    case exhausted
    /// This connection failed. Others may not.
    case failed
  }

  static func accept(_ listener: Int32) -> Accepted {
    var address = sockaddr_storage()
    var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let descriptor = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.accept(listener, $0, &size) }
    }
    guard descriptor >= 0 else {
      switch errno {
      case EAGAIN: return .none
      case EMFILE, ENFILE, ENOBUFS, ENOMEM: return .exhausted
      default: return .failed
      }
    }
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
    return .connection(descriptor: descriptor, key: key(of: &address), address: text(of: &address))
  }

  private static func key(of address: inout sockaddr_storage) -> AddressKey {
    let family = Int32(address.ss_family)
    return withUnsafeBytes(of: &address) { bytes in
      if family == AF_INET {
        return AddressKey(
          high: 0, low: 0xFFFF_0000_0000 | UInt64(bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self)))
      }
      let high = bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
      let low = bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self)
      return AddressKey(high: high, low: high == 0 ? low : 0)
    }
  }

  private static func text(of address: inout sockaddr_storage) -> String {
    let family = Int32(address.ss_family)
    return withUnsafeBytes(of: &address) { bytes in
      guard let base = bytes.baseAddress else { return "" }
      return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
        guard let start = buffer.baseAddress,
          inet_ntop(family, base + (family == AF_INET ? 4 : 8), start, 64) != nil
        else { return "" }
        let text = String(cString: start)
        return text.hasPrefix("::ffff:") && text.contains(".") ? String(text.dropFirst(7)) : text
      }
    }
  }

  enum Transfer {
    case bytes(Int)
    case wouldBlock
    case ended
    case failed
  }

  static func receive(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer, _ count: Int) -> Transfer {
    while true {
      let received = recv(descriptor, buffer, count, 0)
      if received > 0 { return .bytes(received) }
      if received == 0 { return .ended }
      if errno == EINTR { continue }
      return errno == EAGAIN ? .wouldBlock : .failed
    }
  }

  static func send(_ descriptor: Int32, _ buffer: UnsafeRawPointer, _ count: Int) -> Transfer {
    while true {
      let sent = Glibc.send(descriptor, buffer, count, noSignal)
      if sent >= 0 { return .bytes(sent) }
      if errno == EINTR { continue }
      return errno == EAGAIN ? .wouldBlock : .failed
    }
  }
}

/// Nanoseconds of the monotonic clock.
@inline(__always) func monotonicNow() -> UInt64 {
  var now = timespec()
  clock_gettime(CLOCK_MONOTONIC, &now)
  return UInt64(now.tv_sec) &* 1_000_000_000 &+ UInt64(now.tv_nsec)
}

extension Duration {
  /// The duration in nanoseconds, bounded to the range of the type.
  var nanoseconds: UInt64 {
    let (seconds, attoseconds) = components
    guard seconds >= 0 else { return 0 }
    guard seconds < 1_000_000_000 else { return 1_000_000_000_000_000_000 }
    return UInt64(seconds) * 1_000_000_000 + UInt64(max(0, attoseconds) / 1_000_000_000)
  }
}
