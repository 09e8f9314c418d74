/// The kind of a file by its first bytes, if it is none of the formats that are read here.
///
/// It serves refusals. A body that should be weights or an array and is something else is named, with the
/// line of Python that makes the right one (`FileKind+Advice.swift`).
public enum FileKind: Equatable, Sendable, CaseIterable {
  /// `torch.save` since PyTorch 1.6, a zip archive with `data.pkl`; before that, pickles one after the other.
  case torch
  case torchScript
  case pickle
  case onnx
  case gguf
  case hdf5
  case keras
  case tensorFlowLite
  case safetensors
  case npy
  case npz
  case idx
  case matlab
  case parquet
  case arrow
  case zip
  case gzip
  case zstandard
  case bzip2
  case xz
  case tar
  case png
  case jpeg
  /// GIF, WebP, TIFF, BMP.
  case picture
  case pdf
  case html
  case json
  case form
  /// Lines of text of no other kind, such as CSV.
  case text

  /// The number of first bytes by which every kind is recognised. Fewer bytes do for some kinds.
  public static let prefixByteCount = 1024

  /// The kind of the file that begins with these bytes; nil for a kind that is not known here.
  public init?(prefix bytes: some Collection<UInt8>) {
    let head = Array(bytes.prefix(Self.prefixByteCount))
    if let kind = Self.archive(head) ?? Self.signature(head) ?? Self.words(head) {
      self = kind
    } else {
      return nil
    }
  }

  private static func isText(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte != 0x7f || (0x09...0x0d).contains(byte)
  }

  private static func archive(_ head: [UInt8]) -> FileKind? {
    guard head.starts(with: [0x50, 0x4b, 0x03, 0x04]) else { return nil }
    // The local header (APPNOTE.TXT, 4.3.7): 30 bytes, with the length of the name at 26, then the name.
    guard head.count > 30 else { return .zip }
    let end = min(head.count, 30 + Int(head[26]) | Int(head[27]) << 8)
    let name = String(decoding: head[30..<max(30, end)], as: UTF8.self)
    if holds(head, "/code/__torch__") || name.hasSuffix("/data/0") { return .torchScript }
    if name.hasSuffix("/data.pkl") || name.contains("/.format_version") { return .torch }
    if name.hasSuffix(".npy") { return .npz }
    if holds(head, "config.json"), holds(head, "keras") || name == "metadata.json" { return .keras }
    return .zip
  }

  private static func signature(_ head: [UInt8]) -> FileKind? {
    func begins(_ bytes: [UInt8]) -> Bool { head.starts(with: bytes) }
    func begins(_ text: String) -> Bool { head.starts(with: text.utf8) }
    // The magic number of a file of torch.save before 1.6: a pickle of a long.
    if begins([0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9]) { return .torch }
    if head.count > 1, head[0] == 0x80, (2...5).contains(head[1]) { return .pickle }
    if begins("GGUF") { return .gguf }
    if begins([0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]) { return .hdf5 }
    if begins([0x93] + Array("NUMPY".utf8)) { return .npy }
    if begins([0x1f, 0x8b]) { return .gzip }
    if begins([0x28, 0xb5, 0x2f, 0xfd]) { return .zstandard }
    if begins("BZh") { return .bzip2 }
    if begins([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]) { return .xz }
    if begins([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) { return .png }
    if begins([0xff, 0xd8, 0xff]) { return .jpeg }
    if begins("GIF8") || begins([0x49, 0x49, 0x2a, 0x00]) || begins([0x4d, 0x4d, 0x00, 0x2a]) {
      return .picture
    }
    if begins("RIFF"), head.dropFirst(8).starts(with: "WEBP".utf8) { return .picture }
    if begins("BM"), head.dropFirst(6).starts(with: [0, 0, 0, 0]) { return .picture }
    if begins("%PDF") { return .pdf }
    if begins("PAR1") { return .parquet }
    if begins("ARROW1") || begins("FEA1") { return .arrow }
    if begins("MATLAB 5.0 MAT-file") { return .matlab }
    if head.dropFirst(4).starts(with: "TFL3".utf8) { return .tensorFlowLite }
    if head.dropFirst(257).starts(with: "ustar".utf8) { return .tar }
    // Two zeros, an element type, one to four dimensions (MNIST's own description), and an extent that is not huge.
    if head.count >= 8, head[0] == 0, head[1] == 0, [8, 9, 11, 12, 13, 14].contains(head[2]),
      (1...4).contains(head[3]), head[4] < 0x10
    {
      return .idx
    }
    // A header's length below 1 GiB, and its JSON.
    if head.count > 8, head[4..<8].allSatisfy({ $0 == 0 }), head[3] < 0x40, head[8] == UInt8(ascii: "{") {
      return .safetensors
    }
    // ModelProto: field 1, the version of the format, as a varint, then text or a message (onnx.proto).
    if head.count > 2, head[0] == 0x08, (1...32).contains(head[1]),
      [0x12, 0x1a, 0x3a, 0x42].contains(head[2])
    {
      return .onnx
    }
    return nil
  }

  private static func words(_ head: [UInt8]) -> FileKind? {
    var rest = head[...]
    if rest.starts(with: [0xef, 0xbb, 0xbf]) { rest = rest.dropFirst(3) }
    rest = rest.drop { [0x20, 0x09, 0x0a, 0x0d].contains($0) }
    guard let first = rest.first, rest.count >= 4 else { return nil }
    // Protocol 0 of pickle begins as text: a dictionary or list that is marked, or a name of a module.
    if [Array("(dp".utf8), Array("(lp".utf8), Array("ccollections\n".utf8), Array("cnumpy".utf8)]
      .contains(where: { rest.starts(with: $0) })
    {
      return .pickle
    }
    // Bytes of UTF-8 above ASCII are text too. Control characters are not.
    guard rest.allSatisfy(isText) else { return nil }
    if first == UInt8(ascii: "<") { return .html }
    if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") { return .json }
    if rest.starts(with: "--".utf8), holds(Array(rest), "Content-Disposition") { return .form }
    return rest.allSatisfy({ $0 < 0x80 }) || String(validating: trimmed(rest), as: UTF8.self) != nil
      ? .text : nil
  }

  /// The bytes without those of a last character that the prefix cuts.
  private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let cut = bytes.suffix(4).lastIndex { $0 & 0xc0 != 0x80 } ?? bytes.startIndex
    return bytes.endIndex - cut < 4 && bytes[cut] >= 0x80 ? bytes[..<cut] : bytes
  }

  private static func holds(_ head: [UInt8], _ text: String) -> Bool {
    let sought = Array(text.utf8)
    guard head.count >= sought.count else { return false }
    return (0...head.count - sought.count).contains { head[$0...].starts(with: sought) }
  }
}
