/// Writes response heads (RFC 9112 §4).
enum ResponseEncoder {
  enum Length {
    /// Neither length nor coding: 1xx, 204, 304, and bodies that end with the connection.
    case unsaid
    case bytes(Int)
    case chunked
  }

  enum Persistence {
    /// The default of the client's version of HTTP.
    case implied
    case keepAlive
    case close
  }

  static func append(
    _ response: Response, length: Length, persistence: Persistence, date: [UInt8], to out: inout [UInt8]
  ) {
    append("HTTP/1.1 ", to: &out)
    appendDecimal(response.status.code, to: &out)
    out.append(0x20)
    for byte in response.status.reason.utf8 { out.append(byte.isFieldContent ? byte : 0x20) }
    append("\r\n", to: &out)
    out.append(contentsOf: date)
    response.headers.appendUnframed(to: &out)
    switch length {
    case .unsaid: break
    case .bytes(let count):
      append("Content-Length: ", to: &out)
      appendDecimal(count, to: &out)
      append("\r\n", to: &out)
    case .chunked: append("Transfer-Encoding: chunked\r\n", to: &out)
    }
    switch persistence {
    case .implied: break
    case .keepAlive: append("Connection: keep-alive\r\n", to: &out)
    case .close: append("Connection: close\r\n", to: &out)
    }
    append("\r\n", to: &out)
  }

  static func append(_ text: StaticString, to out: inout [UInt8]) {
    out.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  static func appendDecimal(_ value: Int, to out: inout [UInt8]) {
    if value >= 10 { appendDecimal(value / 10, to: &out) }
    out.append(UInt8(0x30 + value % 10))
  }

  /// `chunk-size CR LF`, RFC 9112 §7.1.
  static func appendChunkSize(_ size: Int, to out: inout [UInt8]) {
    out.append(contentsOf: String(size, radix: 16).utf8)
    append("\r\n", to: &out)
  }
}

extension Headers {
  /// Appends all fields but those the server writes itself.
  func appendUnframed(to out: inout [UInt8]) {
    if !fields.contains(where: isFraming) {
      out.append(contentsOf: bytes)
      return
    }
    for field in fields where !isFraming(field) {
      out.append(contentsOf: bytes[Int(field.start)..<field.end])
    }
  }

  var asksClose: Bool {
    fields.contains { $0.nameCount == 10 && isFraming($0) }
      && list(named: "Connection").contains { $0.lowercased() == "close" }
  }

  private func isFraming(_ field: Field) -> Bool {
    let name = bytes.span.extracting(field.name)
    return switch field.nameCount {
    case 4: name.equalsIgnoringCase("date")
    case 10: name.equalsIgnoringCase("connection") || name.equalsIgnoringCase("keep-alive")
    case 14: name.equalsIgnoringCase("content-length")
    case 17: name.equalsIgnoringCase("transfer-encoding")
    default: false
    }
  }
}
