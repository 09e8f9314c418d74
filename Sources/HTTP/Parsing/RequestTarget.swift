/// A request target taken apart (RFC 9112 §3.2): origin form, absolute form, or asterisk form for OPTIONS.
struct RequestTarget: Sendable {
  var path = "*"
  var segments: [String] = []
  var query: [Request.QueryItem] = []
  /// The authority of an absolute target.
  var authority: String?

  init(_ target: String, method: Method) throws(ParseError) {
    let bytes = Array(target.utf8)
    try self.init(bytes.span, method: method)
  }

  init(_ target: Span<UInt8>, method: Method) throws(ParseError) {
    guard method != .connect else { throw .unsupportedConnect }
    guard target.count > 0 else { throw .invalidTarget }
    if target.count == 1, target[0] == 0x2A {
      guard method == .options else { throw .invalidTarget }  // RFC 9112 §3.2.4
      return
    }
    var start = 0
    if target[0] != 0x2F {
      start = try Self.schemeLength(target)  // RFC 9112 §3.2.2
      var end = start
      while end < target.count, target[end] != 0x2F, target[end] != 0x3F { end += 1 }
      guard Authority.isValid(target.extracting(start..<end)) else { throw .invalidTarget }
      authority = target.text(start..<end)
      start = end
    }
    let question = target.firstIndex(of: 0x3F, in: start..<target.count) ?? target.count
    try parsePath(target, start..<question)
    if question < target.count { try parseQuery(target, question + 1..<target.count) }
  }

  private static func schemeLength(_ target: Span<UInt8>) throws(ParseError) -> Int {
    if target.count > 7, target.extracting(0..<7).equalsIgnoringCase("http://") { return 7 }
    if target.count > 8, target.extracting(0..<8).equalsIgnoringCase("https://") { return 8 }
    throw .invalidTarget
  }

  private mutating func parsePath(_ target: Span<UInt8>, _ bounds: Range<Int>) throws(ParseError) {
    guard !bounds.isEmpty else {
      path = "/"  // an absolute target without path, RFC 9112 §3.2.1
      return
    }
    var encoded = false
    var start = bounds.lowerBound + 1
    for i in bounds {
      let byte = target[i]
      if byte == 0x25 {
        encoded = true
      } else if byte != 0x2F, !byte.isPathCharacter {
        throw .invalidTarget
      }
      guard i >= start, byte == 0x2F else { continue }
      segments.append(try Self.segment(target, start..<i))
      start = i + 1
    }
    if bounds.count > 1 { segments.append(try Self.segment(target, start..<bounds.upperBound)) }
    path = encoded ? "/" + segments.joined(separator: "/") : target.text(bounds)
  }

  private static func segment(_ target: Span<UInt8>, _ bounds: Range<Int>) throws(ParseError) -> String {
    let text = try decode(target, bounds, plusIsSpace: false)
    for byte in text.utf8 where byte < 0x20 || byte == 0x7F { throw .forbiddenPath }
    // An encoded slash stays within its segment. It must not hide a step upwards either.
    let count = text.utf8.count
    if text == "." || text == ".." { throw .forbiddenPath }
    if count > 2, text.utf8.contains(0x2F),
      text.utf8.split(separator: 0x2F).contains(where: { $0.elementsEqual([0x2E, 0x2E]) })
    {
      throw .forbiddenPath
    }
    return text
  }

  private mutating func parseQuery(_ target: Span<UInt8>, _ bounds: Range<Int>) throws(ParseError) {
    for i in bounds {
      let byte = target[i]
      guard byte.isPathCharacter || byte == 0x2F || byte == 0x3F || byte == 0x25 else { throw .invalidTarget }
    }
    var start = bounds.lowerBound
    while start < bounds.upperBound {
      let end = target.firstIndex(of: 0x26, in: start..<bounds.upperBound) ?? bounds.upperBound
      if end > start {
        let equals = target.firstIndex(of: 0x3D, in: start..<end) ?? end
        query.append(
          .init(
            name: try Self.decode(target, start..<equals, plusIsSpace: true),
            value: equals < end ? try Self.decode(target, equals + 1..<end, plusIsSpace: true) : ""))
      }
      start = end + 1
    }
  }

  /// Percent-decodes (RFC 3986 §2.1) into UTF-8 text without NUL.
  private static func decode(
    _ target: Span<UInt8>, _ bounds: Range<Int>, plusIsSpace: Bool
  ) throws(ParseError) -> String {
    var plain = true
    for i in bounds where target[i] == 0x25 || (plusIsSpace && target[i] == 0x2B) { plain = false }
    if plain { return target.text(bounds) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(bounds.count)
    var i = bounds.lowerBound
    while i < bounds.upperBound {
      let byte = target[i]
      if byte == 0x25 {
        guard i + 2 < bounds.upperBound, let high = target[i + 1].hexValue, let low = target[i + 2].hexValue
        else { throw .invalidPercentEncoding }
        let value = high << 4 | low
        guard value != 0 else { throw .invalidPercentEncoding }
        bytes.append(value)
        i += 3
      } else {
        bytes.append(plusIsSpace && byte == 0x2B ? 0x20 : byte)
        i += 1
      }
    }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw .invalidPercentEncoding }
    return text
  }
}

/// `uri-host [ ":" port ]` (RFC 9110 §7.2, RFC 3986 §3.2.2), without user information.
enum Authority {
  static func isValid(_ text: Span<UInt8>) -> Bool {
    guard text.count > 0 else { return false }
    var i = 0
    if text[0] == 0x5B {
      guard let close = text.firstIndex(of: 0x5D, in: 1..<text.count), isAddressLiteral(text, 1..<close)
      else { return false }
      i = close + 1
    } else {
      while i < text.count, text[i] != 0x3A {
        if text[i] == 0x25 {
          guard i + 2 < text.count, text[i + 1].hexValue != nil, text[i + 2].hexValue != nil
          else { return false }
          i += 3
        } else {
          guard text[i].isUnreservedOrSubDelimiter else { return false }
          i += 1
        }
      }
      guard i > 0 else { return false }
    }
    guard i < text.count else { return true }
    guard text[i] == 0x3A, text.count - i <= 6 else { return false }
    var port = 0
    for k in i + 1..<text.count {
      guard text[k].isDigit else { return false }
      port = port * 10 + Int(text[k] - 0x30)
    }
    return port <= 65_535
  }

  /// An IPv6 address: groups of up to four hexadecimal digits, at most one `::`, an IPv4 tail allowed.
  private static func isAddressLiteral(_ text: Span<UInt8>, _ bounds: Range<Int>) -> Bool {
    guard bounds.count >= 2, bounds.count <= 45 else { return false }
    var groups = 0
    var digits = 0
    var compressed = false
    var i = bounds.lowerBound
    while i < bounds.upperBound {
      if text[i] == 0x3A {
        if i + 1 < bounds.upperBound, text[i + 1] == 0x3A {
          guard !compressed else { return false }
          compressed = true
          if digits > 0 { groups += 1 }
          digits = 0
          i += 2
          continue
        }
        guard digits > 0, i + 1 < bounds.upperBound else { return false }
        groups += 1
        digits = 0
      } else if text[i].hexValue != nil {
        digits += 1
        guard digits <= 4 else { return false }
      } else if text[i] == 0x2E {
        guard isIPv4(text, i - digits..<bounds.upperBound) else { return false }
        groups += 2
        digits = 0
        break
      } else {
        return false
      }
      i += 1
    }
    if digits > 0 { groups += 1 }
    return compressed ? groups <= 7 : groups == 8
  }

  private static func isIPv4(_ text: Span<UInt8>, _ bounds: Range<Int>) -> Bool {
    var parts = 0
    var value = 0
    var digits = 0
    for i in bounds {
      if text[i] == 0x2E {
        guard digits > 0 else { return false }
        parts += 1
        value = 0
        digits = 0
      } else {
        guard text[i].isDigit, digits < 3 else { return false }
        digits += 1
        value = value * 10 + Int(text[i] - 0x30)
        guard value <= 255 else { return false }
      }
    }
    return parts == 3 && digits > 0
  }
}
