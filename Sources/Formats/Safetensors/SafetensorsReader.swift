/// Reads a safetensors file in pieces of any size. It holds no more than the header.
///
/// ```swift
/// var reader = SafetensorsReader()
/// while let bytes = try next() {
///   try reader.feed(bytes) { header, piece in … }
/// }
/// let header = try reader.finish()
/// ```
public struct SafetensorsReader: Sendable {
  /// Consecutive bytes of one tensor, borrowed: they are valid during the call.
  public struct Piece {
    /// The index into `SafetensorsHeader.tensors`.
    public let tensor: Int
    /// The offset of the bytes in the tensor's own data. They need not hold whole elements.
    public let offset: Int
    public let bytes: UnsafeRawBufferPointer
  }

  /// The header, as soon as its last byte was fed.
  public private(set) var header: SafetensorsHeader?

  private let limits: SafetensorsHeader.Limits
  private var preamble: [UInt8] = []
  /// The refusal, once the first bytes show that this is no such file. More bytes may show which kind it is
  /// instead.
  private var refusal: SafetensorsError?
  private var dataOffset = 0
  private var current = 0

  public init(limits: SafetensorsHeader.Limits = .init()) {
    self.limits = limits
  }

  /// Takes the next bytes of the file, and hands on those that are data, in order, cut at the borders of
  /// tensors.
  ///
  /// - Throws: `SafetensorsError` as soon as the file cannot be right, and the errors of `receive`. For
  ///   `.foreign`, a file of another kind, it may first wait for up to `FileKind.prefixByteCount` bytes.
  public mutating func feed(
    _ bytes: UnsafeRawBufferPointer, receive: (SafetensorsHeader, Piece) throws -> Void
  ) throws {
    var rest = bytes
    if header == nil {
      let taken = try feedHeader(rest)
      rest = UnsafeRawBufferPointer(rebasing: rest[taken...])
    }
    guard let header else { return }
    guard rest.count <= header.dataByteCount - dataOffset else {
      throw SafetensorsError.excessData(expected: header.dataByteCount)
    }
    while !rest.isEmpty {
      while header.tensors[current].end <= dataOffset { current += 1 }
      let tensor = header.tensors[current]
      let count = min(rest.count, tensor.end - dataOffset)
      let piece = Piece(
        tensor: current, offset: dataOffset - tensor.begin,
        bytes: UnsafeRawBufferPointer(rebasing: rest[..<count]))
      try receive(header, piece)
      dataOffset += count
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }

  /// The same for an array of bytes.
  public mutating func feed(_ bytes: [UInt8], receive: (SafetensorsHeader, Piece) throws -> Void) throws {
    try bytes.withUnsafeBytes { try feed($0, receive: receive) }
  }

  /// Ends the file. To be called after the last byte.
  ///
  /// - Throws: `SafetensorsError.truncatedHeader` or `.truncatedData` if the file ended too soon.
  @discardableResult
  public func finish() throws(SafetensorsError) -> SafetensorsHeader {
    if let refusal { throw foreign(refusal) }
    guard let header else {
      // A short body is recognised too: `{}`, or an error in plain words.
      if preamble.count < 9, let kind = FileKind(prefix: preamble) { throw .foreign(kind) }
      throw .truncatedHeader(found: preamble.count, expected: preambleByteCount ?? 8)
    }
    guard dataOffset == header.dataByteCount else {
      throw .truncatedData(found: dataOffset, expected: header.dataByteCount)
    }
    return header
  }

  /// Takes the bytes that belong before the data. Returns how many they are.
  private mutating func feedHeader(_ bytes: UnsafeRawBufferPointer) throws(SafetensorsError) -> Int {
    // The length, and the first byte of the header, which is always the same.
    var taken = min(max(0, 9 - preamble.count), bytes.count)
    preamble.append(contentsOf: bytes[..<taken])
    if refusal == nil, preamble.count >= 8 {
      let length = (0..<8).reduce(UInt64(0)) { $0 | UInt64(preamble[$1]) << (8 * UInt64($1)) }
      if length > UInt64(limits.headerByteCount) {
        refusal = .headerTooLong(found: length, limit: limits.headerByteCount)
      } else if preamble.count > 8, length > 0, preamble[8] != UInt8(ascii: "{") {
        refusal = .malformedHeader(offset: 0, "expected '{'")
      }
    }
    let end = refusal == nil ? preambleByteCount : FileKind.prefixByteCount
    guard let end else { return taken }
    let missing = max(0, min(end - preamble.count, bytes.count - taken))
    preamble.append(contentsOf: bytes[taken..<taken + missing])
    taken += missing
    if let refusal {
      guard preamble.count >= end else { return bytes.count }
      throw foreign(refusal)
    }
    if preamble.count >= end {
      // An empty header is followed by data.
      let excess = preamble.count - end
      header = try SafetensorsHeader(json: Array(preamble[8..<end]), limits: limits)
      preamble = []
      taken -= excess
    }
    return taken
  }

  /// The error for a file that cannot be right: the kind of the file, if it is known.
  private func foreign(_ refusal: SafetensorsError) -> SafetensorsError {
    FileKind(prefix: preamble).map(SafetensorsError.foreign) ?? refusal
  }

  /// Bytes before the data; nil until the length is known and within the limit.
  private var preambleByteCount: Int? {
    guard preamble.count >= 8 else { return nil }
    return 8 + (0..<8).reduce(0) { $0 | Int(preamble[$1]) << (8 * $1) }
  }
}
