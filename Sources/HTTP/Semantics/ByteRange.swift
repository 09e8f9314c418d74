/// Byte ranges of a representation (RFC 9110 §14).
public enum ByteRange: Sendable, Equatable {
  /// Answer 200 with everything.
  case whole
  /// Answer 206 with these bytes and `Content-Range`.
  case part(Range<Int>)
  /// Answer 416 with `Content-Range: bytes */length`.
  case unsatisfiable

  /// The range that a request asks for, of a representation of `length` bytes.
  ///
  /// The whole is given if the method is not GET, or `If-Range` does not match strongly (§13.1.5). It is also
  /// given if `Range` is absent, malformed, of another unit or of several ranges: §14.2 lets a server ignore
  /// it.
  public static func of(
    _ request: Request, length: Int, entityTag: EntityTag?, modified: Int? = nil
  ) -> ByteRange {
    guard request.method == .get || request.method == .head else { return .whole }
    let fields = request.headers.all(named: "Range")
    guard fields.count == 1, let specifier = fields.first else { return .whole }
    if let validator = request.headers.first(named: "If-Range"),
      !isCurrent(validator, entityTag, modified)
    {
      return .whole
    }
    return parse(specifier, length: length)
  }

  private static func isCurrent(_ validator: String, _ entityTag: EntityTag?, _ modified: Int?) -> Bool {
    if let tag = EntityTag(parsing: validator) { return entityTag.map { $0.matchesStrongly(tag) } ?? false }
    guard let seconds = HTTPDate.seconds(validator), let modified else { return false }
    return seconds == modified
  }

  /// `bytes=first-last`, `bytes=first-` or `bytes=-suffix`, §14.1.1.
  static func parse(_ specifier: String, length: Int) -> ByteRange {
    let halves = specifier.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard halves.count == 2, halves[0].lowercased() == "bytes" else { return .whole }
    let members = halves[1].split(separator: ",").map { $0.trimmingASCIIWhitespace() }.filter { !$0.isEmpty }
    guard members.count == 1, let member = members.first else { return .whole }
    let ends = member.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    guard ends.count == 2 else { return .whole }
    if ends[0].isEmpty {
      guard let suffix = number(ends[1]) else { return .whole }
      guard suffix > 0, length > 0 else { return .unsatisfiable }
      return .part(max(0, length - suffix)..<length)
    }
    guard let first = number(ends[0]) else { return .whole }
    if ends[1].isEmpty { return first < length ? .part(first..<length) : .unsatisfiable }
    guard let last = number(ends[1]), last >= first else { return .whole }
    return first < length ? .part(first..<min(last, length - 1) + 1) : .unsatisfiable
  }

  /// The number of a row of digits. A number larger than any length counts as the largest.
  private static func number(_ digits: Substring) -> Int? {
    guard !digits.isEmpty else { return nil }
    var value = 0
    for byte in digits.utf8 {
      guard byte.isDigit else { return nil }
      let (shifted, high) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = shifted.addingReportingOverflow(Int(byte - 0x30))
      value = high || carry ? Int.max : sum
    }
    return value
  }

  /// The value of `Content-Range` (§14.4), nil for the whole.
  public func contentRange(length: Int) -> String? {
    switch self {
    case .whole: nil
    case .part(let bounds): "bytes \(bounds.lowerBound)-\(bounds.upperBound - 1)/\(length)"
    case .unsatisfiable: "bytes */\(length)"
    }
  }
}
