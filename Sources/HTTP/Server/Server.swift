import Dispatch
import Glibc
import Synchronization

/// A server of HTTP/1.1 (RFC 9110, RFC 9112) on plain sockets.
///
/// `handler` is called on the loop of the connection and must not block. It answers there or hands the
/// exchange on.
public final class Server: Sendable {
  public struct Statistics: Sendable, Equatable {
    public var openConnections = 0
    public var acceptedConnections = 0
    /// Connections that were refused over a limit.
    public var refusedConnections = 0
    public var requests = 0
  }

  /// Descriptors that are kept for everything else: files, databases, event sets.
  private static let otherDescriptors = 128

  private let core: ServerCore
  private let loops: [EventLoop]
  private let listeners = Mutex<[Listener]>([])

  public init(configuration: ServerConfiguration, handler: @escaping @Sendable (Exchange) -> Void) {
    var configuration = configuration
    let allowed = Socket.allowDescriptors(configuration.connections + Self.otherDescriptors)
    // A client beyond the descriptors could not even be refused.
    configuration.connections = min(configuration.connections, max(1, allowed - Self.otherDescriptors))
    core = ServerCore(configuration: configuration, handler: handler)
    let processors = Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    let count = configuration.loops > 0 ? configuration.loops : min(max(1, processors / 2), 8)
    let shortest =
      [
        configuration.headDeadline, configuration.bodyDeadline, configuration.idleDeadline,
        configuration.writeDeadline, configuration.lingerDeadline,
      ].min() ?? .seconds(1)
    let tick = min(max(shortest / 4, .milliseconds(10)), .milliseconds(500))
    loops = (0..<count).map { EventLoop(index: $0, tick: tick) }
  }

  deinit {
    for listener in listeners.withLock({ $0 }) { listener.cancel() }
    for loop in loops { loop.stop() }
  }

  /// Listens and serves.
  ///
  /// - Returns: the port. The system chooses it if the configuration has 0.
  /// - Throws: `SocketError` naming the call that failed.
  @discardableResult
  public func start() throws -> UInt16 {
    let configuration = core.configuration
    for loop in loops { try loop.start() }
    let (descriptors, port) = try Socket.listen(
      host: configuration.host, port: configuration.port, backlog: configuration.backlog)
    let opened = descriptors.map { Listener(descriptor: $0, loops: loops, core: core) }
    listeners.withLock { $0 += opened }
    for listener in opened { listener.start() }
    return port
  }

  /// Stops accepting, closes idle connections, lets running exchanges end, and ends those that are left after
  /// `grace`. `completion` is called once, when no connection is left. A caller with open event streams
  /// finishes them first.
  public func stop(grace: Duration, completion: @escaping @Sendable () -> Void) {
    core.beginStop()
    let closing = listeners.withLock { listeners in
      defer { listeners = [] }
      return listeners
    }
    for listener in closing { listener.cancel() }
    for loop in loops {
      loop.queue.async { loop.perform { for connection in loop.connections { connection.wind() } } }
    }
    let nanoseconds = Int(clamping: grace.nanoseconds)
    for loop in loops {
      loop.queue.asyncAfter(deadline: .now() + .nanoseconds(nanoseconds)) {
        loop.perform { loop.closeAll() }
      }
    }
    core.whenEmpty(completion)
  }

  public var statistics: Statistics {
    Statistics(
      openConnections: core.openConnections, acceptedConnections: core.accepted.load(ordering: .relaxed),
      refusedConnections: core.refused.load(ordering: .relaxed),
      requests: loops.reduce(0) { $0 + $1.requests.load(ordering: .relaxed) })
  }
}
