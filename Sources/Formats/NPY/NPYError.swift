/// Why bytes are not an `.npy` file that this program reads, and what would be right.
public enum NPYError: Error, Equatable, CustomStringConvertible {
  case notNPY
  /// A file of another kind.
  case foreign(FileKind)
  case unsupportedVersion(major: UInt8, minor: UInt8)
  case headerTooLong(found: Int, limit: Int)
  case truncatedHeader(found: Int, expected: Int)
  case malformedHeader(String)
  case unsupportedDType(String)
  case tooManyDimensions(found: Int, limit: Int)
  case tooLarge(shape: [Int])
  case dataLength(found: Int, expected: Int)

  public var description: String {
    switch self {
    case .notNPY:
      #"not an .npy file: it must begin with the bytes \x93NUMPY; write it with numpy.save"#
    case .foreign(let kind): kind.refusal(as: .array)
    case .unsupportedVersion(let major, let minor):
      "version \(major).\(minor) of the .npy format is not known; 1.0, 2.0 and 3.0 are"
    case .headerTooLong(let found, let limit):
      "the .npy header says it has \(found) bytes; at most \(limit) are read"
    case .truncatedHeader(let found, let expected):
      "the .npy file ends in its header, after \(found) bytes; the header ends at byte \(expected)"
    case .malformedHeader(let detail):
      "malformed .npy header: \(detail)"
    case .unsupportedDType(let descr):
      "the dtype '\(descr)' is not read; \(NPYAdvice(descr).text(for: .inputs))"
    case .tooManyDimensions(let found, let limit):
      "the array has \(found) dimensions; at most \(limit) are read"
    case .tooLarge(let shape):
      "an array of shape \(shape) is too large to be addressed"
    case .dataLength(let found, let expected):
      "the .npy header announces \(expected) bytes of data, there are \(found)"
    }
  }
}

extension NPYError {
  /// The description, with the advice for the use of the array.
  public func description(for role: NPYRole) -> String {
    guard case .unsupportedDType(let descr) = self else { return description }
    return "the dtype '\(descr)' is not read; \(NPYAdvice(descr).text(for: role))"
  }
}
