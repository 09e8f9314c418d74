/// Proactive negotiation by `Accept` (RFC 9110 §12.5.1).
public enum Negotiation {
  /// The offer that the client prefers, the first among equals. Nil if none is acceptable (406).
  ///
  /// Without `Accept`, or with a malformed one, everything is acceptable. Offers are types such as
  /// `application/json`. Parameters are ignored, but for `q`.
  public static func preferred(_ offers: [String], accept headers: Headers) -> String? {
    let fields = headers.all(named: "Accept")
    guard !fields.isEmpty, let ranges = parse(fields.joined(separator: ",")), !ranges.isEmpty else {
      return offers.first
    }
    var best: (offer: String, quality: Int)?
    for offer in offers {
      let quality = quality(of: offer, ranges)
      if quality > 0, quality > best?.quality ?? 0 { best = (offer, quality) }
    }
    return best?.offer
  }

  struct MediaRange: Equatable {
    var type: String
    var subtype: String
    /// `q` in thousandths.
    var quality: Int

    var specificity: Int { type == "*" ? 0 : subtype == "*" ? 1 : 2 }
  }

  /// The quality of the most specific range that takes the offer.
  private static func quality(of offer: String, _ ranges: [MediaRange]) -> Int {
    let name = offer.prefix { $0 != ";" }.trimmingASCIIWhitespace().lowercased()
    let parts = name.split(separator: "/", maxSplits: 1)
    guard parts.count == 2 else { return 0 }
    var found: MediaRange?
    for range in ranges {
      guard range.type == "*" || range.type == parts[0], range.subtype == "*" || range.subtype == parts[1]
      else { continue }
      if range.specificity > found?.specificity ?? -1 { found = range }
    }
    return found?.quality ?? 0
  }

  static func parse(_ text: String) -> [MediaRange]? {
    var ranges: [MediaRange] = []
    for member in text.split(separator: ",") {
      let parts = member.split(separator: ";").map { $0.trimmingASCIIWhitespace() }
      guard let first = parts.first, !first.isEmpty else { continue }
      let names = first.lowercased().split(separator: "/", omittingEmptySubsequences: false)
      guard names.count == 2, names.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(\.isTokenCharacter) }),
        names[0] != "*" || names[1] == "*"
      else { return nil }
      var quality = 1000
      for parameter in parts.dropFirst() {
        let lowered = parameter.lowercased()
        guard lowered.hasPrefix("q=") else { continue }
        guard let value = weight(lowered.dropFirst(2)) else { return nil }
        quality = value
      }
      ranges.append(MediaRange(type: String(names[0]), subtype: String(names[1]), quality: quality))
    }
    return ranges
  }

  /// `qvalue` of §12.4.2 in thousandths: 0 or 1 with at most three decimals.
  private static func weight(_ text: Substring) -> Int? {
    let bytes = Array(text.utf8)
    guard let first = bytes.first, first == 0x30 || first == 0x31, bytes.count <= 5 else { return nil }
    guard bytes.count == 1 || bytes[1] == 0x2E else { return nil }
    var value = first == 0x31 ? 1000 : 0
    var scale = 100
    for digit in bytes.dropFirst(2) {
      guard digit.isDigit else { return nil }
      value += Int(digit - 0x30) * scale
      scale /= 10
    }
    return value <= 1000 ? value : nil
  }
}
