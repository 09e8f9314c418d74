/// Why bytes are not text in UTF-8, and the place.
public enum TextFault: Error, Equatable, Sendable {
  /// The first bytes or many zeros show UTF-16 or UTF-32; `name` says which.
  case otherEncoding(name: String)
  /// The first byte that belongs to no UTF-8 sequence: its value, its offset from 0, its line from 1, and its
  /// column from 1.
  case invalid(byte: UInt8, offset: Int, line: Int, column: Int)

  /// The first fault of a text; nil if all of it is UTF-8 (RFC 3629). Lines end with LF, or with a CR that no
  /// LF follows.
  public init?(of bytes: [UInt8]) {
    if let name = Self.wideEncoding(bytes) {
      self = .otherEncoding(name: name)
      return
    }
    guard let offset = bytes.withUnsafeBufferPointer(Self.firstInvalid) else { return nil }
    var line = 1
    var start = 0
    for index in 0..<offset {
      let next = index + 1
      guard bytes[index] == 0x0A || (bytes[index] == 0x0D && bytes[next] != 0x0A) else { continue }
      line += 1
      start = next
    }
    self = .invalid(byte: bytes[offset], offset: offset, line: line, column: offset - start + 1)
  }

  /// A byte order mark, or zeros at every other place of the beginning.
  private static func wideEncoding(_ bytes: [UInt8]) -> String? {
    if bytes.starts(with: [0xFF, 0xFE, 0, 0]) || bytes.starts(with: [0, 0, 0xFE, 0xFF]) { return "UTF-32" }
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) { return "UTF-16" }
    let head = bytes.prefix(64)
    guard head.count >= 4 else { return nil }
    for parity in 0...1 {
      let own = head.indices.filter { $0 % 2 == parity }
      let other = head.indices.filter { $0 % 2 != parity }
      if own.allSatisfy({ head[$0] == 0 }), other.allSatisfy({ head[$0] != 0 }) { return "UTF-16" }
    }
    return nil
  }

  private static func firstInvalid(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
    var place = 0
    while place < bytes.count {
      let first = bytes[place]
      if first < 0x80 {
        place += 1
        continue
      }
      // The range of the second byte excludes overlong forms, surrogates and values above U+10FFFF.
      let (length, second): (Int, ClosedRange<UInt8>)
      switch first {
      case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
      case 0xE0: (length, second) = (3, 0xA0...0xBF)
      case 0xE1...0xEC, 0xEE...0xEF: (length, second) = (3, 0x80...0xBF)
      case 0xED: (length, second) = (3, 0x80...0x9F)
      case 0xF0: (length, second) = (4, 0x90...0xBF)
      case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
      case 0xF4: (length, second) = (4, 0x80...0x8F)
      default: return place
      }
      guard place + length <= bytes.count, second.contains(bytes[place + 1]),
        (place + 2..<place + length).allSatisfy({ (0x80...0xBF).contains(bytes[$0]) })
      else { return place }
      place += length
    }
    return nil
  }
}

extension TextFault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .otherEncoding(let name):
      return "is text in \(name); save it as UTF-8, for example with iconv -f \(name) -t UTF-8"
    case .invalid(let byte, let offset, let line, let column):
      let digits = String(byte, radix: 16, uppercase: true)
      return "is not UTF-8: line \(line), byte \(column) of the line (offset \(offset)) is 0x\(digits); "
        + "save it as UTF-8, for example with iconv -f WINDOWS-1252 -t UTF-8"
    }
  }
}
