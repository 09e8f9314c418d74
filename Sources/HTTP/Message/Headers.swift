/// An ordered list of fields (RFC 9110 §5). Names compare without regard to case. Repeated fields are kept
/// apart.
///
/// The fields lie in one array of bytes as they stand on the wire (`name: value CR LF` each), so that a response
/// copies them in one piece.
public struct Headers: Sendable {
  struct Field: Sendable {
    var start: UInt32
    var nameCount: UInt32
    var valueCount: UInt32

    @inline(__always) var name: Range<Int> { Int(start)..<Int(start + nameCount) }
    @inline(__always) var value: Range<Int> {
      Int(start + nameCount + 2)..<Int(start + nameCount + 2 + valueCount)
    }
    @inline(__always) var end: Int { Int(start + nameCount + valueCount + 4) }
  }

  private(set) var bytes: [UInt8] = []
  private(set) var fields: [Field] = []

  public init() {}

  public init(_ fields: [(String, String)]) {
    for (name, value) in fields { add(name, value) }
  }

  public var count: Int { fields.count }
  public var isEmpty: Bool { fields.isEmpty }

  /// Appends a field, keeping those of the same name.
  ///
  /// `name` is a token written by the program. CR, LF, NUL and other control characters in `value` (RFC 9110
  /// §5.5) become spaces, so a value can never start another field.
  public mutating func add(_ name: String, _ value: String) {
    precondition(
      !name.isEmpty && name.utf8.allSatisfy { $0.isTokenCharacter }, "A header name must be a token.")
    let start = bytes.count
    bytes.append(contentsOf: name.utf8)
    bytes.append(contentsOf: [0x3A, 0x20])
    let valueStart = bytes.count
    bytes.append(contentsOf: value.utf8)
    for i in valueStart..<bytes.count where !bytes[i].isFieldContent { bytes[i] = 0x20 }
    let valueCount = bytes.count - valueStart
    bytes.append(contentsOf: [0x0D, 0x0A])
    fields.append(
      Field(start: UInt32(start), nameCount: UInt32(name.utf8.count), valueCount: UInt32(valueCount)))
  }

  /// Appends a field whose name and value the parser has checked.
  mutating func add(line: Span<UInt8>, name: Range<Int>, value: Range<Int>) {
    let start = bytes.count
    line.extracting(name).withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
    bytes.append(0x3A)
    bytes.append(0x20)
    line.extracting(value).withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
    bytes.append(0x0D)
    bytes.append(0x0A)
    fields.append(
      Field(start: UInt32(start), nameCount: UInt32(name.count), valueCount: UInt32(value.count)))
  }

  mutating func reserve(bytes byteCount: Int, fields fieldCount: Int) {
    bytes.reserveCapacity(byteCount)
    fields.reserveCapacity(fieldCount)
  }

  /// Replaces all fields of that name by one.
  public mutating func set(_ name: String, _ value: String) {
    remove(name)
    add(name, value)
  }

  public mutating func remove(_ name: String) {
    guard contains(name) else { return }
    var kept = Headers()
    for (field, value) in self where field.lowercased() != name.lowercased() { kept.add(field, value) }
    self = kept
  }

  public func contains(_ name: String) -> Bool { index(of: name, from: 0) != nil }

  /// The value of the first field of that name.
  public func first(named name: String) -> String? {
    index(of: name, from: 0).map { text(fields[$0].value) }
  }

  /// The values of all fields of that name, in order.
  public func all(named name: String) -> [String] {
    var values: [String] = []
    var next = 0
    while let found = index(of: name, from: next) {
      values.append(text(fields[found].value))
      next = found + 1
    }
    return values
  }

  /// The members of a comma-separated list field over all its lines, trimmed, without empty ones (RFC 9110
  /// §5.6.1). Only for lists of tokens: a comma within a quoted string splits too.
  public func list(named name: String) -> [String] {
    all(named: name).flatMap { value in
      value.split(separator: ",").map { String($0.trimmingASCIIWhitespace()) }.filter { !$0.isEmpty }
    }
  }

  public subscript(name: String) -> String? {
    get { first(named: name) }
    set { if let newValue { set(name, newValue) } else { remove(name) } }
  }

  private func text(_ bounds: Range<Int>) -> String { bytes.span.text(bounds) }

  private func index(of name: String, from first: Int) -> Int? {
    guard first < fields.count else { return nil }
    var name = name
    return name.withUTF8 { wanted in
      for i in first..<fields.count where Int(fields[i].nameCount) == wanted.count {
        let start = Int(fields[i].start)
        var same = true
        for k in 0..<wanted.count where bytes[start + k].asciiLowercased != wanted[k].asciiLowercased {
          same = false
          break
        }
        if same { return i }
      }
      return nil
    }
  }
}

extension Headers: Sequence {
  public func makeIterator() -> AnyIterator<(name: String, value: String)> {
    var next = 0
    return AnyIterator {
      guard next < fields.count else { return nil }
      defer { next += 1 }
      return (text(fields[next].name), text(fields[next].value))
    }
  }
}

extension Headers: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral elements: (String, String)...) { self.init(elements) }
}

extension Headers: Equatable {
  /// Whether both have the same fields in the same order. Names compare without regard to case.
  public static func == (a: Headers, b: Headers) -> Bool {
    a.count == b.count
      && zip(a, b).allSatisfy { $0.name.lowercased() == $1.name.lowercased() && $0.value == $1.value }
  }
}

extension StringProtocol {
  func trimmingASCIIWhitespace() -> SubSequence {
    var part = self[...]
    while part.first == " " || part.first == "\t" { part = part.dropFirst() }
    while part.last == " " || part.last == "\t" { part = part.dropLast() }
    return part
  }
}
