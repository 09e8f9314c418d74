/// Writes small ONNX files for tests: the messages of `onnx.proto` as bytes.
public enum ONNXBytes {
  public static func varint(_ value: UInt64) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7f) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  /// A field of a whole number.
  public static func number(_ field: Int, _ value: Int) -> [UInt8] {
    varint(UInt64(field << 3)) + varint(UInt64(bitPattern: Int64(value)))
  }

  /// A field of bytes: a text, a message or a packed list.
  public static func bytes(_ field: Int, _ content: [UInt8]) -> [UInt8] {
    varint(UInt64(field << 3 | 2)) + varint(UInt64(content.count)) + content
  }

  public static func text(_ field: Int, _ text: String) -> [UInt8] { bytes(field, Array(text.utf8)) }

  public static func float(_ value: Float) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt32($0))) }
  }

  /// A tensor of `raw_data` with a type of `TensorProto.DataType`.
  public static func tensor(_ name: String, _ type: Int, _ shape: [Int], raw: [UInt8]) -> [UInt8] {
    shape.flatMap { number(1, $0) } + number(2, type) + text(8, name) + bytes(9, raw)
  }

  public static func tensor(_ name: String, _ shape: [Int], _ values: [Float]) -> [UInt8] {
    tensor(name, 1, shape, raw: values.flatMap(float))
  }

  public static func tensor(_ name: String, whole values: [Int], _ shape: [Int]? = nil) -> [UInt8] {
    (shape ?? [values.count]).flatMap { number(1, $0) } + number(2, 7) + text(8, name)
      + bytes(7, values.flatMap { varint(UInt64(bitPattern: Int64($0))) })
  }

  /// An attribute of a whole number, whole numbers, a float or a text.
  public static func attribute(_ name: String, _ value: Int) -> [UInt8] { text(1, name) + number(3, value) }

  public static func attribute(_ name: String, _ values: [Int]) -> [UInt8] {
    text(1, name) + values.flatMap { number(8, $0) }
  }

  public static func attribute(_ name: String, _ value: Float) -> [UInt8] {
    text(1, name) + varint(2 << 3 | 5) + float(value)
  }

  public static func attribute(_ name: String, floats: [Float]) -> [UInt8] {
    text(1, name) + floats.flatMap { varint(7 << 3 | 5) + float($0) }
  }

  public static func attribute(_ name: String, _ value: String) -> [UInt8] { text(1, name) + text(4, value) }

  public static func attribute(_ name: String, tensor: [UInt8]) -> [UInt8] {
    text(1, name) + bytes(5, tensor)
  }

  public static func node(
    _ type: String, _ inputs: [String], _ outputs: [String], _ attributes: [[UInt8]] = [],
    name: String = "", domain: String = ""
  ) -> [UInt8] {
    inputs.flatMap { text(1, $0) } + outputs.flatMap { text(2, $0) } + (name.isEmpty ? [] : text(3, name))
      + text(4, type) + attributes.flatMap { bytes(5, $0) } + (domain.isEmpty ? [] : text(7, domain))
  }

  /// An input or output; a size of nil is the batch.
  public static func value(_ name: String, _ sizes: [Int?], type: Int = 1) -> [UInt8] {
    let shape = sizes.flatMap { size in bytes(1, size.map { number(1, $0) } ?? text(2, "batch")) }
    return text(1, name) + bytes(2, bytes(1, number(1, type) + bytes(2, shape)))
  }

  public static func model(
    _ nodes: [[UInt8]], _ initializers: [[UInt8]] = [], inputs: [[UInt8]], outputs: [[UInt8]],
    opset: Int = 17, domains: [(String, Int)] = [], tail: [UInt8] = []
  ) -> [UInt8] {
    let graph =
      nodes.flatMap { bytes(1, $0) } + text(2, "graph") + initializers.flatMap { bytes(5, $0) }
      + inputs.flatMap { bytes(11, $0) } + outputs.flatMap { bytes(12, $0) }
    let opsets = ([("", opset)] + domains).flatMap { bytes(8, text(1, $0.0) + number(2, $0.1)) }
    return number(1, 8) + text(2, "test") + bytes(7, graph) + opsets + tail
  }
}
