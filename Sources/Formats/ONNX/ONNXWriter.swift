/// Writes an ONNX file again with other values of some tensors. Every other byte is copied.
///
/// A tensor keeps its type: values are rounded to it. Numbers that the file has as varints (16-bit floats in
/// `int32_data`) are written as `raw_data`.
public struct ONNXWriter {
  private let model: ONNXModel
  private var bytes: [UInt8]
  /// New messages of initializers, by the beginning of the old ones.
  private var rewritten: [Int: [UInt8]] = [:]

  public init(_ model: ONNXModel) {
    self.model = model
    bytes = model.bytes
  }

  /// Puts values in the order of the file into a tensor.
  /// - Throws: `ONNXError.values`, `.notWritable`.
  public mutating func put(_ values: [Double], into tensor: ONNXTensor) throws(ONNXError) {
    guard values.count == tensor.count else {
      throw .values(tensor: tensor.name, found: values.count, expected: tensor.count)
    }
    guard tensor.type.isFloating, let size = tensor.type.byteCount else {
      throw .notWritable(tensor: tensor.name, type: tensor.type.words)
    }
    if case .varints = tensor.storage {
      var raw = [UInt8](repeating: 0, count: size * values.count)
      for (index, value) in values.enumerated() { Self.write(value, tensor.type, at: index * size, &raw) }
      rewritten[tensor.message.lowerBound] = try Self.message(tensor, raw, model.bytes)
      return
    }
    var next = 0
    for piece in tensor.pieces {
      for place in stride(from: piece.lowerBound, to: piece.upperBound, by: size) {
        Self.write(values[next], tensor.type, at: place, &bytes)
        next += 1
      }
    }
  }

  /// The file.
  public func finish() throws(ONNXError) -> [UInt8] {
    guard !rewritten.isEmpty else { return bytes }
    // Messages around a longer tensor have another length.
    var graph: [UInt8] = []
    var reader = ProtobufReader(model.bytes, model.graph)
    while let field = try reader.next() {
      if field.number == 5, case .bytes(let range) = field.value, let message = rewritten[range.lowerBound] {
        graph += bytes[field.offset..<field.valueOffset]
        Self.append(varint: message.count, to: &graph)
        graph += message
      } else {
        graph += bytes[field.offset..<reader.position]
      }
    }
    var file = Array(bytes[..<model.graphLength.lowerBound])
    Self.append(varint: graph.count, to: &file)
    file += graph
    file += bytes[model.graph.upperBound...]
    return file
  }

  /// The message of a tensor with `raw_data` in place of its varints.
  private static func message(_ tensor: ONNXTensor, _ raw: [UInt8], _ bytes: [UInt8]) throws(ONNXError)
    -> [UInt8]
  {
    var message: [UInt8] = []
    var reader = ProtobufReader(bytes, tensor.message)
    while let field = try reader.next() {
      if field.number == 5 || field.number == 9 { continue }
      message += bytes[field.offset..<reader.position]
    }
    message.append(9 << 3 | 2)
    append(varint: raw.count, to: &message)
    return message + raw
  }

  private static func append(varint value: Int, to bytes: inout [UInt8]) {
    var rest = UInt64(value)
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7f) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  private static func write(
    _ value: Double, _ type: ONNXTensor.ElementType, at place: Int, _ bytes: inout [UInt8]
  ) {
    func put(_ bits: UInt64, _ count: Int) {
      for byte in 0..<count { bytes[place + byte] = UInt8(truncatingIfNeeded: bits >> (8 * UInt64(byte))) }
    }
    switch type {
    case .float64: put(value.bitPattern, 8)
    case .float16: put(UInt64(Float(value).binary16), 2)
    case .bfloat16: put(UInt64(Float(value).bfloat16), 2)
    default: put(UInt64(Float(value).bitPattern), 4)
    }
  }
}
