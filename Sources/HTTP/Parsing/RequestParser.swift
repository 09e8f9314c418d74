import Glibc

/// Turns the bytes of a connection into requests: an incremental parser of HTTP/1.1 messages (RFC 9112). Its
/// events depend on the bytes alone, not on how they were split.
///
/// It holds at most one incomplete line and the fields so far, within `Limits`. Its time is linear in the
/// bytes. After an error it gives the same error again.
public struct RequestParser: Sendable {
  public struct Limits: Sendable, Equatable {
    /// The most bytes of the request line, CR LF included; more is `requestLineTooLong`.
    public var requestLineBytes: Int
    /// The most bytes of the request line and the fields together; more is `headTooLarge`. Also the limit of
    /// a trailer section.
    public var headBytes: Int
    /// The most fields; more is `tooManyFields`. Also the limit of a trailer section.
    public var fieldCount: Int
    /// The most bytes of all chunk-size lines of one body, without their digits; more is
    /// `chunkExtensionsTooLarge`.
    public var chunkExtensionBytes: Int

    public init(
      requestLineBytes: Int = 8 << 10, headBytes: Int = 32 << 10, fieldCount: Int = 100,
      chunkExtensionBytes: Int = 4 << 10
    ) {
      self.requestLineBytes = requestLineBytes
      self.headBytes = max(headBytes, requestLineBytes)
      self.fieldCount = fieldCount
      self.chunkExtensionBytes = chunkExtensionBytes
    }
  }

  public enum Event: Sendable, Equatable {
    /// A complete, checked head. `body` events, then `end`, follow.
    case head(Request)
    /// These bytes of the input belong to the body.
    case body(Range<Int>)
    /// The request is complete; the next byte starts another.
    case end
  }

  enum State: Sendable, Equatable {
    case requestLine
    case fields
    case length(Int)
    case chunkSize
    case chunkData(Int)
    case chunkEnd
    case trailers
    case ended
    case failed(ParseError)
  }

  let limits: Limits
  var state = State.requestLine
  /// The start of a line whose end has not come.
  var partial: [UInt8] = []
  /// Bytes of the section under way: head or trailers.
  var sectionBytes = 0
  var extensionBytes = 0
  var head = PartialHead()

  public init(limits: Limits = Limits()) { self.limits = limits }

  /// Whether no byte of the next request has come.
  public var isBetweenRequests: Bool { state == .requestLine && sectionBytes == 0 && partial.isEmpty }

  /// Whether a head has begun and not ended.
  public var isInHead: Bool { (state == .requestLine || state == .fields) && !isBetweenRequests }

  /// Takes the bytes of `input` from `position` on until an event is complete, and moves `position` behind
  /// them.
  ///
  /// - Returns: nil when all of `input` is taken and nothing is complete.
  public mutating func next(_ input: Span<UInt8>, at position: inout Int) throws(ParseError) -> Event? {
    do throws(ParseError) {
      return try advance(input, &position)
    } catch {
      state = .failed(error)
      partial = []
      head = PartialHead()
      throw error
    }
  }

  private mutating func advance(_ input: Span<UInt8>, _ position: inout Int) throws(ParseError) -> Event? {
    while true {
      switch state {
      case .requestLine, .fields:
        guard let line = try takeLine(input, &position) else { return nil }
        let request =
          switch line {
          case .within(let bounds): try takeHeadLine(input.extracting(bounds))
          case .joined(let bytes): try takeHeadLine(bytes.span)
          }
        if let request { return .head(request) }

      case .length(let remaining):
        guard position < input.count else { return nil }
        let taken = min(remaining, input.count - position)
        defer { position += taken }
        state = taken == remaining ? .ended : .length(remaining - taken)
        return .body(position..<position + taken)

      case .chunkSize:
        guard let line = try takeLine(input, &position) else { return nil }
        switch line {
        case .within(let bounds): try takeChunkSize(input.extracting(bounds))
        case .joined(let bytes): try takeChunkSize(bytes.span)
        }

      case .chunkData(let remaining):
        guard position < input.count else { return nil }
        let taken = min(remaining, input.count - position)
        defer { position += taken }
        state = taken == remaining ? .chunkEnd : .chunkData(remaining - taken)
        return .body(position..<position + taken)

      case .chunkEnd:
        guard try takeChunkTerminator(input, &position) else { return nil }
        state = .chunkSize

      case .trailers:
        guard let line = try takeLine(input, &position) else { return nil }
        switch line {
        case .within(let bounds): try takeTrailer(input.extracting(bounds))
        case .joined(let bytes): try takeTrailer(bytes.span)
        }

      case .ended:
        state = .requestLine
        sectionBytes = 0
        extensionBytes = 0
        return .end

      case .failed(let error):
        throw error
      }
    }
  }

  // MARK: Lines

  private enum Line {
    case within(Range<Int>)
    case joined([UInt8])
  }

  /// The next whole line without its CR LF. Nil if its end has not come; then the part that came is kept.
  ///
  /// The limit is checked before the content, on the line as far as it has come. So the answer is the same
  /// for every split of the bytes.
  private mutating func takeLine(
    _ input: Span<UInt8>, _ position: inout Int
  ) throws(ParseError) -> Line? {
    guard position < input.count else { return nil }
    let start = position
    let end = Self.lineFeed(in: input, from: start)
    let taken = (end.map { $0 + 1 } ?? input.count) - start
    try checkLimit(lineBytes: partial.count + taken)
    position += taken
    guard let end else {
      input.extracting(start..<position).withUnsafeBufferPointer { partial.append(contentsOf: $0) }
      return nil
    }
    if state != .chunkSize { sectionBytes += partial.count + taken }
    if partial.isEmpty {
      guard end > start, input[end - 1] == 0x0D else { throw .bareLineFeed }
      return .within(start..<end - 1)
    }
    var whole = partial
    partial = []
    input.extracting(start..<end).withUnsafeBufferPointer { whole.append(contentsOf: $0) }
    guard whole.last == 0x0D else { throw .bareLineFeed }
    whole.removeLast()
    return .joined(whole)
  }

  private func checkLimit(lineBytes: Int) throws(ParseError) {
    switch state {
    case .requestLine:
      if lineBytes > limits.requestLineBytes { throw .requestLineTooLong }
      if sectionBytes + lineBytes > limits.headBytes { throw .headTooLarge }
    case .fields:
      if sectionBytes + lineBytes > limits.headBytes { throw .headTooLarge }
    case .trailers:
      if sectionBytes + lineBytes > limits.headBytes { throw .trailersTooLarge }
    default:
      // 16 digits and CR LF are not counted as an extension.
      if extensionBytes + lineBytes > limits.chunkExtensionBytes + 18 { throw .chunkExtensionsTooLarge }
    }
  }

  private static func lineFeed(in input: Span<UInt8>, from start: Int) -> Int? {
    input.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress, let found = memchr(base + start, 0x0A, bytes.count - start)
      else { return nil }
      return UnsafeRawPointer(found) - base
    }
  }
}
