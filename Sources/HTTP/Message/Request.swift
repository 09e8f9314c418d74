/// The head of a request: its request line and fields, checked and decoded.
public struct Request: Sendable, Equatable {
  /// How the end of the body is found (RFC 9112 §6.3).
  public enum Framing: Sendable, Equatable {
    case none
    case length(Int)
    case chunked
  }

  /// A name and value of the query, decoded. The value is empty if there is no `=`.
  public struct QueryItem: Sendable, Equatable {
    public var name: String
    public var value: String

    public init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  public var method: Method
  /// The request target as it came.
  public var target: String
  /// The decoded path, for people and logs; `*` for OPTIONS *. Route by `pathSegments`, which keep an encoded
  /// slash apart.
  public var path: String
  /// The decoded segments of the path: none for `/`, `["a", ""]` for `/a/`. No segment is `.` or `..` or
  /// holds a control character.
  public var pathSegments: [String]
  public var query: [QueryItem]
  public var version: Version
  public var headers: Headers
  /// The authority of the target URI: that of an absolute target, else the Host field. Nil only in HTTP/1.0.
  public var authority: String?
  public var framing: Framing
  /// Whether the client asked for another request on this connection (RFC 9112 §9.3).
  public var keepsAlive: Bool
  /// Whether the client waits for `100 Continue` before its body (RFC 9110 §10.1.1).
  public var expectsContinue: Bool
  /// The numeric address of the client, without port.
  public var remoteAddress: String

  /// A request for tests: the target is parsed as on the wire.
  public init(_ method: Method, _ target: String, headers: Headers = [:]) throws(ParseError) {
    let parts = try RequestTarget(target, method: method)
    self.init(
      method: method, target: target, parts: parts, version: .http11, headers: headers,
      authority: parts.authority ?? headers["Host"], framing: .none, keepsAlive: true,
      expectsContinue: false)
  }

  init(
    method: Method, target: String, parts: RequestTarget, version: Version, headers: Headers,
    authority: String?, framing: Framing, keepsAlive: Bool, expectsContinue: Bool
  ) {
    self.method = method
    self.target = target
    self.path = parts.path
    self.pathSegments = parts.segments
    self.query = parts.query
    self.version = version
    self.headers = headers
    self.authority = authority
    self.framing = framing
    self.keepsAlive = keepsAlive
    self.expectsContinue = expectsContinue
    self.remoteAddress = ""
  }

  /// The first value of that name in the query.
  public func query(_ name: String) -> String? { query.first { $0.name == name }?.value }
}
