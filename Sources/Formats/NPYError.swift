/// Why bytes are not an `.npy` file this program reads, and what would be right.
public enum NPYError: Error, Equatable, CustomStringConvertible {
  case notNPY
  case unsupportedVersion(major: UInt8, minor: UInt8)
  case headerTooLong(found: Int, limit: Int)
  case truncatedHeader(found: Int, expected: Int)
  case malformedHeader(String)
  case unsupportedDType(String)
  case fortranOrder
  case tooManyDimensions(found: Int, limit: Int)
  case tooLarge(shape: [Int])
  case dataLength(found: Int, expected: Int)

  public var description: String {
    switch self {
    case .notNPY:
      #"not an .npy file: it must begin with the bytes \x93NUMPY; write it with numpy.save"#
    case .unsupportedVersion(let major, let minor):
      "version \(major).\(minor) of the .npy format is not known; 1.0, 2.0 and 3.0 are"
    case .headerTooLong(let found, let limit):
      "the .npy header says it has \(found) bytes; at most \(limit) are read"
    case .truncatedHeader(let found, let expected):
      "the .npy file ends in its header, after \(found) bytes; the header ends at byte \(expected)"
    case .malformedHeader(let detail):
      "malformed .npy header: \(detail)"
    case .unsupportedDType(let descr):
      "the dtype '\(descr)' is not read; little-endian f4, f8, u1, i4 and i8 are: "
        + "convert with array.astype('<f4'), or '<f8', 'u1', '<i4', '<i8'"
    case .fortranOrder:
      "the array is in Fortran order; C order is read: convert with numpy.ascontiguousarray(array)"
    case .tooManyDimensions(let found, let limit):
      "the array has \(found) dimensions; at most \(limit) are read"
    case .tooLarge(let shape):
      "an array of shape \(shape) is too large to be addressed"
    case .dataLength(let found, let expected):
      "the .npy header announces \(expected) bytes of data, there are \(found)"
    }
  }
}
