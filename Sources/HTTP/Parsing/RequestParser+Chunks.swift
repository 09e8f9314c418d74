/// The chunked coding, RFC 9112 §7.1.
extension RequestParser {
  /// `chunk-size [ chunk-ext ]`.
  mutating func takeChunkSize(_ line: Span<UInt8>) throws(ParseError) {
    var size = 0
    var i = 0
    while i < line.count, let digit = line[i].hexValue {
      guard size <= Int.max >> 4 else { throw .chunkTooLarge }
      size = size << 4 | Int(digit)
      i += 1
    }
    guard i > 0 else { throw .invalidChunkSize }
    extensionBytes += line.count - min(i, 16)  // digits beyond 16 are leading zeros and count as an extension
    if extensionBytes > limits.chunkExtensionBytes { throw .chunkExtensionsTooLarge }
    try Self.checkExtensions(line, from: i)
    if size > 0 {
      state = .chunkData(size)
    } else {
      state = .trailers
      sectionBytes = 0
      head = PartialHead()
    }
  }

  /// `*( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )`, RFC 9112 §7.1.1.
  private static func checkExtensions(_ line: Span<UInt8>, from start: Int) throws(ParseError) {
    var i = start
    func skipWhitespace() { while i < line.count, line[i].isWhitespace { i += 1 } }
    func skipToken() -> Bool {
      let first = i
      while i < line.count, line[i].isTokenCharacter { i += 1 }
      return i > first
    }
    func fault() -> ParseError {
      if i < line.count, line[i] == 0x0D { return .bareCarriageReturn }
      return i == start ? .invalidChunkSize : .invalidChunkExtension
    }
    while i < line.count {
      skipWhitespace()
      guard i < line.count, line[i] == 0x3B else { throw fault() }
      i += 1
      skipWhitespace()
      guard skipToken() else { throw fault() }
      let afterName = i
      skipWhitespace()
      guard i < line.count, line[i] == 0x3D else {
        i = afterName
        continue
      }
      i += 1
      skipWhitespace()
      if i < line.count, line[i] == 0x22 {
        guard let end = quotedStringEnd(line, from: i) else { throw .invalidChunkExtension }
        i = end
      } else if !skipToken() {
        throw fault()
      }
    }
  }

  /// The index behind the closing quote of the quoted string at `start` (RFC 9110 §5.6.4), or nil.
  private static func quotedStringEnd(_ line: Span<UInt8>, from start: Int) -> Int? {
    var i = start + 1
    while i < line.count {
      guard line[i].isFieldContent else { return nil }
      if line[i] == 0x22 { return i + 1 }
      if line[i] == 0x5C {
        i += 1
        guard i < line.count, line[i].isFieldContent else { return nil }
      }
      i += 1
    }
    return nil
  }

  /// Takes the CR LF behind the data of a chunk. False if it has not all come.
  mutating func takeChunkTerminator(_ input: Span<UInt8>, _ position: inout Int) throws(ParseError) -> Bool {
    while position < input.count {
      let byte = input[position]
      guard byte == (partial.isEmpty ? 0x0D : 0x0A) else { throw .missingChunkTerminator }
      position += 1
      if byte == 0x0A {
        partial = []
        return true
      }
      partial.append(byte)
    }
    return false
  }

  /// Takes a line of the trailer section, RFC 9112 §7.1.2. It is checked like a field of the head and then
  /// dropped: no field defined for trailers means anything here (RFC 9110 §6.5.1).
  mutating func takeTrailer(_ line: Span<UInt8>) throws(ParseError) {
    guard line.count > 0 else {
      state = .ended
      head = PartialHead()
      return
    }
    let (name, value) = try Self.parseField(line)
    guard head.headers.count < limits.fieldCount else { throw .trailersTooLarge }
    head.headers.add(line: line, name: name, value: value)
  }
}
