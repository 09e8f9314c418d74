import Glibc
import HTTP
import JSON
import Jobs

/// The hosts that a request may name, if no token protects the service.
///
/// A page in a browser can point its own name at 127.0.0.1 ("DNS rebinding"). Then its requests have the same
/// origin as the service, and only their `Host` shows another name. With a token such a page fails anyway, so
/// nothing is checked.
struct HostNames: Sendable {
  private let names: Set<String>
  private let isChecked: Bool

  init(_ configuration: Configuration) {
    names = Set(
      (configuration.allowedHosts ?? "").split(separator: ",").map {
        Self.host(of: String($0.filter { $0 != " " }))
      })
    // Without a token and with other clients, only the user knows the right names. Then hosts are checked
    // only if names are configured.
    isChecked = configuration.token == nil && (configuration.isLoopback || !names.isEmpty)
  }

  /// Throws a `Problem` (421).
  func check(_ request: Request) throws(Problem) {
    // A request without an authority is HTTP/1.0, which no browser speaks.
    guard isChecked, let authority = request.authority, !authority.isEmpty else { return }
    let host = Self.host(of: authority)
    guard !Configuration.isLoopback(host), !names.contains(host) else { return }
    throw Problem(
      .misdirectedRequest,
      "this service is not \(FieldReader.brief(.string(host))); a name it is to be reached by belongs into allowed_hosts"
    )
  }

  /// The host without port and final dot, in lower case. An IPv6 address has brackets and its canonical form
  /// (RFC 5952 §4), however it is configured.
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

  /// Nil if the text is no IPv6 address.
  private static func canonicalIPv6(_ text: String) -> String? {
    var address = in6_addr()
    var canonical = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    guard inet_pton(AF_INET6, text, &address) == 1,
      inet_ntop(AF_INET6, &address, &canonical, socklen_t(canonical.count)) != nil
    else { return nil }
    return String(decoding: canonical.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
