import Glibc
import HTTP
import JSON
import Jobs

/// Which hosts a request may be for, where no token protects the service.
///
/// A page in a browser can have its own name point at 127.0.0.1 ("DNS rebinding"): its requests are then of one origin
/// with the service, and only their `Host` tells that they are meant for somebody else. With a token such a page gets
/// nowhere, so nothing is checked.
struct HostNames: Sendable {
  private let names: Set<String>
  private let isChecked: Bool

  init(_ configuration: Configuration) {
    names = Set(
      (configuration.allowedHosts ?? "").split(separator: ",").map {
        Self.host(of: String($0.filter { $0 != " " }))
      })
    // Who serves others without a token serves them under names that only the user knows.
    isChecked = configuration.token == nil && (configuration.isLoopback || !names.isEmpty)
  }

  /// Throws a `Problem` (421).
  func check(_ request: Request) throws(Problem) {
    // Without an authority it is HTTP/1.0, which no browser speaks.
    guard isChecked, let authority = request.authority, !authority.isEmpty else { return }
    let host = Self.host(of: authority)
    guard !Configuration.isLoopback(host), !names.contains(host) else { return }
    throw Problem(
      .misdirectedRequest,
      "this service is not \(FieldReader.brief(.string(host))); a name it is to be reached by belongs into allowed_hosts"
    )
  }

  /// Without port and a root's dot, in lower case; an IPv6 address in brackets, with which it is not always configured, and
  /// in its one canonical form (RFC 5952 §4).
  private static func host(of authority: String) -> String {
    if let address = canonicalIPv6(authority) { return "[\(address)]" }
    var host = authority[...]
    if host.hasPrefix("[") {
      let literal = host.dropFirst().prefix { $0 != "]" }
      return "[\(canonicalIPv6(String(literal)) ?? literal.lowercased())]"
    }
    if let colon = host.firstIndex(of: ":") { host = host[..<colon] }
    if host.hasSuffix(".") { host.removeLast() }
    return host.lowercased()
  }

  /// Nil for what is no IPv6 address.
  private static func canonicalIPv6(_ text: String) -> String? {
    var address = in6_addr()
    var canonical = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    guard inet_pton(AF_INET6, text, &address) == 1,
      inet_ntop(AF_INET6, &address, &canonical, socklen_t(canonical.count)) != nil
    else { return nil }
    return String(decoding: canonical.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
