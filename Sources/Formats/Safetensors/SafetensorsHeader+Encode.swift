extension SafetensorsHeader {
  /// The bytes before the data: the length, then the JSON text without spaces, padded with spaces to a
  /// multiple of 8. Metadata are sorted by key, so the same header gives the same bytes.
  public var encoded: [UInt8] {
    var text: [UInt8] = [UInt8(ascii: "{")]
    if !metadata.isEmpty {
      text += #""__metadata__":{"#.utf8
      let pairs = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      for (index, pair) in pairs.enumerated() {
        if index > 0 { text.append(UInt8(ascii: ",")) }
        Self.append(quoted: pair.key, to: &text)
        text.append(UInt8(ascii: ":"))
        Self.append(quoted: pair.value, to: &text)
      }
      text.append(UInt8(ascii: "}"))
    }
    for tensor in tensors {
      if text.count > 1 { text.append(UInt8(ascii: ",")) }
      Self.append(quoted: tensor.name, to: &text)
      let extents = tensor.shape.map(String.init).joined(separator: ",")
      text += #":{"dtype":"\#(tensor.dtype.rawValue)","shape":[\#(extents)],"#.utf8
      text += #""data_offsets":[\#(tensor.begin),\#(tensor.end)]}"#.utf8
    }
    text.append(UInt8(ascii: "}"))
    text += [UInt8](repeating: UInt8(ascii: " "), count: (8 - text.count % 8) % 8)
    let length = UInt64(text.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * UInt64($0))) } + text
  }

  /// RFC 8259, section 7: only quotes, backslashes and control characters are escaped.
  private static func append(quoted string: String, to text: inout [UInt8]) {
    text.append(UInt8(ascii: "\""))
    for byte in string.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += [UInt8(ascii: "\\"), byte]
      case 0x08: text += "\\b".utf8
      case 0x09: text += "\\t".utf8
      case 0x0a: text += "\\n".utf8
      case 0x0c: text += "\\f".utf8
      case 0x0d: text += "\\r".utf8
      case 0..<0x20:
        let digits = Array("0123456789abcdef".utf8)
        text += "\\u00".utf8
        text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      default: text.append(byte)
      }
    }
    text.append(UInt8(ascii: "\""))
  }
}
