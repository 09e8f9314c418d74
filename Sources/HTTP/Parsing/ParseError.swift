/// Why bytes are not a request that this server accepts. The list is flat, so that a test names each case.
public enum ParseError: Error, Equatable, Sendable, CaseIterable {
  case bareLineFeed
  case bareCarriageReturn
  case malformedRequestLine
  case invalidMethod
  case requestLineTooLong
  case invalidTarget
  case invalidPercentEncoding
  case forbiddenPath
  case malformedVersion
  case unsupportedVersion
  case unsupportedConnect
  case headTooLarge
  case tooManyFields
  case obsoleteLineFolding
  case whitespaceBeforeColon
  case invalidFieldName
  case invalidFieldValue
  case missingHost
  case severalHosts
  case invalidHost
  case severalContentLengths
  case invalidContentLength
  case contentLengthTooLarge
  case contentLengthWithTransferEncoding
  case transferEncodingBeforeVersion11
  case lastCodingNotChunked
  case unsupportedTransferCoding
  case unsupportedExpectation
  case invalidChunkSize
  case chunkTooLarge
  case invalidChunkExtension
  case chunkExtensionsTooLarge
  case missingChunkTerminator
  case trailersTooLarge

  /// The status of the answer. The connection is closed after it.
  public var status: Status {
    switch self {
    case .requestLineTooLong: .uriTooLong
    case .headTooLarge, .tooManyFields, .trailersTooLarge: .requestHeaderFieldsTooLarge
    case .contentLengthTooLarge, .chunkTooLarge: .contentTooLarge
    case .unsupportedVersion: .httpVersionNotSupported
    case .unsupportedConnect, .unsupportedTransferCoding: .notImplemented
    case .unsupportedExpectation: .expectationFailed
    default: .badRequest
    }
  }

  /// A sentence: the fault and the right form, with the section of the RFC.
  public var detail: String {
    switch self {
    case .bareLineFeed: "a line ends with LF alone; lines end with CR LF (RFC 9112 §2.2)"
    case .bareCarriageReturn: "a CR is not followed by LF (RFC 9112 §2.2)"
    case .malformedRequestLine:
      "the request line is not 'method SP target SP version' with single spaces (RFC 9112 §3)"
    case .invalidMethod: "the method is not a token (RFC 9110 §9.1)"
    case .requestLineTooLong: "the request line is longer than this server takes (RFC 9112 §3)"
    case .invalidTarget:
      "the target is not in origin, absolute or (for OPTIONS) asterisk form, or holds a character "
        + "that must be percent-encoded (RFC 9112 §3.2)"
    case .invalidPercentEncoding:
      "a percent sign is not followed by two hexadecimal digits, or the decoded bytes are not UTF-8 "
        + "or hold NUL (RFC 3986 §2.1)"
    case .forbiddenPath: "the path holds a '.' or '..' segment or a control character (RFC 9110 §17.3)"
    case .malformedVersion: "the version is not 'HTTP/' digit '.' digit (RFC 9112 §2.3)"
    case .unsupportedVersion: "only HTTP/1.0 and HTTP/1.1 are spoken here (RFC 9110 §15.6.6)"
    case .unsupportedConnect: "this server is no proxy: CONNECT is not implemented (RFC 9110 §9.3.6)"
    case .headTooLarge: "the header section is larger than this server takes (RFC 9110 §5.4)"
    case .tooManyFields: "the header section has more fields than this server takes (RFC 9110 §5.4)"
    case .obsoleteLineFolding:
      "a field line starts with white space: line folding is obsolete (RFC 9112 §5.2)"
    case .whitespaceBeforeColon: "there is white space between a field name and its colon (RFC 9112 §5.1)"
    case .invalidFieldName: "a field line has no colon, or its name is not a token (RFC 9110 §5.1)"
    case .invalidFieldValue: "a field value holds a control character (RFC 9110 §5.5)"
    case .missingHost: "an HTTP/1.1 request needs a Host field (RFC 9112 §3.2)"
    case .severalHosts: "the request has more than one Host field (RFC 9112 §3.2)"
    case .invalidHost: "Host is not a host and an optional port (RFC 9110 §7.2)"
    case .severalContentLengths: "the request has more than one Content-Length (RFC 9112 §6.3)"
    case .invalidContentLength: "Content-Length is not a row of decimal digits (RFC 9110 §8.6)"
    case .contentLengthTooLarge: "Content-Length is larger than this server can count (RFC 9110 §8.6)"
    case .contentLengthWithTransferEncoding:
      "Content-Length and Transfer-Encoding exclude each other (RFC 9112 §6.1)"
    case .transferEncodingBeforeVersion11: "HTTP/1.0 has no Transfer-Encoding (RFC 9112 §6.1)"
    case .lastCodingNotChunked:
      "the last transfer coding of a request must be chunked, once and without parameters (RFC 9112 §6.3)"
    case .unsupportedTransferCoding: "chunked is the only transfer coding implemented (RFC 9112 §6.1)"
    case .unsupportedExpectation: "100-continue is the only expectation known (RFC 9110 §10.1.1)"
    case .invalidChunkSize: "a chunk size is not a row of hexadecimal digits (RFC 9112 §7.1)"
    case .chunkTooLarge: "a chunk size is larger than this server can count (RFC 9112 §7.1)"
    case .invalidChunkExtension:
      "a chunk extension is not ';' name with an optional '=' token or quoted string (RFC 9112 §7.1.1)"
    case .chunkExtensionsTooLarge: "the chunk extensions are larger than this server takes (RFC 9112 §7.1.1)"
    case .missingChunkTerminator: "the data of a chunk is not followed by CR LF (RFC 9112 §7.1)"
    case .trailersTooLarge: "the trailer section is larger than this server takes (RFC 9112 §7.1.2)"
    }
  }
}
