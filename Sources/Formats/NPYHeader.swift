/// What precedes the data of an `.npy` file: element type and shape, in C order, little-endian.
///
/// Source: NumPy's `numpy.lib.format` ("NEP 1, a simple file format for NumPy arrays"), versions 1.0, 2.0 and
/// 3.0.
public struct NPYHeader: Hashable, Sendable {
  /// The element types that are read and written.
  public enum DType: String, Sendable, CaseIterable {
    case float32 = "<f4"
    case float64 = "<f8"
    case uint8 = "|u1"
    case int32 = "<i4"
    case int64 = "<i8"

    /// Bytes an element has.
    public var byteCount: Int {
      switch self {
      case .uint8: 1
      case .float32, .int32: 4
      case .float64, .int64: 8
      }
    }

    /// The name NumPy gives it: `float32`, `uint8`, ….
    public var name: String { "\(self)" }
  }

  /// NumPy's own limit up to version 1.
  public static let maximumDimensions = 32
  /// The longest header that is read, in bytes; a shape of 32 dimensions needs under 1,000.
  public static let maximumByteCount = 65536

  public let dtype: DType
  public let shape: [Int]
  /// The product of the shape; 1 for a scalar, whose shape is empty.
  public let elementCount: Int

  /// - Throws: `NPYError.tooManyDimensions`, `.malformedHeader` for a negative extent, `.tooLarge` where the
  ///   bytes of the array would not fit an `Int`.
  public init(dtype: DType, shape: [Int]) throws(NPYError) {
    guard shape.count <= Self.maximumDimensions else {
      throw .tooManyDimensions(found: shape.count, limit: Self.maximumDimensions)
    }
    // Zero extents are left out of the overflow check's product, so (0, 2⁶², 2⁶²) is refused as well.
    var extent = dtype.byteCount
    for dimension in shape {
      guard dimension >= 0 else {
        throw .malformedHeader("shape \(shape) has a negative extent; extents are 0 or more")
      }
      let (product, overflow) = extent.multipliedReportingOverflow(by: max(dimension, 1))
      guard !overflow else { throw .tooLarge(shape: shape) }
      extent = product
    }
    self.dtype = dtype
    self.shape = shape
    elementCount = shape.contains(0) ? 0 : extent / dtype.byteCount
  }

  /// Bytes of the data that follow the header.
  public var dataByteCount: Int { elementCount * dtype.byteCount }

  /// - Throws: `NPYError.dataLength` unless exactly the announced bytes are there.
  public func checkData(byteCount: Int) throws(NPYError) {
    guard byteCount == dataByteCount else { throw .dataLength(found: byteCount, expected: dataByteCount) }
  }
}
