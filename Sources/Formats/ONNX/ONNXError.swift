/// Why bytes are not an ONNX model that this program reads, and what would be right. Offsets count the bytes of the
/// file.
public enum ONNXError: Error, Equatable, CustomStringConvertible {
  /// A file of another kind.
  case foreign(FileKind)
  case tooLarge(found: Int, limit: Int)
  /// A value goes on behind the end of its message.
  case truncated(offset: Int, needed: UInt64, found: Int)
  case varint(offset: Int)
  case wireType(offset: Int, found: Int)
  case fieldNumber(offset: Int, found: UInt64)
  case wrongValue(offset: Int, what: String, expected: String, found: String)
  case tooMany(offset: Int, what: String, limit: Int)
  /// A message lacks a part, or has it twice.
  case missing(String)
  case twice(offset: Int, String)
  case dimensions(tensor: String, offset: Int, shape: [Int64])
  case count(tensor: String, offset: Int, found: Int, expected: Int)
  /// Everything in the file that is read by no version of this program.
  case refused([ONNXRefusal])
  /// Values to be written that do not fit.
  case values(tensor: String, found: Int, expected: Int)
  case notWritable(tensor: String, type: String)

  public var description: String {
    switch self {
    case .foreign(let kind): kind.refusal(as: .weights)
    case .tooLarge(let found, let limit): "the ONNX file has \(found) bytes; at most \(limit) are read"
    case .truncated(let offset, let needed, let found):
      "the ONNX file is cut off or damaged: the value at byte \(offset) needs \(needed) bytes, "
        + "but its message has \(found) more"
    case .varint(let offset): "the number at byte \(offset) of the ONNX file has more than 64 bits"
    case .wireType(let offset, let found):
      "the field at byte \(offset) of the ONNX file has the wire type \(found); it must be 0, 1, 2 or 5"
    case .fieldNumber(let offset, let found):
      "the field at byte \(offset) of the ONNX file has the number \(found); it must be 1 to 536870911"
    case .wrongValue(let offset, let what, let expected, let found):
      "\(what) at byte \(offset) of the ONNX file must be \(expected), got \(found)"
    case .tooMany(let offset, let what, let limit):
      "the ONNX file has more than \(limit) \(what) at byte \(offset)"
    case .missing(let what): "the file is no ONNX model: it has no \(what)"
    case .twice(let offset, let what): "the ONNX file has \(what) a second time at byte \(offset)"
    case .dimensions(let tensor, let offset, let shape):
      "the tensor '\(tensor)' at byte \(offset) of the ONNX file has the sizes \(shape); they must be at least 0, "
        + "and their product must be a number of 62 bits"
    case .count(let tensor, let offset, let found, let expected):
      "the tensor '\(tensor)' at byte \(offset) of the ONNX file has \(found) bytes or numbers; its type and sizes "
        + "need \(expected)"
    case .refused(let refusals): refusals.map(\.description).joined(separator: "; ")
    case .values(let tensor, let found, let expected):
      "the tensor '\(tensor)' takes \(expected) values, got \(found)"
    case .notWritable(let tensor, let type):
      "the tensor '\(tensor)' has the type \(type), and only floating-point numbers are written"
    }
  }
}

/// A part of an ONNX file that cannot be used: where, which operation, and why.
public struct ONNXRefusal: Error, Equatable, Sendable, CustomStringConvertible {
  /// The name of the node, or of its first output, or of a tensor.
  public let place: String
  /// The `op_type`; empty for a tensor.
  public let operation: String
  public let reason: String

  public init(place: String, operation: String = "", reason: String) {
    self.place = place
    self.operation = operation
    self.reason = reason
  }

  public var description: String {
    operation.isEmpty ? "'\(place)': \(reason)" : "\(operation) '\(place)': \(reason)"
  }
}

/// Limits for files of others.
enum ONNXLimits {
  /// Protobuf's own limit.
  static let byteCount = Int(Int32.max)
  static let nodes = 1 << 16
  static let tensors = 1 << 16
  static let attributes = 1 << 8
  static let connections = 1 << 12
  static let dimensions = 16
  static let values = 1 << 26
  static let textByteCount = 1 << 12
  static let others = 1 << 10
}
