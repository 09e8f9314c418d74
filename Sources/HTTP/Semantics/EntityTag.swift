/// An entity tag (RFC 9110 §8.8.3).
public struct EntityTag: Sendable, Equatable, CustomStringConvertible {
  public var opaque: String
  public var isWeak: Bool

  public init(_ opaque: String, isWeak: Bool = false) {
    self.opaque = opaque
    self.isWeak = isWeak
  }

  /// One entity tag, quotes and all: `"abc"` or `W/"abc"`.
  public init?(parsing text: String) {
    guard let list = EntityTag.list(text), list.count == 1 else { return nil }
    self = list[0]
  }

  public var description: String { (isWeak ? "W/\"" : "\"") + opaque + "\"" }

  /// Whether neither is weak and both are the same, RFC 9110 §8.8.3.2.
  public func matchesStrongly(_ other: EntityTag) -> Bool {
    !isWeak && !other.isWeak && opaque == other.opaque
  }

  public func matchesWeakly(_ other: EntityTag) -> Bool { opaque == other.opaque }

  /// The tags of a comma-separated list; nil if it is malformed.
  static func list(_ text: String) -> [EntityTag]? {
    let bytes = Array(text.utf8)
    var tags: [EntityTag] = []
    var i = 0
    while true {
      while i < bytes.count, bytes[i].isWhitespace || bytes[i] == 0x2C { i += 1 }
      guard i < bytes.count else { return tags }
      var weak = false
      if bytes[i] == 0x57 {
        guard i + 1 < bytes.count, bytes[i + 1] == 0x2F else { return nil }
        weak = true
        i += 2
      }
      guard i < bytes.count, bytes[i] == 0x22,
        let end = bytes[(i + 1)...].firstIndex(of: 0x22),
        bytes[i + 1..<end].allSatisfy({ $0 > 0x20 && $0 != 0x7F })
      else { return nil }
      tags.append(EntityTag(String(decoding: bytes[i + 1..<end], as: UTF8.self), isWeak: weak))
      i = end + 1
      while i < bytes.count, bytes[i].isWhitespace { i += 1 }
      guard i == bytes.count || bytes[i] == 0x2C else { return nil }
    }
  }
}

/// The preconditions of a request on the representation it would get (RFC 9110 §13).
public enum Precondition: Sendable, Equatable {
  case proceed
  /// Answer 304 with the same validators.
  case notModified
  /// Answer 412.
  case failed

  /// Evaluates If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since in the order of §13.2.2.
  ///
  /// - Parameters:
  ///   - entityTag: of the current representation; nil if there is none.
  ///   - modified: seconds since 1970, if known.
  public static func evaluate(
    _ request: Request, entityTag: EntityTag?, modified: Int? = nil
  ) -> Precondition {
    let headers = request.headers
    let reads = request.method == .get || request.method == .head
    if headers.contains("If-Match") {
      guard any(headers.all(named: "If-Match"), of: entityTag, { $0.matchesStrongly($1) }) else {
        return .failed
      }
    } else if let since = headers.first(named: "If-Unmodified-Since").flatMap(HTTPDate.seconds), let modified,
      modified > since
    {
      return .failed
    }
    if headers.contains("If-None-Match") {
      if any(headers.all(named: "If-None-Match"), of: entityTag, { $0.matchesWeakly($1) }) {
        return reads ? .notModified : .failed
      }
    } else if reads, let since = headers.first(named: "If-Modified-Since").flatMap(HTTPDate.seconds),
      let modified,
      modified <= since
    {
      return .notModified
    }
    return .proceed
  }

  private static func any(
    _ values: [String], of current: EntityTag?, _ matches: (EntityTag, EntityTag) -> Bool
  ) -> Bool {
    guard let current else { return false }
    let joined = values.joined(separator: ",")
    if joined.trimmingASCIIWhitespace() == "*" { return true }
    return EntityTag.list(joined)?.contains { matches($0, current) } ?? false
  }
}
