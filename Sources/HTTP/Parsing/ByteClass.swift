/// Character classes of RFC 9110 §5.6 and RFC 3986 §2, over single bytes.
extension UInt8 {
  /// `tchar` of RFC 9110 §5.6.2.
  @inline(__always) var isTokenCharacter: Bool {
    switch self {
    case 0x41...0x5A, 0x61...0x7A, 0x30...0x39: true
    case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E, 0x5F, 0x60, 0x7C, 0x7E: true
    default: false
    }
  }

  /// A byte that a field value may hold between its ends: VCHAR, obs-text, SP, HTAB (RFC 9110 §5.5).
  @inline(__always) var isFieldContent: Bool { (self >= 0x20 && self != 0x7F) || self == 0x09 }

  /// `unreserved / sub-delims` of RFC 3986 §2.2 and §2.3.
  @inline(__always) var isUnreservedOrSubDelimiter: Bool {
    switch self {
    case 0x41...0x5A, 0x61...0x7A, 0x30...0x39: true
    case 0x2D, 0x2E, 0x5F, 0x7E: true  // - . _ ~
    case 0x21, 0x24, 0x26...0x2C, 0x3B, 0x3D: true  // ! $ & ' ( ) * + , ; =
    default: false
    }
  }

  /// `pchar` of RFC 3986 §3.3, without percent triplets.
  @inline(__always) var isPathCharacter: Bool {
    isUnreservedOrSubDelimiter || self == 0x3A || self == 0x40
  }

  @inline(__always) var isDigit: Bool { self &- 0x30 < 10 }

  @inline(__always) var isWhitespace: Bool { self == 0x20 || self == 0x09 }

  /// The value of a hexadecimal digit, or nil.
  @inline(__always) var hexValue: UInt8? {
    switch self {
    case 0x30...0x39: self &- 0x30
    case 0x41...0x46: self &- 0x37
    case 0x61...0x66: self &- 0x57
    default: nil
    }
  }

  @inline(__always) var asciiLowercased: UInt8 { self &- 0x41 < 26 ? self | 0x20 : self }
}

extension Span<UInt8> {
  /// Whether the bytes are `text`, without regard to ASCII case. `text` is in lower case.
  func equalsIgnoringCase(_ text: StaticString) -> Bool {
    guard count == text.utf8CodeUnitCount else { return false }
    let expected = text.utf8Start
    for i in 0..<count where self[i].asciiLowercased != expected[i] { return false }
    return true
  }

  /// The bounds of the bytes within `bounds` without leading and trailing SP and HTAB.
  func trimmingWhitespace(_ bounds: Range<Int>) -> Range<Int> {
    var low = bounds.lowerBound
    var high = bounds.upperBound
    while low < high, self[low].isWhitespace { low += 1 }
    while high > low, self[high - 1].isWhitespace { high -= 1 }
    return low..<high
  }

  func firstIndex(of byte: UInt8, in bounds: Range<Int>) -> Int? {
    for i in bounds where self[i] == byte { return i }
    return nil
  }

  /// The bytes as text. Bytes that are not UTF-8 are replaced: the caller knows them to be ASCII or has no
  /// use for others.
  func text(_ bounds: Range<Int>) -> String {
    extracting(bounds).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
  }
}
