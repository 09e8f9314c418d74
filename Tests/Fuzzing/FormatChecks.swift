import Formats

/// The result of a safetensors reader for the pieces of a file.
private struct Tensors: Equatable {
  var header: SafetensorsHeader?
  var data: [[UInt8]] = []
  var isWhole = false
  var error: SafetensorsError?

  init(_ pieces: [[UInt8]]) throws {
    var limits = SafetensorsHeader.Limits()
    limits.headerByteCount = 4096
    limits.tensors = 20
    var reader = SafetensorsReader(limits: limits)
    do {
      for piece in pieces {
        try reader.feed(piece) { header, part in
          if data.isEmpty { data = header.tensors.map { _ in [] } }
          try require(data.indices.contains(part.tensor), "data of no tensor")
          try require(part.offset == data[part.tensor].count, "data at another place")
          data[part.tensor] += part.bytes
          try require(
            data[part.tensor].count <= header.tensors[part.tensor].byteCount, "data beyond a tensor")
        }
      }
      header = reader.header
      header = try reader.finish()
      isWhole = true
    } catch let error as SafetensorsError {
      self.error = error
    }
  }
}

/// safetensors: a file is read as the same for every split, and a header that is written again is read as the
/// same.
func checkSafetensors(_ bytes: [UInt8]) throws {
  let whole = try Tensors([bytes])
  for split in [bytes.map { [$0] }, pieces(of: bytes, most: 20)] {
    let other = try Tensors(split)
    // Data that came before a fault may have been handed on.
    try require(
      other.isWhole == whole.isWhole && other.header == whole.header && (!whole.isWhole || other == whole),
      "what it says depends on how the bytes are split")
  }
  guard whole.isWhole, let header = whole.header else { return }
  for (tensor, data) in zip(header.tensors, whole.data) {
    try require(data.count == tensor.byteCount, "a tensor of another size")
    try require(tensor.byteCount == tensor.elementCount * tensor.dtype.byteCount, "elements of another size")
  }
  let again = try Tensors([header.encoded + whole.data.joined()])
  // Names that are longer when escaped may pass the limit of the header.
  try require(again == whole || again.error != nil, "written out anew it is read otherwise")
}

/// NPY: a prefix of a header gives the same answer as every longer prefix. A file that is written again is
/// read as the same.
func checkNPY(_ bytes: [UInt8]) throws {
  var known: NPYHeader?
  for count in [0, 1, 6, 8, 10, 12, 64, bytes.count] where count <= bytes.count {
    guard let prefix = try? NPYHeader.parse(prefix: Array(bytes[..<count])) else { continue }
    try require(prefix.dataOffset <= count, "a header of more bytes than there are")
    try require(known == nil || known == prefix.header, "another header of a longer prefix")
    known = prefix.header
  }
  guard let (header, elements) = try? NPY.decode(bytes) else { return }
  try require(header.shape.reduce(1, *) == header.elementCount, "a count that is not the shape's")
  let data: [UInt8] =
    switch elements {
    case .float32(let values): values.withUnsafeBytes { Array($0) }
    case .float64(let values): values.withUnsafeBytes { Array($0) }
    case .uint8(let values): values
    case .int32(let values): values.withUnsafeBytes { Array($0) }
    case .int64(let values): values.withUnsafeBytes { Array($0) }
    }
  try require(data.count == header.readByteCount, "elements of another size")
  if header.isNative { try require(bytes.suffix(data.count).elementsEqual(data), "other elements") }
  guard let again = try? NPY.decode(header.encoded + data) else {
    throw Finding(description: "its own file is refused")
  }
  try require(
    again.header.dtype == header.dtype && again.header.shape == header.shape && again.header.isNative,
    "written out anew it is read otherwise")
}
