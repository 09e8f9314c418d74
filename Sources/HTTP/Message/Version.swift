/// A protocol version of HTTP/1 (RFC 9112 §2.3). A later minor version is treated as 1.1 (RFC 9110 §2.5).
public enum Version: Sendable, Equatable {
  case http10
  case http11
}
