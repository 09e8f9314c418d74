/// Why bytes are not a safetensors file that this program reads, and what would be right.
public enum SafetensorsError: Error, Equatable, CustomStringConvertible {
  /// A file of another kind.
  case foreign(FileKind)
  case headerTooLong(found: UInt64, limit: Int)
  /// The bytes ended in the header.
  case truncatedHeader(found: Int, expected: Int)
  /// The bytes ended in the data.
  case truncatedData(found: Int, expected: Int)
  case excessData(expected: Int)
  /// The header is not the JSON that is read: why, and after how many of its bytes.
  case malformedHeader(offset: Int, String)
  /// JSON of another type than the format has at a place.
  case wrongValue(String, expected: String, found: String)
  case duplicateKey(String)
  case tooManyTensors(limit: Int)
  case unknownDType(tensor: String, dtype: String)
  case missingKey(tensor: String, key: String)
  case unknownKey(tensor: String, key: String)
  case tooManyDimensions(tensor: String, limit: Int)
  case tooLarge(tensor: String, shape: [Int])
  case byteCount(tensor: String, found: Int, expected: Int)
  case offsets(tensor: String, begin: Int, end: Int)
  /// A gap (`begin` after `expected`) or an overlap (`begin` before it).
  case notContiguous(tensor: String, begin: Int, expected: Int)

  public var description: String {
    switch self {
    case .foreign(let kind): kind.refusal(as: .weights)
    case .headerTooLong(let found, let limit):
      "the first 8 bytes announce a safetensors header of \(found) bytes; at most \(limit) are read"
    case .truncatedHeader(let found, let expected):
      "the safetensors file ends after \(found) bytes; its header ends at byte \(expected)"
    case .truncatedData(let found, let expected):
      "the safetensors file has \(found) bytes of data; its header announces \(expected)"
    case .excessData(let expected):
      "the safetensors file goes on after the \(expected) bytes of data that its header announces"
    case .malformedHeader(let offset, let fault):
      "malformed safetensors header: \(fault) at byte \(offset)"
    case .wrongValue(let place, let expected, let found):
      "malformed safetensors header: \(place) must be \(expected), got \(found)"
    case .duplicateKey(let key):
      "the key '\(key)' occurs twice in the safetensors header"
    case .tooManyTensors(let limit):
      "the safetensors header has more than \(limit) tensors"
    case .unknownDType(let tensor, let dtype):
      "tensor '\(tensor)' has the unknown dtype '\(dtype)'; known are "
        + SafetensorsHeader.DType.allCases.map(\.rawValue).joined(separator: ", ")
    case .missingKey(let tensor, let key):
      "tensor '\(tensor)' lacks the key '\(key)'"
    case .unknownKey(let tensor, let key):
      "tensor '\(tensor)' has the unknown key '\(key)'; the keys are dtype, shape and data_offsets"
    case .tooManyDimensions(let tensor, let limit):
      "tensor '\(tensor)' has more than \(limit) dimensions"
    case .tooLarge(let tensor, let shape):
      "tensor '\(tensor)' of shape \(shape) is too large to be addressed"
    case .byteCount(let tensor, let found, let expected):
      "the data_offsets of tensor '\(tensor)' span \(found) bytes; its dtype and shape need \(expected)"
    case .offsets(let tensor, let begin, let end):
      "the data_offsets of tensor '\(tensor)' are [\(begin), \(end)]; "
        + "the end must not be before the beginning"
    case .notContiguous(let tensor, let begin, let expected):
      "the data of tensor '\(tensor)' begin at \(begin); "
        + "they must begin at \(expected), where those before them end"
    }
  }
}
